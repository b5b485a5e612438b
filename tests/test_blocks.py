"""One matrix in every form gives one stream of canonical rows and one result."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import reference
import scipy.sparse as sp
import zarr

from dtpscore._matrix.blocks import iter_blocks, n_rows_cols, source
from dtpscore._methods.registry import METHODS
from dtpscore._methods.run import run_method
from dtpscore._options.score import ScoreOptions
from dtpscore.errors import DataError, InputWarning

N_ROWS, N_GENES = 37, 50
KINDS = [
    "ndarray",
    "fortran",
    "csr_matrix",
    "csr_array",
    "csc_matrix",
    "csc_array",
    "coo_array",
    "h5ad csr",
    "h5ad csc",
    "zarr csr",
    "h5py dense",
    "zarr dense",
    "dask dense",
    "dask sparse",
]


@pytest.fixture(scope="module")
def dense():
    rng = np.random.default_rng(0)
    values = rng.poisson(rng.lognormal(-0.5, 1, N_GENES), (N_ROWS, N_GENES))
    values[[5, 36]] = 0
    return values.astype(np.float32)


@pytest.fixture
def as_kind(tmp_path):
    """A function that turns a dense array into a matrix of a named kind."""

    def make(values, kind):
        if kind == "ndarray":
            return values
        if kind == "fortran":
            return np.asfortranarray(values)
        if kind.startswith(("csr", "csc", "coo")):
            return getattr(sp, kind)(values)
        if kind.startswith("dask"):
            return as_dask(values, sparse=kind.endswith("sparse"))
        return on_disk(values, kind, tmp_path)

    return make


def as_dask(values, *, sparse):
    array = pytest.importorskip("dask.array")
    lazy = array.from_array(values, chunks=(8, 20))
    if sparse:
        lazy = lazy.rechunk((8, -1)).map_blocks(sp.csr_matrix, dtype=values.dtype)
    return lazy


def on_disk(values, kind, folder):
    from anndata.io import sparse_dataset, write_elem

    store, layout = kind.split()
    if store.startswith("h5"):
        group = h5py.File(folder / "data.h5", "w")
    else:
        group = zarr.open_group(folder / "data.zarr", mode="w")
    if layout == "dense":
        write_elem(group, "X", values)
        return group["X"]
    write_elem(group, "X", getattr(sp, f"{layout}_matrix")(values))
    return sparse_dataset(group["X"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk_size", [None, 1, 10])
@pytest.mark.filterwarnings("ignore:The matrix on disk is stored by columns")
def test_blocks_cover_the_matrix_in_canonical_form(dense, as_kind, kind, chunk_size):
    matrix = as_kind(dense, kind)
    assert n_rows_cols(matrix) == (N_ROWS, N_GENES)
    at = 0
    for block in iter_blocks(matrix, chunk_size=chunk_size):
        assert block.start == at
        assert block.n_rows <= (chunk_size or N_ROWS)
        at = block.stop
        assert block.data.dtype == np.float32
        assert block.indices.dtype == np.int32
        assert block.indptr.dtype == np.int64
        assert block.indptr[0] == 0
        rows = sp.csr_array(
            (block.data, block.indices, block.indptr), (block.n_rows, N_GENES)
        )
        assert rows.has_canonical_format
        assert np.all(rows.data != 0)
        np.testing.assert_array_equal(rows.toarray(), dense[block.start : block.stop])
    assert at == N_ROWS


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:The matrix on disk is stored by columns")
def test_scores_do_not_depend_on_the_kind_of_matrix(dense, as_kind, method, kind):
    net = reference.make_net([([1, 4, 30], [7, 8]), ([40, 41], [])], N_GENES)
    choices = {"method": method, "options": ScoreOptions(max_rank=20, n_bins=5)}
    expected = run_method(dense, net, **choices).scores
    found = run_method(as_kind(dense, kind), net, **choices, chunk_size=9).scores
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("normalize", [None, "log1p"])
@pytest.mark.parametrize(
    "dtype", ["f2", "f8", ">f4", "i1", "i4", ">i8", "u2", "u8", "longdouble"]
)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix])
def test_scores_do_not_depend_on_the_number_type(dense, dtype, make, normalize):
    if make is sp.csr_matrix and dtype in ("f2", ">f4", ">i8"):
        pytest.skip("scipy does not hold this type")
    net = reference.make_net([([1, 4, 30], [7, 8]), ([40, 41], [])], N_GENES)
    for method in METHODS:
        options = ScoreOptions(max_rank=20, n_bins=5, normalize=normalize)
        expected, found = (
            run_method(matrix, net, method=method, options=options).scores
            for matrix in (dense, make(dense.astype(dtype)))
        )
        np.testing.assert_array_equal(found, expected)


def test_large_counts_keep_every_digit():
    values = np.array([[2**24 + 1, 2**24, 0], [1, 2, 3]], dtype=np.int64)
    (block,) = iter_blocks(values)
    assert block.data.dtype == np.float64
    np.testing.assert_array_equal(block.data, [2**24 + 1, 2**24, 1, 2, 3])


def test_untidy_rows_are_tidied_on_a_copy():
    # Row 0 is unsorted and has a stored zero.
    data = np.array([5.0, 3, 0, 7], dtype=np.float32)
    indices = np.array([3, 1, 0, 4], dtype=np.int32)
    matrix = sp.csr_matrix((data, indices, [0, 3, 4]), shape=(2, 5))
    (block,) = iter_blocks(matrix)
    np.testing.assert_array_equal(block.indices, [1, 3, 4])
    np.testing.assert_array_equal(block.data, [3, 5, 7])
    np.testing.assert_array_equal(matrix.data, data)
    np.testing.assert_array_equal(matrix.indices, indices)


def test_log1p_is_log_of_counts_per_ten_thousand(dense):
    counts = dense.copy()
    counts[0, :3] = [1000, 300.5, 0.25]
    totals = counts.sum(axis=1, dtype=float, keepdims=True)
    expected = np.log1p(
        counts * np.divide(1e4, totals, where=totals > 0, out=totals * 0)
    )
    for block in iter_blocks(counts, chunk_size=5, normalize="log1p"):
        rows = sp.csr_array(
            (block.data, block.indices, block.indptr), (block.n_rows, 50)
        )
        np.testing.assert_allclose(
            rows.toarray(), expected[block.start : block.stop], rtol=1e-12
        )


@pytest.mark.parametrize("kind", ["ndarray", "csr_matrix", "csc_matrix", "dask dense"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(dense, as_kind, kind, value):
    broken = dense.copy()
    broken[12, 34] = value
    with pytest.raises(DataError, match="row 12, column 34"):
        list(iter_blocks(as_kind(broken, kind), chunk_size=5))


def test_counts_below_zero_are_not_normalized(dense):
    broken = dense.copy()
    broken[12, 34] = -1
    with pytest.raises(DataError, match=r"Row 12 .* below 0.*cannot be normalized"):
        list(iter_blocks(broken, chunk_size=5, normalize="log1p"))


def test_column_outside_the_matrix_is_refused(dense):
    matrix = sp.csr_matrix(dense)
    matrix.indices[-1] = N_GENES
    with pytest.raises(DataError, match="50 columns, but a value is stored outside"):
        list(iter_blocks(matrix))


@pytest.mark.parametrize(
    ("matrix", "text"),
    [
        (np.zeros(3), r"shape \(3,\)"),
        ([[1, 2]], "builtins.list"),
        (np.array([["a", "b"]]), "real numbers"),
        (np.array([[1j]]), "real numbers"),
    ],
)
def test_other_things_are_refused(matrix, text):
    with pytest.raises(DataError, match=text):
        list(iter_blocks(matrix))


def test_dask_array_of_unknown_length_is_refused(dense):
    lazy = as_dask(dense, sparse=False)
    with pytest.raises(DataError, match="compute_chunk_sizes"):
        list(iter_blocks(lazy[lazy[:, 0] >= 0]))


def test_dask_chunks_are_computed_one_at_a_time(dense):
    array = pytest.importorskip("dask.array")
    seen = []

    def note(part, block_info=None):
        seen.append(block_info[0]["array-location"][0])
        return part

    lazy = array.from_array(dense, chunks=(10, -1))
    lazy = lazy.map_blocks(note, dtype=dense.dtype, meta=dense[:0])
    done = 0
    for block in iter_blocks(lazy, chunk_size=4):
        done += block.n_rows
        # The chunk in use and the one read ahead.
        assert len(seen) <= block.start // 10 + 2
    assert done == N_ROWS
    assert [first for first, _ in seen] == [0, 10, 20, 30]


def test_column_compressed_file_warns(dense, as_kind):
    with pytest.warns(InputWarning, match="stored by columns"):
        list(iter_blocks(as_kind(dense, "h5ad csc")))


def test_source_is_read_again_without_converting(dense):
    once = source(sp.csc_matrix(dense))
    assert source(once) is once
    first, again = (
        np.concatenate([b.data for b in iter_blocks(once, chunk_size=4)]) for _ in "ab"
    )
    np.testing.assert_array_equal(first, again)
    assert first.size == np.count_nonzero(dense)


def test_in_memory_rows_are_not_copied(dense):
    matrix = sp.csr_matrix(dense)
    (block,) = iter_blocks(matrix)
    assert np.shares_memory(block.data, matrix.data)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:The matrix on disk is stored by columns")
def test_no_rows_give_no_blocks(dense, as_kind, kind):
    if kind.startswith("dask"):
        matrix = as_kind(dense, kind)[:0]
    else:
        matrix = as_kind(dense[:0], kind)
    assert sum(block.n_rows for block in iter_blocks(matrix)) == 0
