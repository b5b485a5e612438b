"""A matrix is valid before it is used: from memory, dask, h5ad and zarr alike."""

from __future__ import annotations

import shutil
import warnings

import anndata as ad
import dask.array as da
import h5py
import numpy as np
import pytest
import scipy.sparse as sp
import zarr

from dtpscore._matrix.blocks import iter_blocks
from dtpscore.errors import DamagedError, InputWarning

N_CELLS, N_GENES = 40, 30
pytestmark = pytest.mark.filterwarnings(
    "ignore:The matrix on disk is stored by columns",
    "ignore:.*autosharding",
    "ignore:Writing zarr v2",
)


def counts():
    values = np.random.default_rng(3).poisson(0.7, (N_CELLS, N_GENES))
    return values.astype(np.float32)


def pointer(at, value):
    def damage(parts):
        parts["indptr"][at] = value

    return damage


def index(at, value):
    def damage(parts):
        parts["indices"][at] = value

    return damage


def without_last(name, n):
    def damage(parts):
        parts[name] = parts[name][:-n]

    return damage


def swapped(parts):
    parts["indptr"][[15, 16]] = parts["indptr"][[16, 15]] + [1, -1]


def shifted(parts):
    parts["indptr"] += 1


def ends_early(parts):
    parts["indptr"][-1] -= 2


def fractions(parts):
    parts["indptr"] = parts["indptr"] + 0.5


def twice(parts):
    first = parts["indptr"][np.flatnonzero(np.diff(parts["indptr"]) > 2)[1]]
    parts["indices"][first + 1] = parts["indices"][first]


DAMAGES = {
    "pointer far away": pointer(15, 10**6),
    "pointer below 0": pointer(15, -5),
    "pointers start late": pointer(0, 7),
    "pointers end early": ends_early,
    "pointers go back": swapped,
    "pointers shifted": shifted,
    "pointers of zeros": pointer(slice(10, 20), 0),
    "pointers cut off": without_last("indptr", 3),
    "pointers as fractions": fractions,
    "values cut off": without_last("data", 4),
    "indices cut off": without_last("indices", 4),
    "index outside": index(20, 10**6),
    "index below 0": index(20, -1),
    "index there twice": twice,
    "indices of zeros": index(slice(20, 60), 0),
}


def damaged(form, damage):
    """The parts of a matrix, and a scipy matrix that has them as they are."""
    matrix = getattr(sp, f"{form}_matrix")(counts())
    parts = {name: getattr(matrix, name) for name in ("data", "indices", "indptr")}
    damage(parts)
    for name, values in parts.items():
        setattr(matrix, name, values)
    return parts, matrix


def chunked(matrix):
    """A dask array with the matrix as its only chunk."""
    meta = sp.csr_matrix((0, 0), dtype=np.float32)
    zeros = da.zeros((N_CELLS, N_GENES), chunks=(N_CELLS, N_GENES), dtype=np.float32)
    return zeros.map_blocks(lambda _: matrix, meta=meta, token="damaged")


def stored(form, parts, folder, ending):
    """A file whose matrix has these parts."""
    path = folder / f"cells.{ending}"
    whole = ad.AnnData(getattr(sp, f"{form}_matrix")(counts()))
    getattr(whole, f"write_{ending}")(path)
    if ending == "h5ad":
        with h5py.File(path, "r+") as root:
            for name, values in parts.items():
                del root[f"X/{name}"]
                root[f"X/{name}"] = values
        return ad.io.sparse_dataset(h5py.File(path)["X"])
    root = zarr.open_group(str(path), mode="r+", use_consolidated=False)
    for name, values in parts.items():
        del root[f"X/{name}"]
        root["X"].create_array(name, data=values, chunks=(7,))
    return ad.io.sparse_dataset(root["X"])


@pytest.mark.slow
@pytest.mark.parametrize("place", ["memory", "dask", "h5ad", "zarr"])
@pytest.mark.parametrize("form", ["csr", "csc"])
@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_compressed_matrix_is_refused(name, form, place, tmp_path):
    parts, matrix = damaged(form, DAMAGES[name])
    if place == "dask":
        matrix = chunked(matrix)
    elif place != "memory":
        matrix = stored(form, parts, tmp_path, place)
    with pytest.raises(DamagedError, match="damaged"):
        list(iter_blocks(matrix, chunk_size=6))


