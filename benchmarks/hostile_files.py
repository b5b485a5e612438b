"""Hostile files of cells: what points outside, has no end, or has odd names."""

from __future__ import annotations

import json
import os
import pickle
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from hostile_case import Case, Place, score

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[h5py.File, Place], None]

# A length that no machine holds, and one that unpacks to far more than its file.
ENDLESS, BOMB = 2**45, 2**31


def _h5(name: str, change: Change, *, refused: bool = False, group: str = "") -> Case:
    """Score a copy of a whole h5ad file after a change."""

    def make(place: Place) -> list[list[str]]:
        path = place.cells()
        with h5py.File(path, "r+") as file:
            change(file, place)
        return score(path)

    return Case(group or "h5ad that points outside", name, make, refused)


def _link(name: str, target: str = "/") -> Change:
    def change(file: h5py.File, place: Place) -> None:
        if name in file:
            del file[name]
        file[name] = h5py.ExternalLink(str(place.beside / "victim.h5ad"), target)

    return change


def _external(name: str, dtype: str) -> Change:
    """Values of an array lie in the private file."""

    def change(file: h5py.File, place: Place) -> None:
        attributes: dict[str, Any] = {}
        shape: tuple[int, ...] = (48,)
        if name in file:
            attributes, shape = dict(file[name].attrs), file[name].shape
            del file[name]
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        made = file.create_dataset(
            name, shape, dtype, external=[(str(place.secret), 0, size)]
        )
        made.attrs.update(attributes)

    return change


def _virtual(source: str) -> Change:
    def change(file: h5py.File, place: Place) -> None:
        layout = h5py.VirtualLayout((48,), "f4")
        path = source.format(beside=place.beside)
        layout[:] = h5py.VirtualSource(path, "X/data", (48,), "f4")
        file.create_virtual_dataset("obsm/X_far", layout)

    return change


def _soft_circle(file: h5py.File, _: Place) -> None:
    file["uns/one"], file["uns/two"] = h5py.SoftLink("/uns/two"), h5py.SoftLink("/uns")


def _hard_circle(file: h5py.File, _: Place) -> None:
    file["uns/inner"] = file["uns"]


def _soft_to_external(file: h5py.File, place: Place) -> None:
    _link("obsm/far", "/obs")(file, place)
    file["obsm/near"] = h5py.SoftLink("/obsm/far")


def _nested_external(file: h5py.File, place: Place) -> None:
    with h5py.File(place.work / "second.h5", "w") as second:
        second["far"] = h5py.ExternalLink(str(place.beside / "victim.h5ad"), "/obs")
    file["uns/far"] = h5py.ExternalLink("second.h5", "/far")


OUTSIDE = [
    *(
        _h5(f"external link at {name}", _link(name, target), refused=True)
        for name, target in (
            ("X", "/X"),
            ("obs", "/obs"),
            ("var", "/var"),
            ("uns", "/uns"),
            ("obsm/far", "/X"),
            ("layers/far", "/X"),
            ("obs/condition", "/obs/condition"),
        )
    ),
    *(
        _h5(f"external storage at {name}", _external(name, dtype), refused=True)
        for name, dtype in (
            ("X/data", "f4"),
            ("X/indptr", "i4"),
            ("obs/condition/codes", "i1"),
            ("obsm/X_far", "S8"),
            ("uns/far", "u1"),
        )
    ),
    *(
        _h5(f"virtual dataset from {source}", _virtual(source), refused=True)
        for source in ("{beside}/victim.h5ad", "../beside/victim.h5ad")
    ),
    _h5("soft link to an external link", _soft_to_external, refused=True),
    _h5("external link to an external link", _nested_external, refused=True),
    _h5("soft links in a circle", _soft_circle),
    _h5("group within itself", _hard_circle),
]


def _dense(file: h5py.File, shape: tuple[int, ...]) -> None:
    del file["X"]
    made = file.create_dataset(
        "X", shape, "f4", chunks=(1, shape[1]), compression="gzip"
    )
    made.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})


def _zeros(file: h5py.File, name: str, length: int, chunk: int = 2**24) -> None:
    """Array of zeros, all of whose chunks are stored, in a file of a few MB."""
    made = file.create_dataset(
        name, (length,), "u1", chunks=(chunk,), compression="gzip", fillvalue=1
    )
    made.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    made[:chunk] = 0
    _, packed = made.id.read_direct_chunk((0,))
    for start in range(chunk, length, chunk):
        made.id.write_direct_chunk((start,), packed)


