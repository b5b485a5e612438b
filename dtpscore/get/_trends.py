"""Axes and genes along the path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd

from dtpscore._results.elements import available
from dtpscore.errors import DataError, OptionError
from dtpscore.get._records import trends_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

ALPHA = 0.05


def trends(
    adata: AnnData,
    *,
    kind: Literal["tests", "curves"] = "tests",
    key: str | None = None,
) -> pd.DataFrame:
    """Say which axes and genes change along the path, and where on it they do.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.trends`.
    kind
        ``"tests"`` for one row per axis or gene, ``"curves"`` for the curves.
    key
        The ``key_added`` of that run; ``"dtp_trends"`` by default.

    Returns
    -------
    ``"tests"``
        One row per axis or gene, indexed by its name: ``kind``, ``rho`` (rank
        correlation within samples), ``q``, ``change``, ``onset`` with ``onset_low`` and
        ``onset_high`` (95% interval), and others.
    ``"curves"``
        One row per axis or gene and position: ``feature``, ``pseudotime``, ``mean``,
        ``low`` and ``high`` (95% interval).

    Raises
    ------
    DataError
        There are no trends.
    OptionError
        ``kind`` is neither of the two (a ValueError).

    See Also
    --------
    order : Positions of the cells.
    dtpscore.pl.trends, dtpscore.pl.onsets : Pictures of these frames.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=600, n_genes=1500, difficulty="easy")
    >>> dtp.tl.pseudotime(
    ...     adata, groupby="condition", reference="parental", method="dpt"
    ... )
    >>> dtp.tl.trends(adata, n_permutations=99, n_bootstrap=20)
    >>> "emt" in dtp.get.trends(adata).index
    True
    """
    if kind not in ("tests", "curves"):
        msg = f"kind must be tests or curves, not {kind!r}."
        raise OptionError(msg)
    record = trends_record(adata, key)
    frame: pd.DataFrame = record.features if kind == "tests" else record.curves
    return frame.copy()


def leading(adata: AnnData, n: int, *, key: str | None = None) -> list[str]:
    """Features that change most, in the order in which they move.

    Those with a q-value above 0.05 come only where too few are below.
    """
    frame = trends(adata, key=key)
    frame["_sure"] = frame["q"] <= ALPHA
    frame["_size"] = frame["change"].abs()
    kept = frame.sort_values(["_sure", "_size"], ascending=False, kind="stable").head(n)
    return [str(name) for name in kept.sort_values("onset", kind="stable").index]


def curves(
    adata: AnnData, names: Sequence[str], *, key: str | None = None
) -> pd.DataFrame:
    """Curves of some features, in the given order.

    Returns
    -------
    ``feature``, ``pseudotime``, ``mean``, ``low`` and ``high``.

    Raises
    ------
    DataError
        There are no trends, or none of such a feature.
    """
    frame = trends(adata, kind="curves", key=key)
    known = [str(name) for name in frame["feature"].unique()]
    missing = [name for name in names if name not in known]
    if missing:
        msg = (
            f"No trend of {available(missing)}. Run dtpscore.tl.trends with it among "
            f"genes. Trends there are: {available(known)}."
        )
        raise DataError(msg)
    parts = [frame[(frame["feature"] == name).to_numpy()] for name in names]
    return pd.concat(parts, ignore_index=True)


def onsets(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Features that move (q at or below 0.05), those that move first first.

    Returns
    -------
    ``feature``, ``onset``, ``onset_low``, ``onset_high``, ``change`` and ``q``.
    """
    frame = trends(adata, key=key)
    moving = frame[(frame["q"] <= ALPHA).to_numpy()]
    kept = moving[["onset", "onset_low", "onset_high", "change", "q"]]
    ordered = kept.sort_values("onset", kind="stable")
    return ordered.rename_axis("feature").reset_index()
