"""Persister or resistant: the table of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore.get._records import resistance_record

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


def resistance(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """List the evidence for persister and for resistant in late samples.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.resistance`.
    key
        The ``key_added`` of that run; ``"dtp_resistance"`` by default.

    Returns
    -------
    A copy of the table with one row per late group and question, as
    `dtpscore.tl.resistance` describes it. The rows are not added up to a call.

    Raises
    ------
    DataError
        There is no such result.

    See Also
    --------
    dtpscore.pl.resistance : A picture of this table.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.score(adata)
    >>> dtp.tl.resistance(
    ...     adata, late="treated", groupby="condition", reference="parental",
    ...     sample_key="sample", holiday="holiday",
    ... )
    >>> len(dtp.get.resistance(adata))
    7
    """
    frame: pd.DataFrame = resistance_record(adata, key).table
    return frame.copy()
