"""Typed records: what a step leaves in ``uns``, and how it is read again."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = "record_version"


@dataclass(frozen=True, kw_only=True)
class Record:
    """Base class of the record of a step.

    A subclass is a frozen dataclass whose fields are texts, numbers, truth values,
    arrays, frames, lists of texts or numbers, dicts of these by text, other records, or
    None where a field is optional. A record is written with `to_uns` and read with
    `from_uns`. A field that is None is absent from what is written, because None cannot
    be read by other programs than new versions of anndata.

    Attributes
    ----------
    methods
        Sentences for a methods section. The step writes each where it decides.
    messages
        Sentences that a reader of the result should know.
    """

    record_version: ClassVar[int] = 1
    # How the step is run, for the error that says that it has to be run again.
    made_by: ClassVar[str] = "the step that made it"

    methods: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def to_uns(self) -> dict[str, Any]:
        """Turn the record into plain values for ``uns``; nothing in it is None."""
        return {_VERSION: self.record_version, **_without_none(self)}

    @classmethod
    def from_uns(cls, stored: Mapping[str, Any]) -> Self:
        """Read a record that `to_uns` wrote, also after a file was read.

        Entries that this version does not know are passed over.

        Raises
        ------
        DataError
            An entry that the record needs is missing, as in results of an older
            version.
        """
        hinted: Any = cls
        known = _hints(hinted)
        values = {
            name: _read(hint, stored[name])
            for name, hint in known.items()
            if name in stored
        }
        missing = [
            one.name
            for one in fields(cls)
            if one.name not in values
            and one.default is MISSING
            and one.default_factory is MISSING
            and not _is_optional(known[one.name])
        ]
        if missing:
            msg = (
                f"This result has no {', '.join(missing)}: another version of dtpscore "
                f"made it. Run {cls.made_by} again."
            )
            raise DataError(msg)
        for name, hint in known.items():
            if name not in values and _is_optional(hint):
                values[name] = None
        return cls(**values)


def _without_none(record: Any) -> dict[str, Any]:
    values = {one.name: getattr(record, one.name) for one in fields(record)}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _without_none(value)
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        # Elements of one type; an empty list is stored as texts.
        return np.asarray(value, dtype=None if len(value) else str)
    return value


@cache
def _hints(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls, localns=_names_for_hints())
    return {one.name: hints[one.name] for one in fields(cls)}


def _names_for_hints() -> dict[str, Any]:
    """Names that records use in annotations but import for type checking only."""
    import pandas as pd
    from numpy.typing import NDArray

    return {"pd": pd, "np": np, "NDArray": NDArray}


def _is_optional(hint: Any) -> bool:
    return type(None) in typing.get_args(hint)


def _read(hint: Any, value: Any) -> Any:
    """Bring a value back to the type of its field after a file was read."""
    if _is_optional(hint):
        inner = [one for one in typing.get_args(hint) if one is not type(None)]
        hint = inner[0] if len(inner) == 1 else Any
    origin = typing.get_origin(hint) or hint
    if isinstance(origin, type) and is_dataclass(origin):
        if isinstance(value, origin):
            return value
        hints = _hints(origin)
        given = {n: _read(h, value[n]) for n, h in hints.items() if n in value}
        absent = {n: None for n, h in hints.items() if _is_optional(h)}
        return origin(**{**absent, **given})
    if origin in (list, tuple):
        entries = value.tolist() if isinstance(value, np.ndarray) else list(value)
        kinds = typing.get_args(hint) or (Any,)
        return origin(_read(kinds[0], one) for one in entries)
    if origin is dict:
        _, kind = typing.get_args(hint) or (str, Any)
        return {str(key): _read(kind, entry) for key, entry in value.items()}
    if origin in (bool, int, float, str):
        entry = value.item() if isinstance(value, np.generic | np.ndarray) else value
        return origin(entry)
    if isinstance(hint, types.UnionType) or isinstance(value, np.generic):
        return value.item() if isinstance(value, np.generic) else value
    return value
