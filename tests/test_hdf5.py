"""Arrays read past HDF5 are those that HDF5 reads, or are left to it."""

from __future__ import annotations

import gc
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from anndata.io import sparse_dataset, write_elem
from hypothesis import given, settings
from hypothesis import strategies as st

from dtpscore._matrix.blocks import iter_blocks, source
from dtpscore._matrix.hdf5 import pieces
from dtpscore._matrix.stretches import Stretches
from dtpscore._methods.run import run_method
from dtpscore._options.score import ScoreOptions
from dtpscore.errors import DataError

pytestmark = pytest.mark.skipif(
    not hasattr(os, "preadv"), reason="the system cannot read at a position"
)

GZIP = {"compression": "gzip"}
N = 1_003
OPEN_FILES = Path("/proc/self/fd")
# Arrays that are read straight from the file.
DIRECT = {
    "contiguous": ("f4", (N,), {}),
    "chunked": ("f4", (N,), {"chunks": (100,), "maxshape": (None,)}),
    "one large chunk": ("f4", (N,), {"chunks": (4_000,), "maxshape": (None,)}),
    "gzip": ("f4", (N,), {"chunks": (64,), **GZIP}),
    "gzip after shuffling": ("f4", (N,), {"chunks": (64,), "shuffle": True, **GZIP}),
    "doubles": ("f8", (N,), {"chunks": (64,), "shuffle": True, **GZIP}),
    "halves": ("f2", (N,), {}),
    "wide columns": ("i8", (N,), {"chunks": (33,)}),
    "bytes": ("u1", (N,), {"chunks": (33,), "shuffle": True, **GZIP}),
    "dense": ("f4", (N, 7), {}),
    "dense in whole rows": ("i2", (N, 7), {"chunks": (10, 7), **GZIP}),
}
# Arrays that HDF5 has to read.
LEFT = {
    "lzf": ("f4", (N,), {"chunks": (64,), "compression": "lzf"}),
    "checksums": ("f4", (N,), {"chunks": (64,), "fletcher32": True}),
    "shuffled only": ("f4", (N,), {"chunks": (64,), "shuffle": True}),
    "other byte order": (">f4", (N,), {}),
    "booleans": ("?", (N,), {}),
    "pieces of rows": ("f4", (N, 7), {"chunks": (10, 5)}),
    "large compressed chunk": ("f8", (2**17 + 1,), {"chunks": (2**17 + 1,), **GZIP}),
    "no values": ("f4", (0,), {"chunks": (64,), "maxshape": (None,)}),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """All arrays of the tables above, in one file that is open for reading."""
    path = tmp_path_factory.mktemp("hdf5") / "arrays.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for name, (dtype, shape, choices) in {**DIRECT, **LEFT}.items():
            values = rng.poisson(1, shape).astype(dtype)
            file.create_dataset(name, data=values, **choices)
            # Something between the pieces of one array and those of the next.
            file.create_dataset(f"after {name}", data=b"text")
    with h5py.File(path) as file:
        yield file


@pytest.mark.parametrize("name", list(DIRECT))
@settings(max_examples=40, deadline=None)
@given(ends=st.tuples(*[st.integers(-N - 5, N + 5) | st.integers(0, N)] * 2))
def test_any_rows_are_those_of_hdf5(stored, name, ends):
    found, expected = pieces(stored[name])[slice(*ends)], stored[name][:][slice(*ends)]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", list(LEFT))
def test_what_hdf5_has_to_read_is_left_to_it(stored, name):
    assert pieces(stored[name]) is None


def test_chunks_in_any_order_in_the_file(tmp_path):
    values = np.arange(N, dtype=np.float32)
    with h5py.File(tmp_path / "mixed.h5", "w") as file:
        made = file.create_dataset("data", (N,), "f4", chunks=(50,))
        for start in np.random.default_rng(1).permutation(range(0, N, 50)):
            made[start : start + 50] = values[start : start + 50]
    with h5py.File(tmp_path / "mixed.h5") as file:
        direct = pieces(file["data"])
        np.testing.assert_array_equal(direct[:], values)
        np.testing.assert_array_equal(direct[120:777], values[120:777])


def test_files_that_are_not_plain_are_left_to_hdf5(tmp_path):
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["data"] = np.arange(5.0)
    with h5py.File(path) as file:
        assert pieces(file["data"]) is None
    with h5py.File(path, "w", libver="latest") as file:
        file["data"] = np.arange(5.0)
        assert pieces(file["data"]) is None
    for choices in ({"mode": "r+"}, {"driver": "core"}, {"swmr": True}):
        with h5py.File(path, **choices) as file:
            assert pieces(file["data"]) is None
    with path.open("rb") as opened, h5py.File(opened) as file:
        assert pieces(file["data"]) is None
    assert pieces(np.arange(5.0)) is None


def test_file_whose_name_another_has_now_is_left_to_hdf5(tmp_path):
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(5.0)
    with h5py.File(path) as file:
        path.rename(tmp_path / "away.h5")
        assert pieces(file["data"]) is None
        path.write_bytes(b"something else")
        assert pieces(file["data"]) is None


def test_values_that_are_elsewhere_are_left_to_hdf5(tmp_path):
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file.create_dataset("never written", (100,), "f4", chunks=(10,))
        file.create_dataset("without room", (100,), "f4")
        half = file.create_dataset("half written", (100,), "f4", chunks=(10,))
        half[:50] = 1
        outside = [(tmp_path / "outside.bin", 0, 400)]
        file.create_dataset("outside", (100,), "f4", external=outside)[:] = 1
        layout = h5py.VirtualLayout((100,), "f4")
        layout[:] = h5py.VirtualSource(half)
        file.create_virtual_dataset("virtual", layout)
        small = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        small.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3,))
        h5py.h5d.create(file.id, b"compact", h5py.h5t.NATIVE_FLOAT, space, small)
        narrow = h5py.h5t.NATIVE_INT32.copy()
        narrow.set_precision(24)
        h5py.h5d.create(file.id, b"24 bits", narrow, space)
        skipped = file.create_dataset(
            "filter skipped", (20,), "f4", chunks=(10,), **GZIP
        )
        skipped[:] = 1
        skipped.id.write_direct_chunk((0,), np.ones(10, "f4").tobytes(), filter_mask=1)
        names = list(file)
    assert len(names) == 8
    with h5py.File(tmp_path / "odd.h5") as file:
        assert [name for name in names if pieces(file[name]) is not None] == []


