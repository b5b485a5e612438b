"""Where scores are kept in an AnnData or a file of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from dtpscore import _keys
from dtpscore._matrix.columns import FileColumns
from dtpscore._results.elements import (
    Element,
    FileFrame,
    Slot,
    Source,
    check_anndata,
)
from dtpscore._scoring.record import matrix_sentence
from dtpscore.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from anndata import AnnData

    from dtpscore._scoring.collect import CellTable
    from dtpscore._scoring.lazy import LazyScores
    from dtpscore._scoring.record import ScoreRecord
    from dtpscore._scoring.run import ScoreResult

# Tables over cells and their places in obsm: those with a column a signature, and
# those that are there only until lazy scores are computed.
FRAMES: dict[str, Callable[[str], str]] = {
    "score": lambda key: key,
    "z": _keys.control_z,
    "pvalue": _keys.control_pvalue,
}
TABLES = {**FRAMES, "axes": _keys.lazy_axes, "checks": _keys.lazy_checks}


def check_key(key: object) -> None:
    """Check that results can have this key in an AnnData and in a file of one.

    Raises
    ------
    OptionError
        The key is no text, is empty, is one that files cannot hold, or would give
        the axis columns of the default key.
    """
    usable = isinstance(key, str) and key not in {"", ".", ".."} and "/" not in key
    if not usable or key == "dtp":
        why = (
            "its axis columns would be those of the default key"
            if usable
            else "a key is a text that is not empty, is not a dot and holds no '/'"
        )
        msg = f"key_added cannot be {key!r}: {why}. Give another name, such as 'mine'."
        raise OptionError(msg)


def elements(
    result: ScoreResult,
    key_added: str,
    obs_names: Iterable[str] | None,
    *,
    source: Source | None = None,
) -> list[Element]:
    """Places of a scoring result in an AnnData or a file of one.

    Parameters
    ----------
    result
        What ``dtpscore._scoring.run.score_matrix`` returned.
    key_added
        Key of the score frame in ``obsm`` and of its record in ``uns``.
    obs_names
        Names of the cells; None for results that stay in files until they are written.
    source
        Where the matrix came from; kept with the parameters.

    Returns
    -------
    ``obsm`` frames of scores (and z and p-value), one ``obs`` column an axis, and
    the record for ``uns``.
    """
    index = None if obs_names is None else pd.Index(obs_names).rename(None)
    names = list(result.names)
    tables = {"score": result.scores, "z": result.z, "pvalue": result.pvalue}
    return [
        *(
            Element("obsm", FRAMES[kind](key_added), _frame(values, index, names))
            for kind, values in tables.items()
            if values is not None
        ),
        *(
            Element("obs", _keys.axis_column(axis, key_added), values)
            for axis, values in result.axis.items()
        ),
        _record(result.record, key_added, source),
    ]


def lazy_elements(result: LazyScores, key_added: str, source: Source) -> list[Element]:
    """Places of scores that are not computed yet, as `elements`.

    Returns
    -------
    ``obsm`` arrays, the axes among them, and the record for ``uns``.
    """
    return [
        *(
            Element("obsm", TABLES[kind](key_added), values)
            for kind, values in result.tables.items()
        ),
        _record(result.record, key_added, source),
    ]


def _record(record: ScoreRecord, key_added: str, source: Source | None) -> Element:
    params = {**record.params, **asdict(source or Source())}
    told = [*record.methods, matrix_sentence(params)]
    full = replace(record, params=params, methods=told)
    return Element("uns", key_added, full.to_uns())


def _frame(
    values: CellTable, index: pd.Index | None, names: list[str]
) -> pd.DataFrame | FileFrame:
    if isinstance(values, FileColumns):
        return FileFrame(values, names)
    return pd.DataFrame(values, index=index, columns=names)


def table_names(key_added: str) -> list[str]:
    """Names of the tables that `elements` may give, for programs without AnnData."""
    frames = [place(key_added) for place in FRAMES.values()]
    return [*frames, *(f"{key_added}_{name}" for name in ("coverage", "axes", "obs"))]


def axes_of(record: object) -> list[str] | None:
    """Names of the axes in ``uns[key]``, or None where that is no record of scores."""
    axes = record.get("axes") if isinstance(record, Mapping) else None
    if not isinstance(axes, pd.DataFrame) or "n_used" not in axes:
        return None
    return [str(axis) for axis in axes.index]


def record_of(adata: AnnData, key: str) -> Any:
    """Return ``uns[key]``, the record of a scoring run.

    Raises
    ------
    DataError
        There is no such record.
    """
    check_anndata(adata)
    record = adata.uns.get(key)
    if axes_of(record) is None and key not in adata.uns:
        record = from_columns(adata, key)
    if axes_of(record) is None:
        msg = (
            f"No scores under {key!r}. Run dtpscore.tl.score first. "
            f"Keys that hold scores: {', '.join(map(repr, keys_of(adata))) or 'none'}."
        )
        raise DataError(msg)
    return record


def from_columns(adata: AnnData, key: str) -> dict[str, Any] | None:
    """Make what can be told of scores that lost their record, or None without scores.

    `anndata.concat` and functions that call it keep ``obsm`` and ``obs`` and, as they
    are used by default, drop ``uns``.
    """
    from dtpscore import signatures as library

    table = adata.obsm.get(key)
    if not isinstance(table, pd.DataFrame):
        return None
    # Axes by name, with the own signature that the axis is.
    may_be = dict.fromkeys(library.axes(), "")
    for name in map(str, table.columns):
        may_be.setdefault(name, name)
        may_be.setdefault(f"own_{name}", name)
    made_of = {
        axis: own
        for axis, own in may_be.items()
        if _keys.axis_column(axis, key) in adata.obs
    }
    axes = pd.DataFrame(
        {"n_used": 0, "low": False, "signatures": list(made_of.values())},
        index=pd.Index(list(made_of), name="axis", dtype=object),
    )
    axes["own"] = axes["signatures"] != ""
    shipped = library.available()["axis"]
    of_axis = [shipped.get(str(name), library.USER_AXIS) for name in table.columns]
    signatures = pd.DataFrame({"axis": of_axis}, index=table.columns.astype(str))
    return {"axes": axes, "provenance": {"signatures": signatures}}


def has_record(adata: AnnData, key: str) -> bool:
    """Whether scores still have the record that their run left in ``uns``."""
    return "coverage" in record_of(adata, key)


def full_record_of(adata: AnnData, key: str) -> Any:
    """Return the record of scores; what was lost with ``uns`` is not made up.

    Raises
    ------
    DataError
        There are no scores, or their record is lost.
    """
    if not has_record(adata, key):
        msg = (
            f"uns[{key!r}], the record of the scores, is not there any more, as after "
            "anndata.concat. Pass uns_merge='first' to it, or ask one of the parts."
        )
        raise DataError(msg)
    return adata.uns[key]


def keys_of(adata: AnnData) -> list[str]:
    """Keys of ``uns`` that hold records of scoring runs."""
    return [key for key, entry in adata.uns.items() if axes_of(entry) is not None]


def stale(record: object, fresh: Iterable[Element], key_added: str) -> list[Element]:
    """Entries of an earlier run under the same key that a new run does not replace.

    Without their removal, an axis that is no longer scored would keep the column of
    the earlier run beside the record of the new one.

    Parameters
    ----------
    record
        ``uns[key_added]`` as the earlier run left it, or anything else.
    fresh
        Elements of the new run.
    key_added
        The key.
    """
    axes = axes_of(record)
    if axes is None:
        return []
    kept = {(element.slot, element.key) for element in fresh}
    old: list[tuple[Slot, str]] = [
        ("obs", _keys.axis_column(axis, key_added)) for axis in axes
    ]
    old += [("obsm", place(key_added)) for place in TABLES.values()]
    return [Element(slot, key, None) for slot, key in old if (slot, key) not in kept]
