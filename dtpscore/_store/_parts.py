"""Read every part of a file of cells once, so that a damaged one is known by name."""

from __future__ import annotations

import os
import re
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtpscore._matrix.compressed import check_indices
from dtpscore._matrix.hdf5 import pieces
from dtpscore._matrix.stored import check_group, missing_pieces, name_of
from dtpscore._store._filters import missing_filter
from dtpscore._store._frames import attribute, column_names, names_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Values that are read together where an array is too large to be read at once.
_VALUES = 4_000_000
_AXES = {
    "obsm": ("obs",),
    "varm": ("var",),
    "obsp": ("obs", "obs"),
    "varp": ("var", "var"),
}
_DAMAGED = re.compile(r".* is (damaged|incomplete): (?P<why>[^.]*)\..*")
# What anndata calls a group of entries; before 0.8 it called it nothing.
_GROUPS = frozenset({("dict", "0.1.0"), (None, None)})
# The missing integer of R.
_NA_OF_R = -(2**31)
_SPARSE = {"csr_matrix": True, "csc_matrix": False}
_DENSE = frozenset({None, "array"})


class Trouble(NamedTuple):
    """A part that cannot be read.

    Attributes
    ----------
    part
        Its place, such as ``"uns/pca"``.
    reason
        Why.
    unknown
        It is of a kind that the installed anndata does not know.
    needs
        Filter that it is compressed with and that HDF5 does not have; ``""`` if none.
    foreign
        It is whole, but another program wrote it in a way that anndata does not read.
    """

    part: str
    reason: str
    unknown: bool = False
    needs: str = ""
    foreign: bool = False


class _WrongError(Exception):
    """A part can be read, but does not fit the others."""


