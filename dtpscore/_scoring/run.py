"""Score a matrix: genes, method, axes and the record of how it was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any

from dtpscore._methods.registry import find_method
from dtpscore._methods.run import method_parts
from dtpscore._options.method import MethodOptions, whole_at_least
from dtpscore._scoring.checks import (
    check_not_empty,
    peek,
    wants_values,
    warn_no_controls,
    warn_values,
)
from dtpscore._scoring.collect import Collected
from dtpscore._scoring.prepare import ScoreRecord, prepare
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from dtpscore._matrix.columns import FileColumn
    from dtpscore._scoring.collect import CellTable
    from dtpscore._types import MethodName, Species
    from dtpscore.signatures import Signature


@dataclass(frozen=True)
class ScoreOptions:
    """Choices for one scoring run.

    Attributes
    ----------
    method
        A key of ``dtpscore._methods.METHODS``.
    control
        Also compute the control-matched z-score and p-value.
    species
        Species of the gene names of the data.
    min_coverage
        Signatures with a smaller fraction of their genes found are marked low.
    chunk_size, n_jobs
        Rows a block, threads. Neither changes a result.
    method_options
        Choices that belong to the method.
    """

    method: MethodName = "ucell"
    control: bool = False
    species: Species = "human"
    min_coverage: float = 0.5
    chunk_size: int | None = None
    n_jobs: int | None = None
    method_options: MethodOptions = field(default_factory=MethodOptions)

    def __post_init__(self) -> None:
        find_method(self.method, control=self.control)
        if self.species not in ("human", "mouse"):
            msg = f"species must be human or mouse, not {self.species!r}."
            raise OptionError(msg)
        share = self.min_coverage
        if not isinstance(share, Real) or not 0 <= share <= 1:
            msg = f"min_coverage must be between 0 and 1, not {share!r}."
            raise OptionError(msg)
        for name in ("chunk_size", "n_jobs"):
            if getattr(self, name) is not None:
                whole_at_least(name, getattr(self, name), 1)


@dataclass(frozen=True)
class ScoreResult(ScoreRecord):
    """Scores of every cell with the record of how they were made.

    Scores are arrays, or tables in files where the run was given a folder for them.

    Attributes
    ----------
    scores
        float32 (cells, k), up minus down; NaN where no gene was found.
    z, pvalue
        Control-matched z (float32) and p-value (float64), both (cells, k), or None.
    axis
        float32 (cells,) for every axis.
    """

    scores: CellTable
    z: CellTable | None
    pvalue: CellTable | None
    axis: dict[str, NDArray[np.float32] | FileColumn]


def score_matrix(
    matrix: Any,
    gene_names: Iterable[str],
    signatures: Sequence[Signature],
    options: ScoreOptions,
    *,
    progress: Callable[[int], None] | None = None,
    scratch: Path | None = None,
) -> ScoreResult:
    """Score every cell of a matrix on every signature.

    Parameters
    ----------
    matrix
        Cells by genes, in any form that ``dtpscore._matrix.blocks`` reads.
    gene_names
        Names of the columns.
    signatures
        What to score.
    options
        How to score.
    progress
        Called with the number of cells done since the last call.
    scratch
        Folder to keep the results in while they come; None keeps them in memory.

    Returns
    -------
    Scores, axes, coverage and the record of how they were made.

    Raises
    ------
    DataError
        The matrix is empty or holds zeros only, its names do not fit, it has values
        that the method cannot use, or no gene of any signature is found.
    SignatureError
        No signature is given, or two have one name.

    Warns
    -----
    CoverageWarning
        Signatures have few of their genes in the data, or a gene name stands in
        more than one column.
    InputWarning
        The values look raw where the method wants log values, or the reverse.
    """
    prepared = prepare(matrix, gene_names, signatures, options)
    source, net, record = prepared.source, prepared.net, prepared.record
    method, choices = options.method, options.method_options
    if wants_values(method, choices.normalize):
        warn_values(peek(source), method, choices.normalize)
    found = Collected.empty(
        source.n_rows,
        len(net.names),
        prepared.means,
        control=options.control,
        scratch=scratch,
    )
    for rows, part in method_parts(
        source,
        net,
        method=method,
        options=choices,
        control=options.control,
        chunk_size=options.chunk_size,
        n_jobs=options.n_jobs,
    ):
        found.put(rows, part)
        if progress is not None:
            progress(rows.stop - rows.start)
    check_not_empty(source, found.scores)
    warn_no_controls(method, record.coverage, part.scores)
    return ScoreResult(
        **vars(record),
        scores=found.scores,
        z=found.z,
        pvalue=found.pvalue,
        axis=found.axis,
    )
