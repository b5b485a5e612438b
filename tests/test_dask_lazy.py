"""Scores of a dask array stay lazy until they are asked for, and are then the same."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pandas as pd
import pytest
from local_cluster import noting, readers
from small_counts import COUNTS, N_CELLS, build, make_pack

import dtpscore as dtp
from dtpscore._matrix.partitions import read_again
from dtpscore._methods.registry import METHODS
from dtpscore.errors import DataError, InputWarning

da = pytest.importorskip("dask.array")
pytest.importorskip("distributed")
from lazy_cells import (  # noqa: E402
    N_PARTITIONS,
    ROWS,
    UNTIL_COMPUTED,
    assert_same,
    eager,
    lazy,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The values look like raw counts"),
]


@pytest.fixture(scope="module")
def pack(make_signature):
    return make_pack(make_signature)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_computed_scores_are_those_of_a_matrix_in_memory(method, sparse, pack):
    choices = {"method": method, "control": METHODS[method].linear}
    adata = lazy(sparse=sparse)
    dtp.tl.score(adata, pack, **choices)
    dtp.tl.compute(adata)
    assert_same(adata, eager(pack, **choices))
    assert hasattr(adata.X, "dask")


def test_a_dask_without_the_private_parts_shares_the_partitions(monkeypatch):
    rows = lazy().X
    assert read_again(rows).name != rows.name
    monkeypatch.delattr("dask._task_spec.Alias")
    assert read_again(rows) is rows


@pytest.mark.parametrize("method", METHODS)
def test_a_cluster_computes_the_same_scores(client, method, pack):
    choices = {"method": method, "control": METHODS[method].linear, "chunk_size": 4}
    adata = lazy()
    dtp.tl.score(adata, pack, **choices)
    dtp.tl.compute(adata)
    assert_same(adata, eager(pack, **choices))


@pytest.mark.slow
def test_workers_read_and_nothing_is_read_before(client, pack, tmp_path):
    adata = lazy()
    adata.X = adata.X.map_blocks(noting(tmp_path), meta=adata.X._meta)
    dtp.tl.score(adata, pack, method="mean", control=True)
    assert readers(tmp_path) == []
    dtp.tl.compute(adata)
    assert len(readers(tmp_path)) == 2 * N_PARTITIONS
    assert os.getpid() not in readers(tmp_path)


@pytest.mark.parametrize(
    "choices",
    [
        {"method": "aucell", "auc_genes": "detected", "clip": True},
        {"method": "tirosh", "normalize": "log1p", "ctrl_as_ref": False},
        {"method": "mean", "normalize": "log1p", "control": True, "w_neg": 0.5},
    ],
    ids=lambda choices: choices["method"],
)
def test_options_mean_the_same(choices, pack):
    adata = lazy()
    dtp.tl.score(adata, pack, **choices)
    dtp.tl.compute(adata)
    assert_same(adata, eager(pack, **choices))


def test_chunks_of_columns_and_empty_chunks(pack):
    sizes = (5, 0, 20, N_CELLS - 25)
    array = da.from_array(COUNTS.astype(np.float32), chunks=(sizes, 70))
    adata = build(array)
    dtp.tl.score(adata, pack, method="tirosh")
    assert adata.obsm["dtp_scores"].chunks[0] == (5, 20, N_CELLS - 25)
    dtp.tl.compute(adata)
    assert_same(adata, eager(pack, method="tirosh"))


def test_a_partition_is_not_kept_for_its_second_reading(pack):
    """The parts of a slice would be, as the graph names them once for both readings."""
    seen = []
    adata = lazy(seen=seen)[2:]
    dtp.tl.score(adata, pack, method="tirosh")
    dtp.tl.compute(adata)
    assert len(seen) == 2 * N_PARTITIONS


@pytest.mark.slow
@pytest.mark.parametrize("where", ["threads", "cluster"])
def test_a_matrix_in_the_memory_of_dask_is_taken_from_there(where, request, pack):
    if where == "cluster":
        request.getfixturevalue("client")
    adata = lazy()
    adata.X = adata.X.persist()
    dtp.tl.score(adata, pack, method="tirosh")
    dtp.tl.compute(adata)
    assert_same(adata, eager(pack, method="tirosh"))


def test_sums_of_many_partitions_are_added_up(pack, monkeypatch):
    monkeypatch.setattr("dtpscore._scoring.lazy._MERGED", 2)
    adata = lazy()
    dtp.tl.score(adata, pack, control=True)
    dtp.tl.compute(adata)
    assert_same(adata, eager(pack, control=True))


@pytest.mark.parametrize(("control", "times"), [(False, 1), (True, 2)])
def test_partitions_are_read_when_asked_and_not_more_than_needed(control, times, pack):
    seen = []
    adata = lazy(seen=seen)
    dtp.tl.score(adata, pack, control=control)
    dtp.tl.score(adata, pack, method="ssgsea", key_added="second")
    assert seen == []
    held = adata.obsm["dtp_scores"]
    assert (held.shape, held.dtype) == ((N_CELLS, len(pack)), np.float32)
    assert set(adata.obsm) >= UNTIL_COMPUTED
    assert not [name for name in adata.obs if name.startswith("dtp")]
    dtp.get.scores(adata)
    assert len(seen) == times * N_PARTITIONS
    seen.clear()
    # Both keys together: the second takes the rows that are read for the first.
    dtp.tl.compute(adata)
    assert len(seen) <= (times + control) * N_PARTITIONS
    seen.clear()
    dtp.tl.compute(adata)
    dtp.get.axes(adata)
    assert seen == []


def test_a_copy_is_computed_and_the_original_stays_lazy(pack):
    adata = lazy()
    lazy_copy = dtp.tl.score(adata, pack, copy=True)
    assert "dtp_scores" not in adata.obsm
    assert_same(dtp.tl.compute(lazy_copy, copy=True), eager(pack))
    assert hasattr(lazy_copy.obsm["dtp_scores"], "dask")


def test_cells_chosen_after_scoring_keep_their_scores(pack):
    seen = []
    adata, expected = lazy(seen=seen), eager(pack)
    dtp.tl.score(adata, pack)
    few = np.r_[20:25, 2]
    view = adata[few]
    dtp.tl.compute(view)
    assert sum(seen) == 2 * ROWS
    pd.testing.assert_frame_equal(
        view.obsm["dtp_scores"], dtp.get.scores(expected[few])
    )
    pd.testing.assert_frame_equal(dtp.get.axes(view), dtp.get.axes(expected[few]))
    assert hasattr(adata.obsm["dtp_scores"], "dask")


def test_a_view_is_scored_as_it_is(pack):
    view = lazy()[5:30]
    dtp.tl.score(view, pack, method="tirosh")
    dtp.tl.compute(view)
    expected = eager(pack)[5:30].copy()
    del expected.uns["dtp_scores"]
    dtp.tl.score(expected, pack, method="tirosh")
    assert_same(view, expected)


def test_errors_of_a_worker_name_the_row(client, pack):
    values = COUNTS.astype(np.float32)
    values[33, 4] = np.nan
    adata = lazy(values)
    dtp.tl.score(adata, pack, control=True)
    with pytest.raises(DataError, match=r"nan in row 33, column 4"):
        dtp.tl.compute(adata)


def raised(work, *args, **kwargs):
    """Text and place of the warnings of a call."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        work(*args, **kwargs)
    return [
        (str(one.message), one.filename)
        for one in found
        if one.category is InputWarning
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "choices"),
    [
        (COUNTS, {"method": "mean"}),
        (np.log1p(COUNTS), {"method": "ucell", "normalize": "log1p"}),
        # The first cells, and the first partition, have no values.
        (np.vstack([0 * COUNTS[:20], COUNTS[20:]]), {"method": "zscore"}),
        (np.log1p(COUNTS), {"method": "tirosh", "n_bins": 300, "ctrl_size": 1}),
    ],
    ids=["raw", "log", "empty cells first", "no control genes"],
)
def test_warnings_about_values_come_when_asked(client, values, choices, pack):
    adata = lazy(values)
    assert raised(dtp.tl.score, adata, pack, **choices) == []
    found = raised(dtp.tl.compute, adata)
    assert found == raised(dtp.tl.score, lazy(values), pack, lazy=False, **choices)
    assert len(found) == 1
