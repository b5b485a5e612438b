"""Scores held as arrays: lazy ones, and those that a file of lazy ones gave back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._matrix.partitions import is_dask
from dtpscore._results.elements import Element
from dtpscore._results.scores import FRAMES, TABLES, axes_of, keys_of, stale
from dtpscore._scoring.checks import (
    check_values,
    decoded,
    refuse_zeros,
    warn_no_controls,
)
from dtpscore._scoring.record import ScoreRecord, judged
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anndata import AnnData
    from numpy.typing import NDArray

    from dtpscore._values import Values


def unnamed(adata: AnnData) -> list[str]:
    """Keys of scores that are arrays in ``obsm``, without the names of a frame."""
    return [
        key
        for key in keys_of(adata)
        if key in adata.obsm and not isinstance(adata.obsm[key], pd.DataFrame)
    ]


def waits(adata: AnnData, key: str) -> bool:
    """Whether scores are not computed yet."""
    return key in unnamed(adata) and is_dask(adata.obsm[key])


def unnamed_tables(adata: AnnData) -> dict[str, tuple[str, str]]:
    """Key and kind of the score tables in ``obsm`` without names, by their place."""
    return {
        make(key): (key, kind)
        for key in unnamed(adata)
        for kind, make in FRAMES.items()
        if make(key) in adata.obsm
    }


def numbers(
    adata: AnnData, keys: Sequence[str], kinds: Sequence[str]
) -> dict[str, dict[str, NDArray[Any]]]:
    """Compute tables of scores, all of them in one pass over the matrix.

    Parameters
    ----------
    adata
        Data scored under these keys.
    keys
        Keys of scores without names.
    kinds
        Keys of ``TABLES``; those that are not there are left out.

    Returns
    -------
    By key and kind, arrays over cells.

    Raises
    ------
    DataError
        The matrix has values that the method cannot use, or only zeros.
    """
    places = [
        (key, kind, place)
        for key in keys
        for kind in dict.fromkeys([*kinds, "checks"])
        if (place := TABLES[kind](key)) in adata.obsm
    ]
    values = _computed([adata.obsm[place] for _, _, place in places])
    found: dict[str, dict[str, NDArray[Any]]] = {key: {} for key in keys}
    for (key, kind, _), array in zip(places, values, strict=True):
        found[key][kind] = np.asarray(array)
    for key, tables in found.items():
        record = adata.uns[key]
        seen = _values(tables.get("checks"))
        if seen is not None:
            check_values(seen, record["params"])
        if "score" in tables:
            method = record["params"]["method"]
            warn_no_controls(method, record["coverage"], tables["score"])
    return found


def _computed(arrays: list[Any]) -> Sequence[Any]:
    if not any(is_dask(array) for array in arrays):
        return arrays
    from dask.base import compute

    done: tuple[Any, ...] = compute(*arrays)  # type: ignore[no-untyped-call]
    return done


def _values(checks: NDArray[np.float64] | None) -> Values | None:
    """Judge the values of the matrix; an error where every one is 0."""
    if checks is None or not len(checks):
        return None
    values = decoded(checks)
    return refuse_zeros() if values is None else values


def signature_names(record: Mapping[str, Any]) -> list[str]:
    """Names of the columns of a score table."""
    return [str(name) for name in record["coverage"].index]


def axis_names(record: Mapping[str, Any]) -> list[str]:
    """Names of the columns of a table of axes."""
    return axes_of(record) or []


def computed_elements(
    adata: AnnData, key: str, tables: Mapping[str, NDArray[Any]]
) -> list[Element]:
    """Places of computed scores, the same as of scores that were never lazy.

    Parameters
    ----------
    adata
        Data with the record of the scores.
    key
        Their key.
    tables
        All that `numbers` returned for it.

    Raises
    ------
    DataError
        The axes were taken away.
    """
    record = adata.uns[key]
    axes = axis_names(record)
    if axes and "axes" not in tables:
        msg = (
            f"obsm has no {TABLES['axes'](key)!r} any more. Run dtpscore.tl.score "
            "again."
        )
        raise DataError(msg)
    index = adata.obs_names.rename(None)
    names = signature_names(record)
    fresh = [
        Element("obsm", FRAMES[kind](key), pd.DataFrame(values, index, names))
        for kind, values in tables.items()
        if kind in FRAMES
    ]
    fresh += [
        Element(
            "obs",
            _keys.axis_column(axis, key),
            np.ascontiguousarray(tables["axes"][:, n]),
        )
        for n, axis in enumerate(axes)
    ]
    values = _values(tables.get("checks"))
    if values is not None and "values" not in record:
        told = judged(ScoreRecord.from_uns(record), values)
        fresh.append(Element("uns", key, told.to_uns()))
    return [*stale(record, fresh, key), *fresh]


def why_no_column(adata: AnnData, name: str) -> str:
    """Say, at the end of an error, what to do if the column is an axis that waits."""
    for key in unnamed(adata):
        axes = axis_names(adata.uns[key])
        if name in {_keys.axis_column(axis, key) for axis in axes}:
            return (
                " It is an axis of scores that are not computed yet: run "
                "dtpscore.tl.compute(adata) first."
            )
    return ""
