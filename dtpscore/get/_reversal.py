"""What became of the cells off the drug."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd

from dtpscore._design import names as names_of
from dtpscore.errors import DataError
from dtpscore.get._order import reversal as by_path
from dtpscore.get._pick import check_kind
from dtpscore.get._records import call_record, has_order, order_record

if TYPE_CHECKING:
    from anndata import AnnData

KINDS = ("share", "axes", "supplement")
_LIKE = "parental-like"
# Why the other measures of the same quantity are no answer of their own.
REASONS = {
    "distances over all axes": (
        "This measure asks which of the two groups a cell resembles more over all "
        "mechanisms. Treated cells that the drug did not move count as treated, so the "
        "share is lower than that of the calls wherever many treated cells were not "
        "moved."
    ),
    "neighbors on the path": (
        "This measure asks which end of the order a cell lies nearer to. The order "
        "leaves cell-cycle genes out and depends on the cells that were ordered "
        "together."
    ),
}


def reversal(
    adata: AnnData,
    *,
    kind: Literal["share", "axes", "supplement"] = "share",
    key: str | None = None,
) -> pd.DataFrame:
    """Say what became of the cells that were sampled after the drug was taken away.

    One measure is the answer: the share of these cells that the calls leave
    parental-like, beside the same share of the cells on the drug.
    Two further measures of the same quantity are a supplement, because each asks a
    question of its own.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called, with a holiday group.
    kind
        ``"share"`` for the answer, ``"axes"`` for the difference from untreated cells
        on every axis, and ``"supplement"`` for the other measures of the share.
    key
        Key of the calls; ``"dtp_call"`` by default.

    Returns
    -------
    ``"share"``
        One row per holiday group: ``group``, ``n_samples``, ``n_cells``, ``share`` (of
        the cells that the calls leave parental-like, 0 to 1, the mean over samples)
        with its 95% interval over samples ``low`` to ``high`` (missing with one
        sample), and ``treated_share``, the same share of the cells on the drug. With
        several patients, or batches, each of them counts once instead of each sample.
    ``"axes"``
        One row per holiday group and axis: ``axis``, ``group``, ``persister`` and
        ``holiday`` (difference from untreated cells in their standard deviations),
        ``returned`` with its 95% interval ``returned_low`` and ``returned_high``, and
        ``ratio``.
    ``"supplement"``
        One row per holiday group and further measure: ``group``, ``measure``,
        ``share`` (0 to 1), ``low`` and ``high`` (95% interval, missing where there is
        none) and ``reason`` (why it is no answer of its own).

    Raises
    ------
    DataError
        The cells were not called, or there is no holiday group among them.
    OptionError
        ``kind`` is none of the three (a ValueError).

    See Also
    --------
    dtpscore.pl.reversal, dtpscore.pl.holiday : Pictures of these frames.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(
    ...     n_cells=720, n_genes=4600, seed=8, difficulty="easy", days=(9,)
    ... )
    >>> dtp.tl.call(
    ...     adata, groupby="condition", reference="parental", sample_key="sample",
    ...     holiday="holiday",
    ... )
    >>> dtp.get.reversal(adata)["group"].tolist()
    ['holiday']
    """
    check_kind(kind, KINDS)
    call_record(adata, key)
    frame = {"share": by_calls, "axes": by_axis, "supplement": supplement}[kind](
        adata, key=key
    )
    if frame is None:
        msg = (
            "There are no cells off the drug among these calls. Pass holiday to "
            "dtpscore.tl.call where there is such a group."
        )
        raise DataError(msg)
    return frame


def by_calls(adata: AnnData, *, key: str | None = None) -> pd.DataFrame | None:
    """Share of parental-like cells by the calls; None without a holiday group."""
    frame = call_record(adata, key).returned
    return None if frame is None or not len(frame) else frame.copy()


def by_axis(adata: AnnData, *, key: str | None = None) -> pd.DataFrame | None:
    """Differences of persisters and of holiday cells from the reference, by axis."""
    frame = call_record(adata, key).reversal
    if frame is None or not len(frame):
        return None
    table: pd.DataFrame = frame.rename_axis("axis").reset_index()
    return table


def supplement(adata: AnnData, *, key: str | None = None) -> pd.DataFrame | None:
    """Other measures of the share of parental-like cells, and why each is no answer."""
    names = list(call_record(adata, key).keys.holiday)
    if not names:
        return None
    rows = [*_by_distances(adata, key), *_by_neighbors(adata, names)]
    columns = ["group", "measure", "share", "low", "high"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["reason"] = frame["measure"].map(REASONS)
    return frame


def _by_distances(
    adata: AnnData, key: str | None
) -> list[tuple[str, str, float, float, float]]:
    frame = call_record(adata, key).reversal_shares
    if frame is None:
        return []
    own = frame[frame.index.astype(str) == _LIKE]
    return [
        (
            str(row["group"]),
            "distances over all axes",
            float(row["share"]),
            float(row["low"]),
            float(row["high"]),
        )
        for row in own.to_dict("records")
    ]


def _by_neighbors(
    adata: AnnData, names: list[str]
) -> list[tuple[str, str, float, float, float]]:
    """Read the share by the path, where it has the same cells off the drug."""
    if not has_order(adata) or sorted(
        names_of(order_record(adata).params.get("holiday"))
    ) != sorted(names):
        return []
    frame = by_path(adata)
    if frame is None:
        return []
    # The row of all samples comes last; with one sample it is the only one.
    share = float(frame[_LIKE].iloc[-1])
    nan = float("nan")
    return [(", ".join(names), "neighbors on the path", share, nan, nan)]
