"""Score a matrix: genes, method, axes and the record of how it was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dtpscore._methods.run import method_parts
from dtpscore._scoring.checks import (
    check_not_empty,
    check_values,
    warn_no_controls,
)
from dtpscore._scoring.collect import Collected
from dtpscore._scoring.prepare import prepare
from dtpscore._scoring.record import ScoreRecord, judged
from dtpscore._values import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._matrix.columns import FileColumn
    from dtpscore._options.score import ScoreOptions
    from dtpscore._scoring.collect import CellTable
    from dtpscore.signatures import Signature


@dataclass(frozen=True)
class ScoreResult:
    """Scores of every cell with the record of how they were made.

    Scores are arrays, or tables in files where the run was given a folder for them.

    Attributes
    ----------
    record
        How they were made.
    scores
        float32 (cells, k), up minus down; NaN where no gene was found.
    z, pvalue
        Control-matched z (float32) and p-value (float64), both (cells, k), or None.
    axis
        float32 (cells,) for every axis.
    """

    record: ScoreRecord
    scores: CellTable
    z: CellTable | None
    pvalue: CellTable | None
    axis: dict[str, NDArray[np.float32] | FileColumn]

    @property
    def coverage(self) -> pd.DataFrame:
        """Genes found and lost, one row per signature."""
        return self.record.coverage

    @property
    def names(self) -> list[str]:
        """Names of the signatures, in the order of the columns."""
        return [str(name) for name in self.record.coverage.index]


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
    values = judge(source)
    check_values(values, record.params)
    record = judged(record, values)
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
        method=options.method,
        options=options,
        control=options.control,
        chunk_size=options.chunk_size,
        n_jobs=options.n_jobs,
    ):
        found.put(rows, part)
        if progress is not None:
            progress(rows.stop - rows.start)
    check_not_empty(source, found.scores)
    warn_no_controls(options.method, record.coverage, part.scores)
    return ScoreResult(
        record,
        scores=found.scores,
        z=found.z,
        pvalue=found.pvalue,
        axis=found.axis,
    )
