"""``dtpscore.tl.score`` gives the same numbers from every input, thread and process."""

from __future__ import annotations

import multiprocessing
import warnings
from concurrent.futures import ThreadPoolExecutor

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from small_counts import (
    COUNTS,
    GENES,
    build,
    in_one_block,
    make_cells,
    make_pack,
    scored,
)

import dtpscore as dtp
from dtpscore._methods.registry import METHODS
from dtpscore._options.score import ScoreOptions
from dtpscore._scoring.run import score_matrix
from dtpscore.errors import InputWarning


@pytest.fixture(scope="module")
def pack(make_signature):
    return make_pack(make_signature)


@pytest.fixture
def adata():
    return make_cells()


@pytest.fixture(scope="module")
def expected(pack) -> dict[str, np.ndarray]:
    return {method: in_one_block(pack, method) for method in METHODS}


IN_MEMORY = {
    "dense_float64": lambda x: x.astype(np.float64),
    "dense_float32": lambda x: x.astype(np.float32),
    "dense_int64": lambda x: x,
    "dense_uint16": lambda x: x.astype(np.uint16),
    "dense_fortran": lambda x: np.asfortranarray(x.astype(np.float64)),
    "csr_matrix_float32": lambda x: sp.csr_matrix(x.astype(np.float32)),
    "csr_matrix_int32": lambda x: sp.csr_matrix(x.astype(np.int32)),
    "csr_array_float64": lambda x: sp.csr_array(x.astype(np.float64)),
    "csc_matrix_float32": lambda x: sp.csc_matrix(x.astype(np.float32)),
    "csc_array_int64": lambda x: sp.csc_array(x),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", IN_MEMORY)
def test_storage_does_not_change_scores(form, method, pack, expected):
    adata = build(IN_MEMORY[form](COUNTS))
    np.testing.assert_array_equal(scored(adata, pack, method=method), expected[method])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["csr", "csc", "dense"])
def test_backed_h5ad_does_not_change_scores(form, method, pack, expected, tmp_path):
    make = {"csr": sp.csr_matrix, "csc": sp.csc_matrix, "dense": np.asarray}[form]
    build(make(COUNTS.astype(np.float32))).write_h5ad(tmp_path / "x.h5ad")
    backed = ad.read_h5ad(tmp_path / "x.h5ad", backed="r")
    try:
        got = scored(backed, pack, method=method, chunk_size=10)
    finally:
        backed.file.close()
    np.testing.assert_array_equal(got, expected[method])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["csr", "dense"])
def test_zarr_on_disk_does_not_change_scores(form, method, pack, expected, tmp_path):
    import zarr
    from anndata.io import sparse_dataset

    make = {"csr": sp.csr_matrix, "dense": np.asarray}[form]
    build(make(COUNTS.astype(np.float32))).write_zarr(tmp_path / "x.zarr")
    stored = zarr.open(tmp_path / "x.zarr", mode="r")["X"]
    matrix = sparse_dataset(stored) if form == "csr" else stored
    options = ScoreOptions(method=method, chunk_size=10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        result = score_matrix(matrix, GENES, pack, options)
    np.testing.assert_array_equal(result.scores, expected[method])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["csr", "dense"])
def test_dask_does_not_change_scores(form, method, pack, expected):
    dask_array = pytest.importorskip("dask.array")
    matrix = dask_array.from_array(COUNTS.astype(np.float64), chunks=(9, 50))
    if form == "csr":
        matrix = matrix.rechunk((9, -1)).map_blocks(sp.csr_matrix)
    got = scored(build(matrix), pack, method=method, lazy=False)
    np.testing.assert_array_equal(got, expected[method])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("chunk_size", "n_jobs"), [(1, 1), (7, 2), (1000, 2)])
def test_blocks_and_threads_do_not_change_scores(
    chunk_size, n_jobs, method, adata, pack, expected
):
    got = scored(adata, pack, method=method, chunk_size=chunk_size, n_jobs=n_jobs)
    np.testing.assert_array_equal(got, expected[method])


def test_layer_raw_and_gene_symbols_reach_the_same_numbers(adata, pack, expected):
    adata.layers["counts"] = adata.X.copy()
    adata.raw = adata.copy()
    adata.X = sp.csr_matrix(np.zeros_like(COUNTS, dtype=np.float32))
    adata.var["name"] = GENES
    adata.var_names = [f"id{number}" for number in range(len(GENES))]
    layered = scored(adata, pack, layer="counts", gene_symbols="name")
    np.testing.assert_array_equal(layered, expected["ucell"])
    params = adata.uns["dtp_scores"]["params"]
    assert (params["layer"], params["gene_symbols"]) == ("counts", "name")
    raw = scored(adata, pack, use_raw=True)
    np.testing.assert_array_equal(raw, expected["ucell"])
    assert adata.uns["dtp_scores"]["params"]["use_raw"] is True


def test_raw_is_not_used_unless_asked_for(adata, pack, expected):
    adata.raw = adata.copy()
    adata.raw.X.data[:] = 1.0
    np.testing.assert_array_equal(scored(adata, pack), expected["ucell"])


@pytest.mark.parametrize("dtype", ["int8", "uint32", "uint64", "float16", ">f4"])
def test_rare_types_of_numbers_give_the_same_scores(dtype, pack, expected):
    adata = build(np.minimum(COUNTS, 127).astype(dtype))
    usual = scored(build(np.minimum(COUNTS, 127).astype(np.float64)), pack)
    np.testing.assert_array_equal(scored(adata, pack), usual)


def test_booleans_are_read_as_zero_and_one(pack):
    detected = COUNTS > 0
    plain = scored(build(detected.astype(np.float32)), pack)
    np.testing.assert_array_equal(scored(build(detected), pack), plain)
    np.testing.assert_array_equal(scored(build(sp.csr_matrix(detected)), pack), plain)


def test_threads_of_a_pool_give_the_same_scores_and_leave_warnings_alone(
    adata, pack, expected
):
    def score(start):
        view = adata[start : start + 20]
        dtp.tl.score(view, pack)
        return start, view.obsm["dtp_scores"].to_numpy()

    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(score, range(12)))
    assert list(warnings.filters) == before
    for start, scores in found:
        np.testing.assert_array_equal(scores, expected["ucell"][start : start + 20])


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="no fork here"
)
def test_process_forked_after_scoring_can_score(adata, pack, expected):
    """GNU OpenMP ends a process that uses threads its parent has started."""
    scored(adata, pack)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    with warnings.catch_warnings():
        # Python 3.12 warns of every fork in a process with threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = context.Process(target=_score_into, args=(queue, pack))
        child.start()
    child.join(60)
    assert child.exitcode == 0
    np.testing.assert_array_equal(queue.get(), expected["ucell"])


def _score_into(queue, pack):
    queue.put(scored(make_cells(), pack))
