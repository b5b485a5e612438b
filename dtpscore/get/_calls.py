"""Calls of cells, what they rest on, and the axes that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._calling.states import DTP_STATES as DTP_STATES
from dtpscore._calling.states import LOW_QUALITY_STATE as _LOW_QUALITY
from dtpscore._calling.states import MOVED_STATES as MOVED_STATES
from dtpscore._calling.states import OPEN_STATES as OPEN_STATES
from dtpscore._calling.states import STATES as _STATES
from dtpscore.errors import DataError
from dtpscore.get._records import call_record
from dtpscore.signatures import axes as library_axes

if TYPE_CHECKING:
    from anndata import AnnData

# From parental to persister; low quality comes last, as it is no state of a cell.
STATES = (*(one for one in _STATES if one != _LOW_QUALITY), _LOW_QUALITY)
_COLUMNS = (
    "call",
    "reason",
    "evidence",
    "index",
    "proliferation",
    "shift",
    "library_shift",
    "pvalue",
    "qvalue",
)


def states(adata: AnnData, key: str | None = None) -> pd.Series:
    """Call of each cell, with the states in order from parental to persister.

    Raises
    ------
    DataError
        The cells were not called.
    """
    call_record(adata, key)
    values = adata.obs[key or _keys.CALL].astype(object)
    # pandas 4 refuses values outside the categories.
    known = values.where(values.isin(STATES))
    return known.astype(pd.CategoricalDtype(list(STATES), ordered=True))


def calls(adata: AnnData, *, n_axes: int = 3, key: str | None = None) -> pd.DataFrame:
    """Collect the calls of every cell and the axes that carry them.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    n_axes
        Number of axes to name: those with the largest part in the shift.
    key
        Key of the calls; ``"dtp_call"`` by default.

    Returns
    -------
    One row per cell: call, reason, evidence level, index, proliferation, shift, p- and
    q-value, and ``axes``. That column says how far each named axis lies from the
    reference cells in their standard deviations, with its published direction in
    persisters, such as ``"emt +1.2 (up); oxphos -0.8 (two-sided)"``. It is empty for
    cells that took no part.

    Raises
    ------
    DataError
        There are no calls.

    See Also
    --------
    samples : Cells of each call in each sample.
    calibration : What the calls rest on.

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
    >>> "dtp_call" in dtp.get.calls(adata)
    True
    """
    call_record(adata, key)
    keys = _keys.call_keys(key or _keys.CALL)
    if keys["contributions"] not in adata.obsm:
        msg = (
            f"obsm has no {keys['contributions']!r}, which belongs to the calls. Run "
            "dtpscore.tl.call again."
        )
        raise DataError(msg)
    columns = [keys[name] for name in _COLUMNS if keys[name] in adata.obs]
    frame = adata.obs[columns].copy()
    frame["axes"] = _leading_axes(
        adata.obsm[keys["contributions"]], adata.obsm[keys["axes"]], n_axes
    )
    return frame


def _leading_axes(parts: pd.DataFrame, levels: pd.DataFrame, n_axes: int) -> list[str]:
    """Name the axes with the largest part in the shift of each cell."""
    weight, level = parts.to_numpy(), levels.to_numpy()
    known = library_axes()
    names = [str(name) for name in parts.columns]
    published = [known[n].direction if n in known else "not known" for n in names]
    order = np.argsort(-np.abs(weight), axis=1, kind="stable")[:, :n_axes]
    return [
        "; ".join(f"{names[a]} {own[a]:+.1f} ({published[a]})" for a in first)
        if np.isfinite(part).all()
        else ""
        for part, own, first in zip(weight, level, order, strict=True)
    ]


def calibration(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Say what the calls of each group rest on.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    key
        Key of the calls; ``"dtp_call"`` by default.

    Returns
    -------
    A copy of the calibration table with one row per batch and group: the numbers of
    reference samples and cells and of query cells, ``basis`` (``"shift"``, or
    ``"inside samples"`` with one reference library), ``smallest_share`` (the smallest
    share of the cells that could have been called, 0 to 1; above 1 where no call was
    possible), ``n_called``; ``n_studies`` with ``n_studies_agree`` and ``index_rise``,
    on which the name of called cells rests; ``move`` (how far the group moved as a
    whole, in standard deviations of the cells of a sample) with ``move_low``,
    ``move_high``, ``move_pvalue`` and ``move_assumed``; and ``evidence_level``. Where
    ``clone_key`` was given, ``n_called_clones`` and ``n_clones_before`` count the
    clones of the called cells, and those of them that untreated cells have as well.
    The table has no row where nothing was calibrated.

    Raises
    ------
    DataError
        The cells were not called.

    See Also
    --------
    calls : The calls themselves.

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
    >>> dtp.get.calibration(adata)["group"].tolist()
    ['treated', 'holiday']
    """
    frame = call_record(adata, key).calibration
    if frame is None:
        columns = ["batch", "group", "basis", "smallest_share", "n_called"]
        return pd.DataFrame(columns=[*columns, "evidence_level"])
    return frame.copy()


