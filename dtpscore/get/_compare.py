"""What differs between the arms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dtpscore.get._pick import check_kind, rows_with
from dtpscore.get._records import compare_record

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from anndata import AnnData

KINDS = ("axes", "arms", "samples")
# False discovery rate up to which an axis is marked as differing.
MARKED = 0.05


def compare(
    adata: AnnData,
    *,
    kind: Literal["axes", "arms", "samples"] = "axes",
    group: str | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """List the differences between every arm and the reference, or what they rest on.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.compare`.
    kind
        ``"axes"``, ``"arms"`` or ``"samples"``.
    group
        Only this arm. All arms by default.
    key
        The ``key_added`` of that run; ``"dtp_compare"`` by default.

    Returns
    -------
    A copy of the frame, as `dtpscore.tl.compare` describes it.

    Raises
    ------
    DataError
        There is no such result or group.
    OptionError
        ``kind`` is none of these (a ValueError).

    See Also
    --------
    dtpscore.pl.compare : A picture of the differences.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.score(adata)
    >>> dtp.tl.compare(
    ...     adata, groupby="condition", reference="parental", sample_key="sample"
    ... )
    >>> found = dtp.get.compare(adata, group="treated").set_index("axis")
    >>> found.loc["slow_cycling", "verdict"]
    'higher'
    """
    check_kind(kind, KINDS)
    frame: pd.DataFrame = getattr(compare_record(adata, key), kind)
    return rows_with(frame, {"group": group})


def differing_axes(
    adata: AnnData, groups: Collection[str], *, key: str | None = None
) -> set[str]:
    """Names of the axes that a comparison shows to differ in one of these groups."""
    table = compare_record(adata, key).axes
    shown = table["group"].astype(str).isin(list(groups)) & (table["qvalue"] <= MARKED)
    return set(table.loc[shown.to_numpy(), "axis"].astype(str))
