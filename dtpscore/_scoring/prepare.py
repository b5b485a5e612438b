"""What is known before a value is read: genes found, axes, the record of the run."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dtpscore import _genes
from dtpscore._axes import axis_means
from dtpscore._matrix import blocks
from dtpscore._methods.registry import METHODS
from dtpscore._scoring.checks import check_shape, check_signatures, warn_coverage
from dtpscore.errors import CoverageWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from dtpscore._axes import AxisMean
    from dtpscore._scoring.run import ScoreOptions
    from dtpscore._types import MethodName, Net
    from dtpscore.signatures import Signature


@dataclass(frozen=True)
class ScoreRecord:
    """How scores are made, all but their numbers.

    Attributes
    ----------
    names
        Signature names, in column order (length k).
    coverage
        One row a signature: genes listed, found, renamed, missing, ambiguous and
        duplicated, and whether the coverage is low.
    axes
        One row an axis: signatures it has and uses, whether their coverage is low.
    params, provenance
        Values that an h5ad file can hold.
    """

    names: tuple[str, ...]
    coverage: pd.DataFrame
    axes: pd.DataFrame
    params: dict[str, Any]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A matrix with the signatures laid over it.

    Attributes
    ----------
    source
        The matrix.
    net
        Signatures over its columns.
    means
        The axes.
    record
        What is kept with the scores.
    """

    source: blocks.Source
    net: Net
    means: list[AxisMean]
    record: ScoreRecord


def prepare(
    matrix: Any,
    gene_names: Iterable[str],
    signatures: Sequence[Signature],
    options: ScoreOptions,
) -> Prepared:
    """Match genes and choose axes; no value of the matrix is read.

    See ``dtpscore._scoring.run.score_matrix`` for parameters, errors and warnings.
    """
    check_signatures(signatures)
    names = [str(name) for name in gene_names]
    source = blocks.source(matrix)
    check_shape(source, len(names))
    matched = _genes.match(signatures, names, species_of_data=options.species)
    coverage = matched.coverage
    coverage["low"] = coverage["fraction"] < options.min_coverage
    for sentence in matched.warnings:
        warnings.warn(sentence, CoverageWarning, stacklevel=4)
    warn_coverage(coverage, options.min_coverage)
    means, axes = axis_means(signatures, coverage)
    record = ScoreRecord(
        names=matched.net.names,
        coverage=coverage,
        axes=axes,
        params=_params(options),
        provenance=_provenance(options.method, signatures),
    )
    return Prepared(source, matched.net, means, record)


def _provenance(method: MethodName, signatures: Sequence[Signature]) -> dict[str, Any]:
    import pandas as pd

    from dtpscore import __version__

    sources = pd.DataFrame(
        [
            {
                "axis": signature.axis,
                "orientation": signature.orientation,
                "direction": signature.direction,
                "use": signature.use,
                "species": signature.species,
                "citation": signature.provenance.citation,
                "licence": signature.provenance.licence,
                "sha256": signature.sha256,
            }
            for signature in signatures
        ],
        index=pd.Index([signature.name for signature in signatures], name="signature"),
    )
    return {
        "dtpscore": __version__,
        "method": method,
        "citation": METHODS[method].citation,
        "signatures": sources,
    }


def _params(options: ScoreOptions) -> dict[str, Any]:
    """Everything that decides the numbers; block size and threads do not."""
    return {
        "method": options.method,
        "control": options.control,
        "species": options.species,
        "min_coverage": options.min_coverage,
        **asdict(options.method_options),
    }