def plane(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Index, proliferation, shift and call of each cell.

    Returns
    -------
    ``index``, ``proliferation``, ``shift`` (missing without a reference), ``call``,
    and ``called`` (whether the cell
    left the reference range at the error rate of the calls).

    Raises
    ------
    DataError
        The cells were not called.
    """
    call = states(adata, key)
    record, keys = call_record(adata, key), _keys.call_keys(key or _keys.CALL)
    missing = pd.Series(np.nan, index=adata.obs_names)
    qvalue = adata.obs.get(keys["qvalue"], missing).astype(float)
    return pd.DataFrame(
        {
            "index": adata.obs[keys["index"]].astype(float),
            "proliferation": adata.obs[keys["proliferation"]].astype(float),
            "shift": adata.obs.get(keys["shift"], missing).astype(float),
            "call": call,
            "called": (qvalue <= record.alpha).to_numpy(),
        }
    )


def thresholds(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Limits on index and proliferation, with one row per batch.

    Returns
    -------
    ``batch``, ``index`` (a called cell below it is not named) and ``proliferation``
    (a persister-like cell at or above it counts as cycling); no row where nothing
    was calibrated.

    Raises
    ------
    DataError
        The cells were not called.
    """
    frame = call_record(adata, key).thresholds
    if frame is None:
        return pd.DataFrame(columns=["batch", "index", "proliferation"], dtype=float)
    return pd.DataFrame(
        {
            "batch": frame["batch"].astype(str),
            "index": frame["low_index"].astype(float),
            "proliferation": frame["proliferation"].astype(float),
        }
    )


def reasons(
    adata: AnnData, *, group: str | None = None, key: str | None = None
) -> pd.DataFrame:
    """Axes that carry the calls of each group, the strongest first.

    Returns
    -------
    ``batch``, ``group``, ``axis``, ``difference``, ``contribution``, ``counted_once``
    (the contribution with every gene counted for one axis alone, which gives the
    order), ``published`` and ``reading``.

    Raises
    ------
    DataError
        The cells were not called, or no cell of this group was.
    """
    frame = call_record(adata, key).axes
    if frame is None:
        frame = pd.DataFrame()
    if group is None:
        return frame.copy()
    if frame.empty or group not in set(frame["group"]):
        msg = f"No cell of the group {group!r} was called, so no axis carries a call."
        raise DataError(msg)
    rows: pd.DataFrame = frame[(frame["group"] == group).to_numpy()]
    return rows.reset_index(drop=True)


def over_batches(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over batches of the axes that carry the calls of one group.

    Parameters
    ----------
    frame
        What `reasons` gives for the group.

    Returns
    -------
    Axes, the strongest first, by ``difference``, ``counted_once``, ``reading`` (that of
    the first batch) and ``alike`` (whether all batches read it so).
    """
    by_axis = frame.groupby("axis", sort=False)
    table = by_axis[["difference", "counted_once"]].mean()
    table["reading"] = by_axis["reading"].first()
    table["alike"] = by_axis["reading"].agg(lambda texts: len(set(texts)) == 1)
    size = table["counted_once"].abs().sort_values(ascending=False, kind="stable")
    return table.loc[size.index]
