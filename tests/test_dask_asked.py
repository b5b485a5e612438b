"""What asks for lazy scores: readers of results, files, and errors about values."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from small_counts import COUNTS, GENES, N_CELLS, build, make_pack

import dtpscore as dtp
from dtpscore.errors import DataError, OptionError
from dtpscore.tl._call import _score_frame

pytest.importorskip("dask.array")
from lazy_cells import KEYS, UNTIL_COMPUTED, assert_same, eager, lazy

pytestmark = pytest.mark.filterwarnings("ignore:The values look like raw counts")


@pytest.fixture(scope="module")
def pack(make_signature):
    return make_pack(make_signature)


def test_reading_results_leaves_them_lazy(pack):
    adata, expected = lazy(), eager(pack, control=True)
    dtp.tl.score(adata, pack, control=True)
    for kind in ("score", "z", "pvalue"):
        pd.testing.assert_frame_equal(
            dtp.get.scores(adata, kind=kind), dtp.get.scores(expected, kind=kind)
        )
    pd.testing.assert_frame_equal(dtp.get.axes(adata), dtp.get.axes(expected))
    pd.testing.assert_frame_equal(dtp.get.coverage(adata), dtp.get.coverage(expected))
    assert all(hasattr(adata.obsm[key], "dask") for key in KEYS)


def test_one_key_is_computed_and_the_other_waits(pack):
    adata = lazy()
    for key in ("first", "second"):
        dtp.tl.score(adata, pack, key_added=key)
    dtp.tl.compute(adata, key="first")
    assert isinstance(adata.obsm["first"], pd.DataFrame)
    assert hasattr(adata.obsm["second"], "dask")
    with pytest.raises(DataError, match=r"No scores under 'third'.*'first', 'second'"):
        dtp.tl.compute(adata, key="third")
    with pytest.raises(DataError, match=r"No scores under 'dtp_scores'"):
        dtp.tl.compute(lazy())


def test_axes_that_were_taken_away_are_named(pack):
    adata = lazy()
    dtp.tl.score(adata, pack)
    del adata.obsm["dtp_scores_axes"]
    with pytest.raises(DataError, match=r"no 'dtp_scores_axes' any more.*again"):
        dtp.tl.compute(adata)
    with pytest.raises(DataError, match=r"no column 'dtp_.*' any more.*again"):
        dtp.get.axes(adata)


def test_signatures_without_an_axis(make_signature):
    own = make_signature("own", ["VIM", "ACTB"], axis="emt", use="evaluation")
    adata = lazy()
    dtp.tl.score(adata, own)
    assert dtp.get.axes(adata).shape == (N_CELLS, 0)
    dtp.tl.compute(adata)
    assert_same(adata, eager([own]))


def test_lazy_and_computed_results_replace_each_other(pack):
    adata = lazy()
    dtp.tl.score(adata, pack, control=True, lazy=False)
    assert isinstance(adata.obsm["dtp_scores_z"], pd.DataFrame)
    dtp.tl.score(adata, pack[:2])
    assert set(adata.obsm) == {"dtp_scores", *UNTIL_COMPUTED}
    assert list(adata.obs) == ["batch"]
    dtp.tl.score(adata, pack, lazy=False)
    assert_same(adata, eager(pack))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
def test_lazy_results_survive_the_disk(kind, pack, tmp_path):
    adata, expected = lazy(), eager(pack, control=True)
    dtp.tl.score(adata, pack, control=True)
    path = tmp_path / f"x.{kind}"
    getattr(adata, f"write_{kind}")(path)
    back = getattr(ad, f"read_{kind}")(path)
    assert isinstance(back.obsm["dtp_scores"], np.ndarray)
    pd.testing.assert_frame_equal(dtp.get.scores(back), dtp.get.scores(expected))
    pd.testing.assert_frame_equal(dtp.get.axes(back), dtp.get.axes(expected))
    dtp.tl.compute(back)
    assert_same(back, expected)


@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
def test_a_file_opened_lazily_is_scored(kind, pack, tmp_path):
    pytest.importorskip("xarray", reason="anndata opens files lazily with xarray")
    path = tmp_path / f"x.{kind}"
    expected = eager(pack, control=True)
    getattr(build(expected.X), f"write_{kind}")(path)
    adata = ad.experimental.read_lazy(path)
    dtp.tl.score(adata, pack, control=True)
    assert hasattr(adata.obsm["dtp_scores"], "dask")
    for _ in range(2):
        np.testing.assert_array_equal(dtp.get.axes(adata), dtp.get.axes(expected))
        for part in ("score", "z", "pvalue"):
            found = dtp.get.scores(adata, kind=part)
            np.testing.assert_array_equal(found, dtp.get.scores(expected, kind=part))
        dtp.tl.compute(adata)


@pytest.mark.parametrize("ask", [dtp.tl.compute, dtp.get.scores, dtp.get.axes])
@pytest.mark.parametrize(
    ("place", "value", "control", "message"),
    [
        ((33, 4), np.nan, False, r"nan in row 33, column 4"),
        ((33, 4), np.inf, True, r"inf in row 33, column 4"),
        ((20, 0), -1, False, r"Row 20 .* below 0.*looks scaled"),
    ],
)
def test_values_are_refused_when_asked(ask, place, value, control, message, pack):
    values = COUNTS.astype(np.float32)
    values[place] = value
    adata = lazy(values)
    dtp.tl.score(adata, pack, control=control)
    with pytest.raises(DataError, match=message):
        ask(adata)
    with pytest.raises(DataError, match=message):
        dtp.tl.score(adata, pack, control=control, lazy=False)


def test_zeros_are_refused_when_asked(pack):
    adata = lazy(np.zeros_like(COUNTS))
    dtp.tl.score(adata, pack)
    for ask in (dtp.tl.compute, dtp.get.scores, dtp.get.axes):
        with pytest.raises(DataError, match="Every value of the matrix is 0"):
            ask(adata)


def test_what_cannot_be_lazy_is_refused_now(pack):
    with pytest.raises(OptionError, match=r"dask array, but it is a csr_matrix.*read_"):
        eager(pack, lazy=True)
    with pytest.raises(OptionError, match="lazy must be True, False or None, not 'no'"):
        eager(pack, lazy="no")
    seen = []
    for choices in ({"max_rank": 3}, {"method": "aucell", "ties_method": "min"}):
        with pytest.raises(OptionError):
            dtp.tl.score(lazy(seen=seen), pack, control=True, **choices)
    strange = lazy(seen=seen)
    strange.var_names = [f"x{number}" for number in range(len(GENES))]
    with pytest.raises(DataError):
        dtp.tl.score(strange, pack)
    assert seen == []


def test_others_compute_what_they_need_or_say_what_to_do(pack):
    adata, expected = lazy(), eager(pack, control=True)
    dtp.tl.score(adata, pack, control=True)
    for key in KEYS:
        one, other = _score_frame(adata, key), _score_frame(expected, key)
        assert one.axis_of == other.axis_of
        assert list(one.frame) == list(other.frame)
        np.testing.assert_array_equal(one.frame, other.frame)
    waiting = r"not computed yet.*Run dtpscore\.tl\.compute\(adata\)"
    with pytest.raises(DataError, match=waiting):
        dtp.report(adata, "nowhere", groupby="batch")
    adata.obsm["X_umap"] = np.zeros((N_CELLS, 2))
    column = r"no column 'dtp_emt'.*run dtpscore\.tl\.compute\(adata\)"
    with pytest.raises(DataError, match=column):
        dtp.pl.embedding(adata, color="dtp_emt", show=False)
    with pytest.raises(DataError, match=column):
        dtp.tl.pseudotime(adata, groupby="batch", reference="a", index_key="dtp_emt")