def test_many_threads_read_at_once(stored):
    rng = np.random.default_rng(0)
    for name in ("chunked", "gzip", "dense"):
        direct, expected = pieces(stored[name]), stored[name][:]
        places = [slice(*sorted(pair)) for pair in rng.integers(0, N + 1, (200, 2))]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(direct.__getitem__, places))
        for rows, values in zip(places, found, strict=True):
            np.testing.assert_array_equal(values, expected[rows])


@pytest.mark.parametrize("choices", [{}, {"chunks": (50,)}, {"chunks": (50,), **GZIP}])
def test_file_that_is_cut_off_while_it_is_open(tmp_path, choices):
    path = tmp_path / "cut.h5"
    with h5py.File(path, "w") as file:
        values = np.random.default_rng(0).random(N)
        file.create_dataset("data", data=values, **choices)
    with h5py.File(path) as file:
        direct = pieces(file["data"])
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(
            DataError, match=r"cut\.h5 could not be read.*ends before its values do"
        ):
            direct[:]


@pytest.mark.parametrize(
    ("bytes_there", "text"),
    [
        (
            b"this is not compressed at all",
            "read to its end: Error -3 while decompressing",
        ),
        (
            zlib.compress(b"\0" * 12),
            "read to its end: a piece has more values than it should, or fewer",
        ),
    ],
)
def test_bytes_that_cannot_be_decompressed(tmp_path, bytes_there, text):
    with h5py.File(tmp_path / "bad.h5", "w") as file:
        made = file.create_dataset("data", (100,), "f4", chunks=(50,), **GZIP)
        made[:] = 1
        made.id.write_direct_chunk((50,), bytes_there)
    with h5py.File(tmp_path / "bad.h5") as file:
        direct = pieces(file["data"])
        assert direct[:50].sum() == 50
        with pytest.raises(DataError, match=text):
            direct[40:60]


