"""Scores of own genes beside those that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._matrix.partitions import is_dask
from dtpscore._results.elements import Element
from dtpscore._results.scores import axes_of, from_columns, stale
from dtpscore.errors import OptionError
from dtpscore.signatures import USER_AXIS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anndata import AnnData

    Record = Mapping[str, Any]


def merged(adata: AnnData, key: str, fresh: list[Element]) -> list[Element]:
    """Add a run to the scores under its key, and take away what it replaces.

    Shipped signatures are replaced as a whole by a run that has any, because their
    axes are means over them. Own signatures are replaced by name alone.

    Parameters
    ----------
    adata
        Where the scores go.
    key
        Their key.
    fresh
        Elements of the new run.

    Returns
    -------
    Elements of the new and the kept scores, shipped signatures first, and removals.

    Raises
    ------
    OptionError
        Scores that would stay were made in another way.
    """
    old, new = adata.uns.get(key), _record(fresh)
    if key not in adata.uns:
        _check_record_lost(from_columns(adata, key), new, key)
    if axes_of(old) is None or key not in adata.obsm:
        return [*stale(old, fresh, key), *fresh]
    kept = _kept_signatures(old, new)
    if not kept:
        return [*stale(old, fresh, key), *fresh]
    _check_alike(old, new, kept, key)
    keep = _Kept(adata, key, kept, _kept_axes(old, new))
    return keep.joined_with(fresh, new)


def _check_record_lost(old: Record | None, new: Record, key: str) -> None:
    """Refuse to replace scores that would stay if their record were there."""
    kept = [] if old is None else _kept_signatures(old, new)
    if kept:
        shown = ", ".join(kept[:3]) + (", ..." if len(kept) > 3 else "")
        msg = (
            f"obsm[{key!r}] holds scores ({shown}) without their record in uns, as "
            "after anndata.concat, so new ones cannot stand beside them. Give this run "
            "a key_added of its own, or concatenate with uns_merge='first'."
        )
        raise OptionError(msg)


def _record(fresh: Sequence[Element]) -> dict[str, Any]:
    return next(dict(one.value) for one in fresh if one.slot == "uns")


def _tables(elements: Sequence[Element]) -> dict[str, Any]:
    return {one.key: one.value for one in elements if one.slot == "obsm"}


def _own(record: Record) -> pd.Series:
    """Whether each signature of a record is an own one, by name."""
    return record["provenance"]["signatures"]["axis"].astype(str) == USER_AXIS


def _own_axes(record: Record) -> pd.Series:
    """Whether each axis of a record is an own signature, by name."""
    table = record["axes"]
    if "own" not in table:  # a file of version 0.1
        return pd.Series(data=False, index=table.index)
    return table["own"].astype(bool)


def _kept_signatures(old: Record, new: Record) -> list[str]:
    own, again = _own(old), set(_own(new).index)
    replaces_shipped = not _own(new).all()
    return [
        str(name)
        for name, is_own in own.items()
        if name not in again and (is_own or not replaces_shipped)
    ]


def _kept_axes(old: Record, new: Record) -> list[str]:
    own, again = _own_axes(old), set(new["axes"].index)
    replaces_shipped = not _own(new).all()
    return [
        str(name)
        for name, is_own in own.items()
        if name not in again and (is_own or not replaces_shipped)
    ]


def _check_alike(old: Record, new: Record, kept: Sequence[str], key: str) -> None:
    """Refuse to put scores beside others that were made in another way."""
    before, now = old["params"], new["params"]
    names = sorted({*before, *now})
    differ = [name for name in names if before.get(name) != now.get(name)]
    if not differ:
        return
    how = ", ".join(f"{name}={before.get(name)!r}" for name in differ)
    this = ", ".join(f"{name}={now.get(name)!r}" for name in differ)
    shown = ", ".join(kept[:3]) + (", ..." if len(kept) > 3 else "")
    msg = (
        f"The scores under {key!r} that would stay ({shown}) were made with {how}, but "
        f"this run has {this}. Scores under one key are made in one way: give this run "
        f"a key of its own, such as key_added={now['method']!r}."
    )
    raise OptionError(msg)


class _Kept:
    """The part of earlier scores that stays."""

    def __init__(
        self, adata: AnnData, key: str, signatures: list[str], axes: list[str]
    ) -> None:
        self.adata, self.key = adata, key
        self.old: Record = adata.uns[key]
        self.signatures, self.axes = signatures, axes

    def joined_with(self, fresh: list[Element], new: Record) -> list[Element]:
        """Elements of all that is under the key now."""
        record, columns = self._records(new)
        tables = _tables(fresh)
        held = [self.adata.obsm[self.key], tables[self.key]]
        if all(isinstance(one, pd.DataFrame) for one in held):
            joined = self._frames(tables, columns)
            joined += [one for one in fresh if one.slot == "obs"]
        else:
            joined = self._arrays(fresh, new, record)
        joined.append(Element("uns", self.key, record))
        columns_kept = [
            Element("obs", _keys.axis_column(axis, self.key), True)
            for axis in self.axes
        ]
        return [*stale(self.old, [*joined, *columns_kept], self.key), *joined]

    def _records(self, new: Record) -> tuple[dict[str, Any], list[str]]:
        """Record of all scores, and the names of all signatures in order."""
        sources = "provenance", "signatures"
        table = _stacked(
            self.old[sources[0]][sources[1]].loc[self.signatures],
            new[sources[0]][sources[1]],
        )
        own = (table["axis"].astype(str) == USER_AXIS).to_numpy()
        columns = [str(name) for name in (*table.index[~own], *table.index[own])]
        coverage = _stacked(self.old["coverage"].loc[self.signatures], new["coverage"])
        axes = _stacked(self.old["axes"].loc[self.axes], new["axes"])
        is_own = axes["own"].to_numpy(dtype=bool)
        record = {
            **new,
            "coverage": coverage.loc[columns],
            "axes": axes.loc[[*axes.index[~is_own], *axes.index[is_own]]],
            "provenance": {**new["provenance"], "signatures": table.loc[columns]},
        }
        return record, columns

    def _frames(self, tables: Record, columns: list[str]) -> list[Element]:
        return [
            Element(
                "obsm",
                place,
                pd.concat(
                    [self.adata.obsm[place][self.signatures], table], axis="columns"
                )[columns],
            )
            for place, table in tables.items()
        ]

    def _arrays(
        self, fresh: list[Element], new: Record, record: Record
    ) -> list[Element]:
        """Tables without names, the axes among them: scores that are lazy."""
        axes, checks = _keys.lazy_axes(self.key), _keys.lazy_checks(self.key)
        tables = _tables(fresh)
        if axes not in tables:
            values = [one.value for one in fresh if one.slot == "obs"]
            empty = np.empty((self.adata.n_obs, 0), np.float32)
            tables[axes] = np.column_stack([empty, *values])
        found = []
        for place, table in tables.items():
            if place == checks:
                continue
            which = "axes" if place == axes else "coverage"
            before = self._axes() if place == axes else self.adata.obsm[place]
            names = [*self.old[which].index, *new[which].index]
            where = {str(name): column for column, name in enumerate(names)}
            joined = _beside([_values(before), _values(table)])
            order = [where[str(name)] for name in record[which].index]
            found.append(Element("obsm", place, joined[:, order]))
        look = tables.get(checks, self.adata.obsm.get(checks))
        return [*found, Element("obsm", checks, look)]

    def _axes(self) -> Any:
        place = _keys.lazy_axes(self.key)
        if place in self.adata.obsm:
            return self.adata.obsm[place]
        columns = [_keys.axis_column(axis, self.key) for axis in self.old["axes"].index]
        return self.adata.obs[columns].to_numpy(dtype=np.float32)


def _stacked(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    if "own" in new and "own" not in old:  # a file of version 0.1
        old = old.assign(own=False)
    return pd.concat([old, new]).rename_axis(new.index.name)


def _values(table: Any) -> Any:
    return table.to_numpy() if isinstance(table, pd.DataFrame) else table


def _beside(parts: list[Any]) -> Any:
    """Columns side by side; lazy where any part is."""
    lazy = next((part for part in parts if is_dask(part)), None)
    if lazy is None:
        return np.concatenate(parts, axis=1)
    from dask import array

    make: Any = array.from_array
    join: Any = array.concatenate
    rows = lazy.chunks[0]
    arrays = [
        part if is_dask(part) else make(part, chunks=(rows, part.shape[1] or 1))
        for part in parts
    ]
    return join(arrays, axis=1)
