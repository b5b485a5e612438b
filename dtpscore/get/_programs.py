"""Which published program each arm is nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dtpscore.get._pick import check_kind, rows_with
from dtpscore.get._records import programs_record

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

KINDS = ("table", "nearest", "arms")


def programs(
    adata: AnnData,
    *,
    kind: Literal["table", "nearest", "arms"] = "table",
    group: str | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """List how near every arm is to published programs, or what is nearest.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.programs`.
    kind
        ``"table"``, ``"nearest"`` or ``"arms"``.
    group
        Only this arm. All arms by default.
    key
        The ``key_added`` of that run; ``"dtp_programs"`` by default.

    Returns
    -------
    A copy of the frame, as `dtpscore.tl.programs` describes it.

    Raises
    ------
    DataError
        There is no such result or group.
    OptionError
        ``kind`` is none of these (a ValueError).

    See Also
    --------
    dtpscore.pl.programs : A picture of the table.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.programs(
    ...     adata,
    ...     groupby="condition",
    ...     reference="parental",
    ...     sample_key="sample",
    ...     n_permutations=99,
    ... )
    >>> list(dtp.get.programs(adata, kind="nearest", group="treated")["by"])
    ['gene list', 'measured contrast']
    """
    check_kind(kind, KINDS)
    frame: pd.DataFrame = getattr(programs_record(adata, key), kind)
    return rows_with(frame, {"group": group})