def _values_bomb(file: h5py.File, _: Place) -> None:
    for name, kind in (("data", "f4"), ("indices", "i4")):
        del file[f"X/{name}"]
        file.create_dataset(
            f"X/{name}", (ENDLESS,), kind, chunks=(2**20,), compression="gzip"
        )
    file["X/indptr"][-1] = np.iinfo(file["X/indptr"].dtype).max


def _wide_chunk(file: h5py.File, _: Place) -> None:
    """All values in a chunk that unpacks to 2 GB."""
    values = file["X/data"][:]
    del file["X/data"]
    made = file.create_dataset(
        "X/data",
        values.shape,
        "f4",
        chunks=(2**29 - 1,),
        maxshape=(None,),
        compression="gzip",
    )
    made.resize((2**29 - 1,))


def _deep(file: h5py.File, _: Place) -> None:
    group = file["uns"]
    for _ in range(3000):
        group = group.create_group("a")
        group.attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})


def _many_attributes(file: h5py.File, _: Place) -> None:
    group = file.create_group("uns/many")
    for number in range(5_000):
        group.attrs[f"a{number}"] = number


def _many_groups(file: h5py.File, _: Place) -> None:
    for number in range(20_000):
        file.create_group(f"uns/g{number}")


def _objects(file: h5py.File, _: Place) -> None:
    content = np.frombuffer(pickle.dumps(_Runs()), "u1")
    made = file.create_dataset("uns/object", data=content)
    made.attrs["encoding-type"] = "pickle"


def _references(file: h5py.File, _: Place) -> None:
    data = file["X/data"]
    file["uns/regions"] = np.array([data.regionref[0:2]], dtype=h5py.regionref_dtype)
    file["uns/objects"] = np.array([file["obs"].ref], dtype=h5py.ref_dtype)


def _tagged(file: h5py.File, _: Place) -> None:
    file["uns/opaque"] = np.array([b"abc"], dtype=h5py.opaque_dtype(np.dtype("V3")))


def _shape_says(rows: int, columns: int) -> Change:
    def change(file: h5py.File, _: Place) -> None:
        file["X"].attrs["shape"] = np.array([rows, columns])

    return change


def _long_text(file: h5py.File, _: Place) -> None:
    made = file.create_dataset("uns/text", data="A" * 2**26)
    made.attrs.update({"encoding-type": "string", "encoding-version": "0.2.0"})


ENDS = "h5ad without end"
BOMBS = [
    _h5("dense X of 2^45 rows", lambda f, _: _dense(f, (ENDLESS, 900)), group=ENDS),
    _h5("dense X of 2^30 columns", lambda f, _: _dense(f, (48, 2**30)), group=ENDS),
    _h5("values that are declared, 2^45 of them", _values_bomb, group=ENDS),
    _h5("a chunk of 2 GB", _wide_chunk, group=ENDS),
    _h5("uns of 2 GB in 2 MB", lambda f, _: _zeros(f, "uns/z", BOMB), group=ENDS),
    _h5("obsm of 2 GB in 2 MB", lambda f, _: _zeros(f, "obsm/z", BOMB), group=ENDS),
    _h5("a shape of 2^62 rows", _shape_says(2**62, 900), refused=True, group=ENDS),
    _h5("a negative shape", _shape_says(-48, -900), refused=True, group=ENDS),
    _h5("3,000 groups in one another", _deep, group=ENDS),
    _h5("5,000 attributes", _many_attributes, group=ENDS),
    _h5("20,000 groups", _many_groups, group=ENDS),
    _h5("a text of 64 MB", _long_text, group=ENDS),
    _h5("a pickle that starts a program", _objects, group=ENDS),
    _h5("references to regions and objects", _references, group=ENDS),
    _h5("opaque values", _tagged, group=ENDS),
]


