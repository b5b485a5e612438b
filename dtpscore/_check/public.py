"""``dtpscore.check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._check.look import Check, look
from dtpscore._options.check import CheckOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from dtpscore._types import Species


def check(
    adata: AnnData,
    *,
    groupby: str | None = None,
    reference: str | None = None,
    sample_key: str | None = None,
    batch_key: str | None = None,
    replicate_key: str | None = None,
    time_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] = (),
    holiday: str | Sequence[str] = (),
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    species: Species | None = None,
    alpha: float = 0.05,
) -> Check:
    """Look at data before anything is computed, and change nothing.

    The look says what the data hold (matrices and the kind of their values, gene
    names and their species, columns, groups, samples, times, depth) and what can be
    answered with them: scores, calls with the smallest share of cells that could be
    called and the evidence level that can be reached, an order, and reversal. What is
    not given is looked for by the names and the values of the columns, and marked as
    found. About 4,000 cells are read.

    Parameters
    ----------
    adata
        Cells by genes.
    groupby
        Column of ``obs`` with the groups.
    reference
        The untreated group.
    sample_key
        Column of ``obs`` with the samples (libraries).
    batch_key
        Column of ``obs`` with the tumor, line or batch. It is never looked for.
    replicate_key
        Column of ``obs`` with the replicate series.
    time_key
        Column of ``obs`` with times or doses.
    cell_type_key
        Column of ``obs`` with cell types.
    malignant
        Cell types that are malignant.
    holiday
        Groups that were sampled after the drug was withdrawn.
    layer
        Layer to use. By default the matrix that answers most: counts of all genes,
        else log values.
    use_raw
        Use ``adata.raw``.
    gene_symbols
        Column of ``var`` with the gene names.
    species
        Species of the data; by default the one that most gene names belong to.
    alpha
        False discovery rate that calls shall keep, between 0 and 1.

    Returns
    -------
    A record whose text is a short report. ``command_line(path)`` is the command that
    fits, and ``as_dict()`` has everything as plain values.

    Raises
    ------
    DataError
        A layer or a column of gene names does not exist, or there is no matrix.
    OptionError
        A parameter is out of range (a ValueError).

    See Also
    --------
    dtpscore.read : Read the data.
    dtpscore.plan : How large an experiment must be.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=600, n_genes=3000, seed=0)
    >>> found = dtp.check(adata)
    >>> found.columns.keys.reference, found.matrix.judged.kind
    ('parental', 'counts')
    >>> [(one.question, one.possible) for one in found.answers][1:]
    [('call', 'yes'), ('order', 'yes'), ('reversal', 'yes')]
    """
    given = dict(locals())
    del given["adata"]
    return look(adata, CheckOptions.read(given))
