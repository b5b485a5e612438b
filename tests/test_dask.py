"""dask arrays, here and on a cluster of separate processes."""

from __future__ import annotations

import os
import signal

import anndata as ad
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from local_cluster import PATIENCE, noting, readers

from dtpscore import tl
from dtpscore._matrix.blocks import source
from dtpscore._methods.registry import METHODS
from dtpscore._methods.run import method_parts, run_method
from dtpscore._options.score import ScoreOptions
from dtpscore.errors import DataError

pytestmark = pytest.mark.slow

da = pytest.importorskip("dask.array")
pytest.importorskip("distributed")

N_CELLS, N_GENES, ROWS = 90, 300, 20


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(4)
    depth = rng.lognormal(0, 0.5, (N_CELLS, 1))
    values = rng.poisson(rng.lognormal(-1, 1.2, N_GENES) * depth)
    return sp.csr_matrix(values.astype(np.float32))


@pytest.fixture(scope="module")
def net():
    rng = np.random.default_rng(5)
    pairs = [
        (genes[:size], genes[size:])
        for size in (4, 10, 25)
        for genes in [rng.choice(N_GENES, 2 * size, replace=False)]
    ]
    return reference.make_net(pairs, N_GENES)


def lazy(counts, *, sparse=True):
    array = da.from_array(counts.toarray(), chunks=(ROWS, N_GENES // 2))
    return array.map_blocks(sp.csr_matrix) if sparse else array


def run(matrix, net, method="ucell", *, control=False, **more):
    options = ScoreOptions(max_rank=150, normalize="log1p")
    return run_method(
        matrix, net, method=method, options=options, control=control, **more
    )


def parts(matrix, net):
    options = ScoreOptions(max_rank=150, normalize="log1p")
    more = {"control": False, "chunk_size": None, "n_jobs": None}
    return method_parts(source(matrix), net, method="ucell", options=options, **more)


def same(one, other):
    for name in ("scores", "z", "pvalue"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("method", list(METHODS))
def test_threads_give_the_numbers_of_the_matrix_in_memory(counts, net, method, sparse):
    control = METHODS[method].linear
    same(
        run(lazy(counts, sparse=sparse), net, method, control=control, n_jobs=2),
        run(counts, net, method, control=control),
    )


@pytest.mark.parametrize("method", list(METHODS))
def test_a_cluster_gives_the_numbers_of_the_matrix_in_memory(
    client, counts, net, method
):
    control = METHODS[method].linear
    found = run(lazy(counts), net, method, control=control, chunk_size=7)
    same(found, run(counts, net, method, control=control))


def test_workers_read_the_partitions_and_nothing_is_read_before(
    client, counts, net, tmp_path
):
    matrix = lazy(counts).rechunk((ROWS, N_GENES))
    matrix = matrix.map_blocks(noting(tmp_path), meta=counts[:0])
    assert readers(tmp_path) == []
    run(matrix, net)
    assert len(readers(tmp_path)) == len(matrix.chunks[0])
    assert os.getpid() not in readers(tmp_path)


def test_a_killed_worker_loses_nothing(client, cluster, counts, net, tmp_path):
    victim = cluster.add_worker()
    client.wait_for_workers(3, timeout=PATIENCE)
    matrix = da.from_array(counts.toarray(), chunks=(3, N_GENES))
    matrix = matrix.map_blocks(noting(tmp_path, 0.05), meta=counts.toarray()[:0])
    expected = run(counts, net)
    seen = 0
    for rows, part in parts(matrix, net):
        np.testing.assert_array_equal(part.scores, expected.scores[rows])
        seen += rows.stop - rows.start
        if victim.pid in readers(tmp_path) and victim.poll() is None:
            assert seen < N_CELLS
            victim.kill()
            victim.wait()
    assert seen == N_CELLS
    assert victim.returncode == -signal.SIGKILL
    assert len(set(readers(tmp_path))) > 1


def test_errors_of_a_worker_name_the_row_of_the_whole_matrix(client, counts, net):
    broken = counts.toarray()
    broken[53, 2] = np.nan
    with pytest.raises(DataError, match=r"nan in row 53, column 2"):
        run(da.from_array(broken, chunks=(ROWS, N_GENES)), net)


@pytest.mark.parametrize("waits", [False, True])
def test_tl_score_reads_a_lazy_store_on_the_cluster(
    client, counts, tmp_path, make_signature, waits
):
    import zarr
    from anndata.experimental import read_elem_lazy
    from anndata.io import write_elem

    genes = [f"GENE{i}" for i in range(N_GENES)]
    signature = make_signature("one", up=genes[:9], down=genes[20:30])
    write_elem(zarr.open_group(tmp_path, mode="w"), "X", counts)
    stored = zarr.open_group(tmp_path, mode="r")["X"]
    found = []
    for matrix in (counts, read_elem_lazy(stored, chunks=(ROWS, N_GENES))):
        adata = ad.AnnData(matrix)
        adata.var_names = genes
        tl.score(adata, signature, control=True, lazy=None if waits else False)
        assert ("dtp_scores_axes" in adata.obsm) == (waits and matrix is not counts)
        tl.compute(adata)
        found.append(adata)
    assert hasattr(found[1].X, "dask")
    for key in ("dtp_scores", "dtp_scores_z", "dtp_scores_pvalue"):
        np.testing.assert_array_equal(found[0].obsm[key], found[1].obsm[key])


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_the_command_line_scores_a_file_on_the_cluster(
    client, cells, tmp_path, command, ending
):
    path = tmp_path / f"cells.{ending}"
    getattr(cells, f"write_{ending}")(path)
    plain, spread = tmp_path / f"plain.{ending}", tmp_path / f"spread.{ending}"
    options = ("--axis", "emt", "--method", "mean", "--control", "-q")
    address = client.scheduler.address
    assert command("score", path, "-o", plain, *options)[0] == 0
    code, _, err = command("score", path, "-o", spread, *options, "--dask", address)
    assert code == 0, err
    first, second = (getattr(ad, f"read_{ending}")(file) for file in (plain, spread))
    for key in ("dtp_scores", "dtp_scores_z", "dtp_scores_pvalue"):
        np.testing.assert_array_equal(first.obsm[key], second.obsm[key])
    np.testing.assert_array_equal(first.obs["dtp_emt"], second.obs["dtp_emt"])
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(
        (path.name, plain.name, spread.name)
    )


def test_a_scheduler_that_does_not_answer_is_named(path, out, command, monkeypatch):
    monkeypatch.setattr("dtpscore._matrix.partitions._PATIENCE", "1s")
    code, _, err = command("score", path, "-o", out, "--dask", "tcp://127.0.0.1:9")
    assert code == 2
    assert "No dask scheduler answers at 'tcp://127.0.0.1:9'" in err
    assert not out.exists()


def test_a_matrix_stored_by_columns_is_refused(client, cells, tmp_path, out, command):
    path = tmp_path / "columns.h5ad"
    columns = cells.copy()
    columns.X = columns.X.tocsc()
    columns.write_h5ad(path)
    code, _, err = command("score", path, "-o", out, "--dask", client.scheduler.address)
    assert code == 3
    assert "stored by columns" in err