def unreadable_parts(
    root: Any, step: Callable[[int], None], *, matrices: bool, skip: str | None
) -> Iterator[Trouble]:
    """Read each part of an open file of cells, and tell which cannot be read.

    Parameters
    ----------
    root
        An h5py file or a zarr group, of the layout of anndata.
    step
        Called after each piece.
    matrices
        Read the values of ``X``, ``raw`` and the layers as well.
    skip
        Place of a matrix that is going to be read anyway.

    Yields
    ------
    Parts and reasons.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        look = _Look(root, step, matrices=matrices, skip=skip)
        for part, check in look.checks():
            if needs := look.missing_filter(part):
                yield Trouble(part, f"it is compressed with {needs}", needs=needs)
                continue
            try:
                check()
            except _ForeignError as error:
                yield Trouble(part, str(error), foreign=True)
            except Exception as error:  # noqa: BLE001 - libraries raise all kinds
                unknown = type(error).__name__ == "IORegistryError"
                yield Trouble(part, _reason(error), unknown)
            step(0)


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    text = (lines[0] if lines else type(error).__name__).rstrip(".")
    if isinstance(error, KeyError):
        return f"it lacks {text}"
    # Errors of matrices name the matrix, and a part is named already.
    found = _DAMAGED.fullmatch(text)
    return found["why"] if found else text


def _encoding(stored: Any) -> tuple[str | None, str | None]:
    return attribute(stored, "encoding-type"), attribute(stored, "encoding-version")


class _ForeignError(Exception):
    """A part is whole, but written in a way that anndata does not read."""


class _Look:
    """Checks of the parts of one file."""

    def __init__(
        self,
        root: Any,
        step: Callable[[int], None],
        *,
        matrices: bool,
        skip: str | None,
    ) -> None:
        self.root, self.step = root, step
        self.matrices, self.skip = matrices, skip
        self.names: dict[str, Any] = {}

    def missing_filter(self, part: str) -> str:
        """Filter that a part needs and HDF5 lacks; ``""`` for a group of other parts.

        The members of such a group are parts of their own, each of which can be left
        out by itself.
        """
        if part not in self.root:
            return ""
        stored = self.root[part]
        is_group = hasattr(stored, "keys") and _encoding(stored) in _GROUPS
        return "" if is_group else missing_filter(stored)

    def checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Parts of the file with what reads them, one after another."""
        for axis in ("obs", "var"):
            yield from self._table(axis, self.root[axis], axis)
        for slot in ("obsm", "varm", "obsp", "varp", "layers"):
            if slot in self.root:
                yield slot, self._group(slot)
        for slot, axes in _AXES.items():
            for name in self._members(slot):
                yield f"{slot}/{name}", self._aligned(f"{slot}/{name}", axes)
        yield from self._tree("uns")
        if "X" in self.root:
            yield "X", self._matrix("X", ("obs", "var"))
        for name in self._members("layers"):
            yield f"layers/{name}", self._matrix(f"layers/{name}", ("obs", "var"))
        if "raw" in self.root:
            yield from self._raw()

    def _group(self, slot: str) -> Callable[[], None]:
        def check() -> None:
            stored = self.root[slot]
            if not hasattr(stored, "keys"):
                msg = "it is one array and no group of entries"
                raise _WrongError(msg)
            kind = _encoding(stored)
            if kind not in _GROUPS:
                msg = f"its attributes call it {' '.join(map(repr, kind))}"
                raise _WrongError(msg)

        return check

    def _members(self, slot: str) -> list[str]:
        # A slot that is no group shows when it is read as one.
        members = getattr(self.root.get(slot), "keys", None)
        return [] if members is None else list(members())

    def _table(
        self, part: str, group: Any, axis: str
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        key = names_key(group)
        yield f"{part}/{key}", lambda: self._keep(axis, self._index(group, key))
        for name in column_names(group):
            yield f"{part}/{name}", self._column(group, name, axis)

    def _keep(self, axis: str, names: Any) -> None:
        self.names[axis] = names

    def _column(self, group: Any, name: str, axis: str) -> Callable[[], None]:
        def check() -> None:
            try:
                values = self._whole(group[name])
            except ValueError as error:
                if _has_missing_of_r(group[name]):
                    msg = (
                        f"its codes hold {_NA_OF_R}, by which R means a missing value "
                        "and anndata nothing; it should be -1"
                    )
                    raise _ForeignError(msg) from error
                raise
            self._fits(len(values), axis)

        return check

    def _fits(self, found: int, axis: str) -> None:
        if axis in self.names and found != len(self.names[axis]):
            msg = f"it has {found:,} entries, but {axis} has {len(self.names[axis]):,}"
            raise _WrongError(msg)

    def _aligned(self, place: str, axes: tuple[str, ...]) -> Callable[[], None]:
        def check() -> None:
            stored = self.root[place]
            if attribute(stored, "encoding-type") in _SPARSE:
                self._compressed(stored, read=True)
                shape = tuple(int(n) for n in stored.attrs["shape"])
            else:
                value = self._whole(stored)
                shape = getattr(value, "shape", None) or (len(value),)
                names = self.names.get(axes[0])
                if hasattr(value, "index") and names is not None:
                    same = value.index.astype(str).equals(names.astype(str))
                    if not same:
                        msg = f"its rows have other names than {axes[0]}"
                        raise _WrongError(msg)
            for length, axis in zip(shape, axes, strict=False):
                self._fits(length, axis)

        return check

    def _tree(self, place: str) -> Iterator[tuple[str, Callable[[], None]]]:
        """Read entries of ``uns``, those of dictionaries each by itself."""
        if place not in self.root:
            return
        stored = self.root[place]
        if not hasattr(stored, "keys") or (
            (attribute(stored, "encoding-type") or "dict") != "dict"
        ):
            yield place, lambda: _drop(self._whole(stored))
            return
        yield place, self._group(place)
        for name in list(stored):
            yield from self._tree(f"{place}/{name}")

    def _raw(self) -> Iterator[tuple[str, Callable[[], None]]]:
        raw = self.root["raw"]
        if "var" in raw:
            yield from self._table("raw/var", raw["var"], "raw/var")
        if "X" in raw:
            yield "raw/X", self._matrix("raw/X", ("obs", "raw/var"))
        for name in self._members("raw/varm"):
            yield f"raw/varm/{name}", self._aligned(f"raw/varm/{name}", ("raw/var",))

    def _matrix(self, place: str, axes: tuple[str, str]) -> Callable[[], None]:
        def check() -> None:
            stored = self.root[place]
            kind = attribute(stored, "encoding-type")
            if kind == "null":
                return
            read = self.matrices and place != self.skip
            if kind in _SPARSE:
                shape = self._compressed(stored, read=read)
            elif hasattr(stored, "shape") and kind in _DENSE:
                shape = stored.shape
                if read:
                    self._read(stored)
            else:
                # Whether anndata knows this kind, only anndata can tell.
                self._whole(stored)
                return
            for length, axis in zip(shape, axes, strict=True):
                self._fits(int(length), axis)

        return check

    def _compressed(self, group: Any, *, read: bool) -> tuple[int, int]:
        by_rows = _SPARSE[str(attribute(group, "encoding-type"))]
        n_rows, n_columns = (int(n) for n in group.attrs["shape"])
        check_group(group, (n_rows, n_columns), by_rows=by_rows)
        if read:
            self._read(group["data"])
            across = n_columns if by_rows else n_rows
            for some in self._pieces(group["indices"]):
                check_indices(some, across, name_of(group))
        return n_rows, n_columns

    def _whole(self, stored: Any) -> Any:
        """Read a part as anndata does, unless it is larger than memory."""
        from anndata.io import read_elem

        size = sum(_sizes(stored))
        if size > _memory():
            msg = f"it takes {size / 1e9:,.0f} GB, more than this machine has"
            raise _WrongError(msg)
        self.step(size)
        return read_elem(stored)

    def _index(self, group: Any, key: str) -> Any:
        import pandas as pd

        if missing := missing_pieces(group[key]):
            msg = f"{len(missing)} pieces of it are missing"
            raise _WrongError(msg)
        try:
            names = self._whole(group[key])
        except Exception as error:
            # An entry of an unknown kind can be done without, but names cannot.
            raise _WrongError(_reason(error)) from error
        return pd.Index([str(name) for name in names])

    def _read(self, array: Any) -> None:
        for _ in self._pieces(array):
            pass

    def _pieces(self, array: Any) -> Iterator[Any]:
        """Read an array by pieces of whole chunks."""
        direct = pieces(array)
        stored = array if direct is None else direct
        row = int(np.prod(array.shape[1:])) or 1
        chunk = (array.chunks or (1,))[0]
        n_rows = max(_VALUES // row // chunk, 1) * chunk
        for start in range(0, array.shape[0], n_rows):
            yield stored[start : start + n_rows]
            self.step(0)


def _has_missing_of_r(stored: Any) -> bool:
    """Whether the codes of a column of categories hold the missing value of R."""
    codes = stored.get("codes") if hasattr(stored, "keys") else None
    return codes is not None and bool((codes[()] == _NA_OF_R).any())


def _drop(_: object) -> None:
    """Do nothing with a value: that it could be read is what counts."""


def _sizes(stored: Any) -> Iterator[int]:
    if hasattr(stored, "shape"):
        yield int(stored.nbytes)
    elif hasattr(stored, "keys"):
        for name in stored:
            yield from _sizes(stored[name])


def _memory() -> float:
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return float("inf")
