"""What is known before a value is read: genes found, axes, the record of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dtpscore import _genes
from dtpscore._axes import axis_means
from dtpscore._matrix import blocks
from dtpscore._methods.registry import METHODS, find_method
from dtpscore._scoring.checks import check_shape, check_signatures, warn_coverage
from dtpscore._scoring.record import ScoreRecord, methods
from dtpscore._warn import warn
from dtpscore.errors import CoverageWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dtpscore._axes import AxisMean
    from dtpscore._options.score import ScoreOptions
    from dtpscore._types import MethodName, Net
    from dtpscore.signatures import Signature


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
    find_method(options.method, control=options.control)
    check_signatures(signatures)
    names = [str(name) for name in gene_names]
    source = blocks.source(matrix)
    check_shape(source, len(names))
    matched = _genes.match(signatures, names, species_of_data=options.species)
    coverage = matched.coverage
    coverage["low"] = coverage["fraction"] < options.min_coverage
    for sentence in matched.warnings:
        warn(sentence, CoverageWarning)
    warn_coverage(coverage, options.min_coverage)
    means, axes = axis_means(signatures, coverage)
    provenance = _provenance(options.method, signatures)
    sources = provenance["signatures"]
    record = ScoreRecord(
        methods=methods(options, sources, provenance["dtpscore"]),
        coverage=coverage,
        axes=axes,
        params=_params(options),
        provenance=provenance,
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


# Options that change no score, or are no option of how scores are made.
_NO_PARAM = {
    "signatures",
    "layer",
    "use_raw",
    "gene_symbols",
    "chunk_size",
    "n_jobs",
    "key_added",
}


def _params(options: ScoreOptions) -> dict[str, Any]:
    """Everything that decides the numbers; block size and threads do not."""
    return options.model_dump(exclude=_NO_PARAM)
