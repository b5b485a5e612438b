"""Calls by sample, with the sample and not the cell as the unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._times import read_times
from dtpscore.errors import DataError
from dtpscore.get._calls import DTP_STATES, OPEN_STATES, STATES, states
from dtpscore.get._groups import column, columns, groups, in_order, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData
    from numpy.typing import NDArray


def samples(
    adata: AnnData,
    *,
    groupby: str | None = None,
    reference: str | None = None,
    sample_key: str | None = None,
    time_key: str | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """Count the cells of each call in each sample.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    groupby, reference
        Column of ``obs`` with the groups, and the group that comes first. By default
        those of the calls.
    sample_key
        Column of ``obs`` with the samples. By default that of the calls. Where there
        is none, each group (at each time) counts as one sample.
    time_key
        Column of ``obs`` with times or doses. By default that of the calls or of the
        order. Where there is none, the frame has no times.
    key
        Key of the calls; ``"dtp_call"`` by default.

    Returns
    -------
    One row per sample (and time), groups in order: ``group``, ``sample``, with times
    ``time`` (as text) and ``time_value`` (a number), ``n_cells`` (cells with a call),
    one column of counts per state, ``dtp_like`` (share of DTP-like cells of both kinds
    among cells that are not of low quality, 0 to 1), ``shifted_share`` and
    ``undecided`` (share of shifted cells, and of cells that are uncertain or not
    decided, among the same cells) and ``index`` (mean index of these cells).

    Raises
    ------
    DataError
        The cells were not called, or a column or group does not exist.

    See Also
    --------
    calibration : What the calls rest on.
    dtpscore.pl.composition, dtpscore.pl.shares : Pictures of this frame.

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
    >>> dtp.get.samples(adata)["group"].drop_duplicates().tolist()
    ['parental', 'treated', 'holiday']
    """
    states(adata, key)
    found = columns(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        time_key=time_key,
    )
    return counts(
        adata,
        groupby=found.groupby,
        reference=found.reference,
        sample_key=found.sample_key,
        time_key=found.time_key,
        holiday=found.holiday,
        key=key,
    )


def counts(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    time_key: str | None = None,
    holiday: Sequence[str] = (),
    order: Sequence[str] | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """Count the cells of each state in each sample, as `samples` without defaults.

    Parameters
    ----------
    adata, groupby, reference, sample_key, time_key, key
        As in `samples`.
    holiday
        Groups off the drug. Their times need not be times on the drug.
    order
        Groups to show, in this order.
    """
    member = groups(adata, groupby, reference, order=order)
    sample = member if sample_key is None else texts(adata, sample_key, "samples")[0]
    frame = pd.DataFrame(
        {
            "group": member.astype(object),
            "sample": sample.astype(object),
            "call": states(adata, key).astype(object),
        }
    )
    by = ["group", "sample"]
    if time_key is not None:
        off = member.isin(holiday).to_numpy()
        frame["time"], value_of = time_texts(adata, time_key, off=off)
        by.append("time")
    frame["index"] = _index(adata, key)
    frame = frame.dropna(subset=[*by, "call"])
    table = pd.crosstab([frame[name] for name in by], frame["call"])
    table = table.reindex(columns=list(STATES), fill_value=0)
    table.insert(0, "n_cells", table.sum(axis=1))
    judged = table["n_cells"] - table["low quality"]
    usable = judged.where(judged > 0)
    table["dtp_like"] = table[list(DTP_STATES)].sum(axis=1) / usable
    table["shifted_share"] = table["shifted"] / usable
    table["undecided"] = table[list(OPEN_STATES)].sum(axis=1) / usable
    inside = frame[(frame["call"] != "low quality").to_numpy()]
    table["index"] = inside.groupby(by)["index"].mean()
    out = table.reset_index()
    out.columns.name = None
    if time_key is not None:
        out.insert(3, "time_value", out["time"].map(value_of))
    by = ["group", *(["time_value"] if time_key is not None else []), "sample"]
    return in_order(out, by, member.cat.categories)


def time_texts(
    adata: AnnData, key: str, *, off: NDArray[np.bool_]
) -> tuple[pd.Series, dict[str, float]]:
    """Time or dose of each cell as text, and the number of each text.

    A cell without a time has the text ``""``. The times of cells off the drug are read
    where they are times as well, and are left out where they are not.

    Raises
    ------
    DataError
        There is no such column, or its values are no times or doses.
    """
    values = column(adata, key)
    try:
        found = read_times(values, key)
    except DataError:
        if not off.any():
            raise
        found = read_times(values, key, use=~off)
    names = np.array([*found.names, ""], dtype=object)
    text = pd.Series(names[found.codes], index=adata.obs_names, dtype=object)
    known = found.codes >= 0
    pairs = zip(names[found.codes[known]], found.numbers[known], strict=True)
    return text, {str(name): float(value) for name, value in pairs}


def composition(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    order: Sequence[str] | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """Share of each state in each sample, or in each group without samples.

    The frame is that of `counts`, with shares of the cells that have a call.
    """
    table = counts(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        order=order,
        key=key,
    )
    names = list(STATES)
    table[names] = table[names].div(table["n_cells"], axis=0)
    return table


def _index(adata: AnnData, key: str | None) -> pd.Series:
    """Index of each cell; missing where the data have none."""
    name = _keys.call_keys(key or _keys.CALL)["index"]
    if name in adata.obs:
        return adata.obs[name].astype(np.float64)
    return pd.Series(np.nan, index=adata.obs_names)
