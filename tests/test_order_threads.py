"""Orders do not depend on threads of linear algebra, nor neighbors on rounding."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from dtpscore._ordering import diffusion
from dtpscore._ordering.neighbors import nearest
from dtpscore._ordering.one_thread import one_blas_thread

pytestmark = pytest.mark.slow

# Cells of case 27: with noise in self-distances, one and two threads gave orders whose
# rank correlation was 0.885.
ORDER = """
import hashlib, logging, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import numpy as np
import dtpscore as dtp
cells = dtp.datasets.simulate(
    n_cells=300, n_genes=4600, n_replicates=2, days=(7,), seed=6, depth=1500
)
keys = {"groupby": "condition", "reference": "parental", "n_roots": 3}
if METHOD == "ordinal":
    keys |= {"time_key": "day", "replicate_key": "replicate", "holiday": "holiday"}
dtp.tl.pseudotime(cells, **keys, n_subsamples=2)
dtp.tl.trends(cells, n_permutations=19, n_bootstrap=19)
record, trends = cells.uns["dtp_pseudotime"], cells.uns["dtp_trends"]
assert record["method"] == METHOD
parts = [
    cells.obs["dtp_pseudotime"].to_numpy(),
    cells.obs["dtp_pseudotime_dpt"].to_numpy(),
    record["model"]["loadings"].to_numpy(),
    record["direction"][["rho"]].to_numpy(),
    trends["curves"]["mean"].to_numpy(),
    trends["features"]["p"].to_numpy(),
]
print(hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts))
      .hexdigest())
"""


@pytest.mark.parametrize("method", ["dpt", "ordinal"])
def test_one_and_two_blas_threads_give_the_same_bits(method):
    code = f"METHOD = {method!r}\n{ORDER}"
    started = []
    for threads in ("1", "2"):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **dict.fromkeys(names, threads)},
            )
        )
    found = [process.communicate()[0].strip() for process in started]
    assert all(process.returncode == 0 for process in started)
    assert found[0]
    assert found[0] == found[1]


def test_a_cell_is_never_its_own_neighbor_and_equal_cells_are_at_zero():
    rng = np.random.default_rng(0)
    features = 3 * rng.normal(size=(200, 30))
    features[100:] = features[:100]
    distances, rows = nearest(features, None, 5)
    assert not (rows == np.arange(200)[:, None]).any()
    assert (distances[:, 0] == 0).all()
    assert (rows[:, 0] == (np.arange(200) + 100) % 200).all()
    assert (distances[:, 1] > 0.1).all()


def test_nearest_is_the_search_written_out():
    rng = np.random.default_rng(1)
    points, others = rng.normal(size=(20, 7)), rng.normal(size=(50, 7))
    distances, rows = nearest(points, others, 6)
    for point, found, at in zip(points, distances, rows, strict=True):
        away = np.sqrt(((others - point) ** 2).sum(axis=1))
        np.testing.assert_array_equal(at, np.argsort(away)[:6])
        np.testing.assert_array_equal(found, np.sort(away)[:6])
    assert nearest(points[:3], None, 6)[0].shape == (3, 2)


def test_every_cell_is_tied_to_its_nearest_with_weight_one():
    rng = np.random.default_rng(0)
    graph = diffusion.graph(3 * rng.normal(size=(500, 30)), 30)
    strongest = np.asarray(graph.max(axis=1).todense()).ravel()
    np.testing.assert_allclose(strongest, 1, atol=1e-6)
    assert graph.diagonal().max() == 0


def test_the_limit_ends_with_the_block():
    from threadpoolctl import threadpool_info

    def counts():
        return [
            one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"
        ]

    before = counts()
    with one_blas_thread():
        assert set(counts()) == {1}
    assert counts() == before