def test_pairs_and_lists_and_blocks_are_checked():
    pairs = sp.coo_matrix(counts())
    pairs.coords[1][3] = N_GENES
    lists = sp.lil_matrix(counts())
    lists.rows[4] = [*lists.rows[4], 5]
    blocks = sp.bsr_matrix(counts(), blocksize=(4, 5))
    blocks.indices[3] = 99
    for matrix in (pairs, lists, blocks):
        with pytest.raises(DamagedError, match="damaged"):
            list(iter_blocks(matrix))


def test_the_place_of_the_fault_is_named():
    _, matrix = damaged("csr", pointer(15, 10**6))
    with pytest.raises(DamagedError, match="pointers go back at position 16"):
        list(iter_blocks(matrix))
    _, matrix = damaged("csr", twice)
    with pytest.raises(DamagedError, match=r"two values in row \d+, column \d+"):
        list(iter_blocks(matrix))


def zarr_of(matrix, folder, chunks):
    path = folder / "cells.zarr"
    ad.AnnData(matrix).write_zarr(path)
    root = zarr.open_group(str(path), mode="r+", use_consolidated=False)
    parts = (
        {"X": root["X"]}
        if isinstance(matrix, np.ndarray)
        else {f"X/{n}": root[f"X/{n}"] for n in ("data", "indices", "indptr")}
    )
    for place, array in parts.items():
        values, attributes = array[...], dict(array.attrs)
        del root[place]
        made = root.create_array(place, data=values, chunks=chunks[: values.ndim])
        made.attrs.update(attributes)
    return root["X"]


def pieces_of(array):
    folder = array.store.root / array.path
    return sorted(p for p in folder.rglob("*") if p.name[0].isdigit() and p.is_file())


@pytest.mark.parametrize("name", ["data", "indices", "indptr"])
def test_missing_pieces_of_a_zarr_store_are_not_read_as_zeros(name, tmp_path):
    group = zarr_of(sp.csr_matrix(counts()), tmp_path, (10,))
    pieces_of(group[name])[1].unlink()
    with pytest.raises(DamagedError, match=r"missing|go back"):
        list(iter_blocks(ad.io.sparse_dataset(group), chunk_size=6))


def test_pieces_that_zarr_left_out_as_zeros_are_right(tmp_path):
    """The first cells are empty and the others have one gene, the first one."""
    values = np.zeros((40, 30), np.float32)
    values[20:, 0] = 2
    group = zarr_of(sp.csr_matrix(values), tmp_path, (8,))
    assert len(pieces_of(group["indices"])) == 0
    assert len(pieces_of(group["indptr"])) < 6
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputWarning)
        blocks = list(iter_blocks(ad.io.sparse_dataset(group)))
    assert sum(block.data.sum() for block in blocks) == 40


def test_dense_pieces_that_are_missing_are_said_or_refused(tmp_path):
    values = counts() + 1
    values[:20, :15] = 0
    array = zarr_of(values, tmp_path, (20, 15))
    assert len(pieces_of(array)) == 3
    with pytest.warns(InputWarning, match="1 pieces of X .* not there"):
        (block,) = iter_blocks(array)
    assert block.data.sum() == values.sum()
    for piece in pieces_of(array)[-2:]:
        piece.unlink()
    with pytest.raises(DamagedError, match="3 or more pieces of its values"):
        list(iter_blocks(array))


def test_shape_that_names_very_many_pieces_is_soon_refused(tmp_path):
    array = zarr_of(counts(), tmp_path, (20, 15))
    described = array.store.root / array.path / "zarr.json"
    old = array.store.root / array.path / ".zarray"
    file = described if described.exists() else old
    text = file.read_text().replace("40,", "4000000000000,")
    file.write_text(text)
    root = zarr.open_group(str(array.store.root), use_consolidated=False)
    with pytest.raises(DamagedError, match="missing"):
        list(iter_blocks(root["X"]))


def test_a_piece_that_unpacks_to_more_than_it_should_is_refused(tmp_path):
    import zlib

    path = tmp_path / "cells.h5ad"
    with h5py.File(path, "w") as file:
        made = file.create_dataset("X", (40, 30), "f4", chunks=(40, 30), compression=4)
        made.id.write_direct_chunk((0, 0), zlib.compress(bytes(50_000_000)))
    with h5py.File(path) as file, pytest.raises(DamagedError, match="more values"):
        list(iter_blocks(file["X"]))


def test_reading_errors_of_any_class_are_one_error(tmp_path):
    group = zarr_of(sp.csr_matrix(counts()), tmp_path, (400,))
    piece = pieces_of(group["data"])[0]
    piece.write_bytes(piece.read_bytes()[:40])
    with pytest.raises(DamagedError, match="could not be read to its end"):
        list(iter_blocks(ad.io.sparse_dataset(group)))
    shutil.rmtree(group.store.root)