@pytest.mark.slow
@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="counts open files")
def test_files_are_closed(stored):
    # What earlier tests left open would be closed meanwhile.
    gc.collect()
    before = len(list(OPEN_FILES.iterdir()))
    held = [pieces(stored["gzip"]) for _ in range(5)]
    assert len(list(OPEN_FILES.iterdir())) == before + 5
    del held
    gc.collect()
    assert len(list(OPEN_FILES.iterdir())) == before


def test_a_file_can_be_written_once_it_is_closed(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["data"] = np.arange(5.0)
    with h5py.File(tmp_path / "data.h5") as file:
        direct = pieces(file["data"])
    with h5py.File(tmp_path / "data.h5", "r+") as file:
        file["more"] = direct[:]
        assert file["more"][4] == 4


@pytest.mark.parametrize(
    "choices",
    [{}, {"chunks": (64,)}, {"chunks": (64,), **GZIP}, {"compression": "lzf"}],
    ids=["as anndata writes", "small chunks", "gzip", "lzf"],
)
@pytest.mark.parametrize("mode", ["r", "r+"])
def test_scores_do_not_depend_on_how_a_file_is_read(tmp_path, choices, mode):
    matrix = sp.random_array((90, 50), density=0.3, format="csr", rng=0)
    net = reference.make_net([([1, 4, 30], [7, 8]), ([40, 41], [])], 50)
    with h5py.File(tmp_path / "cells.h5", "w") as file:
        write_elem(file, "X", matrix, dataset_kwargs=choices)
    with h5py.File(tmp_path / "cells.h5", mode) as file:
        on_disk = sparse_dataset(file["X"])
        assert source(on_disk).shared == (mode == "r" and "lzf" not in choices.values())
        for method in ("ucell", "tirosh"):
            how = {"method": method, "options": ScoreOptions(max_rank=20, n_bins=5)}
            expected = run_method(matrix, net, **how).scores
            for chunk_size, n_jobs in ((None, None), (1, 2), (7, 1), (40, 2)):
                found = run_method(
                    on_disk, net, **how, chunk_size=chunk_size, n_jobs=n_jobs
                )
                np.testing.assert_array_equal(found.scores, expected)
        rows = [block.data for block in iter_blocks(on_disk, chunk_size=9)]
        np.testing.assert_array_equal(np.concatenate(rows), matrix.data)


class Counted:
    """An array with chunks that notes what was read."""

    def __init__(self, values, chunk):
        self.values, self.chunks, self.shape = values, (chunk,), values.shape
        self.read = []

    def __getitem__(self, place):
        self.read.append(place.start)
        return self.values[place]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 30),
    st.lists(st.tuples(*[st.integers(-110, 110)] * 2), max_size=9),
)
def test_stretches_are_the_array(chunk, least, places):
    values = np.arange(100)
    array = Stretches(Counted(values, chunk), least)
    for start, stop in places:
        np.testing.assert_array_equal(array[start:stop], values[start:stop])


def test_each_stretch_is_read_once_from_front_to_back():
    stored = Counted(np.arange(100), 8)
    array = Stretches(stored, 20)
    for start in range(0, 100, 5):
        assert array[start : start + 5].tolist() == [*range(start, start + 5)]
    assert stored.read == [0, 24, 48, 72, 96]
