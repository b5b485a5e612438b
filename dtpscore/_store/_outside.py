"""Find what in a file of cells points to other files of the machine.

An HDF5 file can have its values in any other file: external links, external storage,
virtual datasets. A zarr folder can hold links to anything, and metadata that ask for
the unpickling of code. A file of a stranger could so bring the content of private files
into a report, or run a program.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import h5py

from dtpscore.errors import DamagedError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind = Literal["link", "values"]

# Names of codecs of zarr that run code, or make objects of any kind.
_CODE = ("pickle",)
# Codecs that hold text or bytes in arrays of objects.
_TEXT = frozenset({"vlen-utf8", "vlen-bytes", "vlen-array", "json2", "msgpack2"})
# Bytes of metadata beyond which a file is no metadata of anndata.
_METADATA = 2**28
_METADATA_FILES = frozenset(
    {".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json"}
)


@dataclass(frozen=True)
class Outside:
    """One thing that lies in another file.

    Attributes
    ----------
    name
        Group or array.
    kind
        A link to an object, or an array whose values lie elsewhere.
    files
        The other files.
    """

    name: str
    kind: Kind
    files: tuple[str, ...]


def refuse_outside(path: Path, found: list[Outside]) -> None:
    """Refuse a file that reads other files.

    Raises
    ------
    DataError
        It does.
    """
    if not found:
        return
    one = found[0]
    msg = (
        f"{path} reads other files of this machine: {one.name!r} lies in "
        f"{', '.join(map(repr, one.files))}. A file from elsewhere could so show what "
        "it should not. If the file is yours, add --allow-external; the output then "
        "holds everything itself."
    )
    raise DataError(msg)


def outside_hdf5(file: h5py.File, step: Callable[[int], None]) -> list[Outside]:
    """List what lies outside of an HDF5 file; opens every object of it.

    Parameters
    ----------
    file
        The open file.
    step
        Called after each object.
    """
    found: list[Outside] = []
    seen: set[Any] = set()
    groups = [file["/"]]
    while groups:
        group = groups.pop()
        for name in group:
            place = f"{group.name.rstrip('/')}/{name}".lstrip("/")
            link = group.get(name, getlink=True)
            step(0)
            if isinstance(link, h5py.ExternalLink):
                found.append(Outside(place, "link", (link.filename,)))
                continue
            if isinstance(link, h5py.SoftLink):
                # What it points to is listed under its own name.
                continue
            thing = group[name]
            # Attributes are read when an object is, so damaged ones show here.
            for attribute in thing.attrs:
                thing.attrs.get(attribute)
            key = h5py.h5o.get_info(thing.id).addr
            if isinstance(thing, h5py.Group):
                if key not in seen:
                    seen.add(key)
                    groups.append(thing)
            elif isinstance(thing, h5py.Dataset):
                files = _files_of(thing)
                if files:
                    found.append(Outside(place, "values", files))
    return found


def _files_of(dataset: h5py.Dataset) -> tuple[str, ...]:
    files: dict[str, None] = {}
    if dataset.is_virtual:
        for source in dataset.virtual_sources():
            if source.file_name != ".":
                files[source.file_name] = None
    for name, _, _ in dataset.external or ():
        files[name] = None
    return tuple(files)


def links_outside(folder: Path) -> list[Outside]:
    """List files of a folder that are links to places out of it."""
    root, found = folder.resolve(), []
    for path in sorted(folder.iterdir()):
        target = path.resolve()
        if path.is_symlink() and root not in target.parents:
            found.append(Outside(path.name, "link", (str(target),)))
    return found


def outside_zarr(folder: Path, step: Callable[[int], None]) -> list[Outside]:
    """List links out of the folder of a zarr store; refuse what can run code.

    Raises
    ------
    DataError
        An array wants pickled objects, or the folder holds something that is neither
        a file nor a folder.
    DamagedError
        Metadata are no JSON.
    """
    root = folder.resolve()
    found = []
    for entry in _entries(folder):
        step(0)
        place = os.path.relpath(entry.path, folder)
        if entry.is_symlink():
            target = Path(entry.path).resolve()
            if root not in (target, *target.parents):
                found.append(Outside(place, "link", (str(target),)))
                continue
            if target.is_dir():
                msg = (
                    f"{folder} holds {place!r}, a link to a folder, which could lead "
                    "in a circle. Put a copy of that folder in its place."
                )
                raise DataError(msg)
        mode = entry.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            msg = (
                f"{folder} holds {place!r}, which is a pipe or a device and belongs in "
                "no zarr store."
            )
            raise DataError(msg)
        if entry.name in _METADATA_FILES:
            _check_metadata(Path(entry.path), place, folder)
    return found


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            listed = list(entries)
        for entry in listed:
            yield entry
            # A link to a folder is not followed: it could lead in a circle.
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)


def _check_metadata(path: Path, place: str, folder: Path) -> None:
    if path.stat().st_size > _METADATA:
        msg = f"{folder} is damaged: its {place} has {path.stat().st_size:,} bytes."
        raise DamagedError(msg)
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        if os.path.dirname(place):  # noqa: PTH120 - a name within the folder
            # The part it belongs to cannot be read, which is told with its name.
            return
        msg = (
            f"{folder} is damaged: its {place} cannot be read ({error}). Get the "
            "folder again."
        )
        raise DamagedError(msg) from error
    if path.name == ".zattrs" or not isinstance(content, dict):
        return
    codecs = list(_codecs(content))
    objects = str(content.get("dtype", "")).startswith("|O")
    runs = [name for name in codecs if any(part in name.lower() for part in _CODE)]
    if runs or (objects and not _TEXT & set(codecs)):
        what = f"the codec {runs[0]!r}" if runs else "objects of unknown kind"
        msg = (
            f"{folder} holds {what} in {place}. Reading it could run a program, so it "
            "is refused. Write the file again with anndata."
        )
        raise DataError(msg)


def _codecs(content: Any) -> Iterator[str]:
    """Names of the codecs of an array, also of those within others."""
    waiting = [
        content.get(key) for key in ("filters", "compressor", "codecs", "metadata")
    ]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            for key in ("id", "name"):
                if isinstance(one.get(key), str):
                    yield one[key]
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