class _Runs:
    """What a pickle of it does when it is opened: make a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("touch pickle-was-run",))


def _frame_entry(name: str) -> Change:
    """Point the list of the columns of obs at another place."""

    def change(file: h5py.File, _: Place) -> None:
        columns = [*file["obs"].attrs["column-order"], name]
        file["obs"].attrs["column-order"] = columns

    return change


def _key(slot: str, name: str) -> Change:
    def change(file: h5py.File, _: Place) -> None:
        made = file[slot].create_dataset(name, data=np.arange(48.0))
        made.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})

    return change


NAMED = "h5ad with odd keys"
KEYS = [
    *(
        _h5(f"a column of obs called {name!r}", _frame_entry(name), group=NAMED)
        for name in ("../../beside/secret.txt", "/uns", "..", "/etc/passwd", "_index")
    ),
    *(
        _h5(f"a key {name!r} of {slot}", _key(slot, name), group=NAMED)
        for slot in ("obsm", "uns")
        for name in ("..", "\x1b]52;c;cm0=\x07", "%s%n{0}", "-rf", "n" * 10_000)
    ),
]


def _zarr(
    name: str, change: Callable[[Path, Place], None], *, refused: bool = False
) -> Case:
    """Score a copy of a zarr folder after a change."""

    def make(place: Place) -> list[list[str]]:
        path = place.cells("in.zarr")
        change(path, place)
        return score(path)

    return Case("zarr", name, make, refused)


def _edit(path: Path, **fields: Any) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | fields))


def _array(path: Path, **fields: Any) -> None:
    content = {"zarr_format": 2, "shape": [48], "chunks": [48], "dtype": "<f8"}
    content |= {"compressor": None, "fill_value": 0, "order": "C", "filters": None}
    path.mkdir()
    (path / ".zarray").write_text(json.dumps(content | fields))
    (path / ".zattrs").write_text('{"encoding-type": "array"}')
    (path / "0").write_bytes(np.arange(48.0).tobytes())


def _linked_to(target: str, name: str) -> Callable[[Path, Place], None]:
    def change(path: Path, place: Place) -> None:
        link = path / name
        if link.is_dir():
            link.rename(place.work / "aside")
        else:
            link.unlink(missing_ok=True)
        link.symlink_to(target.format(beside=place.beside))

    return change


def _pickled(path: Path, _: Place) -> None:
    _array(path / "uns" / "p", dtype="|O", filters=[{"id": "pickle"}], shape=[1])
    (path / "uns" / "p" / "0").write_bytes(pickle.dumps(np.array([_Runs()])))


def _consolidated(path: Path, place: Place) -> None:
    """Metadata of the whole name an array of another folder."""
    _array(place.beside / "far")
    content = {
        "zarr_consolidated_format": 1,
        "metadata": {
            ".zgroup": {"zarr_format": 2},
            "uns/../../../beside/far/.zarray": json.loads(
                (place.beside / "far" / ".zarray").read_text()
            ),
        },
    }
    (path / ".zmetadata").write_text(json.dumps(content))


def _column_of_beside(path: Path, place: Place) -> None:
    _array(place.beside / "far")
    attributes = json.loads((path / "obs" / ".zattrs").read_text())
    attributes["column-order"].append("../../../beside/far")
    (path / "obs" / ".zattrs").write_text(json.dumps(attributes))


def _fifo(path: Path, _: Place) -> None:
    os.mkfifo(path / "X" / "data" / "1")


def _deep_json(path: Path, _: Place) -> None:
    (path / "uns" / ".zattrs").write_text("[" * 100_000 + "]" * 100_000)


def _long_number(path: Path, _: Place) -> None:
    text = (path / "X" / "data" / ".zarray").read_text()
    (path / "X" / "data" / ".zarray").write_text(text.replace(": 2", f": {'9' * 5000}"))


def _far_chunks(path: Path, _: Place) -> None:
    _edit(path / "X" / "data" / ".zarray", chunks=[2**45])


def _far_shape(path: Path, _: Place) -> None:
    _array(path / "obsm" / "far", shape=[48, 2**45], chunks=[48, 2**20])


def _separator(path: Path, _: Place) -> None:
    _array(path / "obsm" / "far", dimension_separator="/../../../../beside/")


def _own_codec(path: Path, _: Place) -> None:
    _array(path / "obsm" / "far", compressor={"id": "pickle", "protocol": 5})


ZARR = [
    _zarr("chunk that links to a file beside", refused=True,
          change=_linked_to("{beside}/secret.txt", "obs/condition/codes/0")),
    _zarr("array that links to a folder beside", refused=True,
          change=_linked_to("{beside}", "X/data")),
    _zarr("relative link out of the folder", refused=True,
          change=_linked_to("../../beside/secret.txt", "secret")),
    _zarr("links in a circle", _linked_to(".", "circle")),
    _zarr("link to nothing", _linked_to("nowhere", "X/data/9")),
    _zarr("link to /dev/zero", _linked_to("/dev/zero", "X/data/0"), refused=True),
    _zarr("chunk that is a pipe", _fifo, refused=True),
    _zarr("array of pickles", _pickled, refused=True),
    _zarr("codec that is pickle", _own_codec, refused=True),
    _zarr("consolidated metadata with ..", _consolidated),
    _zarr("column-order with ..", _column_of_beside),
    _zarr("separator of chunks with ..", _separator),
    _zarr("metadata of 100,000 lists in one another", _deep_json),
    _zarr("metadata with a number of 5,000 digits", _long_number, refused=True),
    _zarr("chunks of 2^45 values", _far_chunks),
    _zarr("shape of 2^45 columns", _far_shape),
]  # fmt: skip

CASES = [*OUTSIDE, *BOMBS, *KEYS, *ZARR]
