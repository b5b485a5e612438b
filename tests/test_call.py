"""``tl.call``: what it writes, what it refuses, and that it does not cry wolf."""

from __future__ import annotations

import logging

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from small_calls import called as called_once
from small_calls import easy as easy_once
from small_calls import record_of, run, simulated, with_columns

import dtpscore as dtp
from dtpscore import _keys
from dtpscore._calling.states import STATE_COLORS
from dtpscore.errors import DataError, SignatureError

pytestmark = pytest.mark.slow

STATES = ["parental-like", "DTP-like cycling", "DTP-like"]
WRITTEN = (
    _keys.CALL,
    _keys.REASON,
    _keys.EVIDENCE,
    _keys.INDEX,
    _keys.PROLIFERATION,
    _keys.SHIFT,
    _keys.PVALUE,
    _keys.QVALUE,
)


@pytest.fixture(scope="module")
def easy():
    return easy_once()


@pytest.fixture(scope="module")
def called():
    return called_once()


def test_input_is_not_changed_by_a_copy(easy, called):
    fresh = simulated()
    assert (easy.X != fresh.X).nnz == 0
    assert list(easy.obs) == list(fresh.obs)
    assert not easy.obsm
    assert (called.X != fresh.X).nnz == 0


def test_writes_what_it_says(called):
    calls = called.obs[_keys.CALL]
    assert list(calls.cat.categories) == STATES
    assert calls.cat.ordered
    colors = called.uns["dtp_call_colors"].tolist()
    assert colors == [STATE_COLORS[state] for state in STATES]
    assert list(called.obs[_keys.EVIDENCE].cat.categories) == ["E2"]
    for key in WRITTEN:
        assert key in called.obs
    assert _keys.LIBRARY_SHIFT not in called.obs
    reference = (called.obs["condition"] == "parental").to_numpy()
    assert called.obs.loc[reference, _keys.PVALUE].isna().all()
    assert called.obs.loc[~reference, _keys.QVALUE].between(0, 1).all()
    assert called.obs.loc[reference, _keys.INDEX].median() == pytest.approx(0, abs=1e-9)
    frame = called.obsm[_keys.CONTRIBUTIONS]
    assert list(frame.index) == list(called.obs_names)
    assert frame.notna().all().all()
    assert (called.obs.loc[~reference, _keys.EVIDENCE] == "E2").all()
    assert called.obs.loc[reference, _keys.EVIDENCE].isna().all()
    record = called.uns[_keys.CALL]
    assert record["evidence_level"] == "E2"
    medians = record["samples"].set_index("sample")["median_counts"]
    depth = np.asarray(called.X.sum(axis=1)).ravel()
    own = (called.obs["sample"] == "parental_r1").to_numpy()
    assert medians["parental_r1"] == np.median(depth[own])
    assert record["calibrated"]
    assert record["params"]["reference"] == "parental"
    assert set(record["axes"]["axis"]) == set(frame.columns)
    assert (record["vulnerabilities"]["paper"] != "").all()


def test_finds_persisters_and_few_others(called):
    treated = called.obs[called.obs["condition"] == "treated"]
    found = treated[_keys.CALL].isin(["DTP-like", "DTP-like cycling"])
    persister = treated["true_state"].isin(["DTP", "DTP cycling"])
    assert found[persister].mean() > 0.5
    false = (found & ~persister).sum() / max(found.sum(), 1)
    assert false <= 0.1


def test_q_values_decide_the_calls(called):
    query = called.obs[called.obs["condition"] == "treated"]
    out = query[_keys.QVALUE] <= 0.05
    assert (query.loc[~out, _keys.CALL] == "parental-like").all()
    assert not (query.loc[out, _keys.CALL] == "parental-like").any()
    threshold = called.uns[_keys.CALL]["calibration"]["threshold_pvalue"].iloc[0]
    assert threshold == query.loc[out, _keys.PVALUE].max()


def test_smallest_share_is_said_first_and_nothing_is_printed(easy, caplog, capsys):
    logger = logging.getLogger("dtpscore")
    logger.addHandler(caplog.handler)
    try:
        found = run(easy[::2], copy=True)
    finally:
        logger.removeHandler(caplog.handler)
    assert "no call is possible" in caplog.messages[0]
    assert caplog.messages == record_of(found).messages
    assert not capsys.readouterr().out


def same(one, two):
    for key in WRITTEN:
        a, b = one.obs[key], two.obs[key].loc[one.obs_names]
        assert a.astype(str).tolist() == b.astype(str).tolist(), key
    for key in (_keys.CONTRIBUTIONS, _keys.CALL_AXES):
        a = one.obsm[key]
        assert np.array_equal(a, two.obsm[key].loc[a.index])


def test_order_of_cells_and_storage_change_nothing(easy, called):
    order = np.random.default_rng(0).permutation(easy.n_obs)
    turned = easy[order].copy()
    turned.X = sp.csc_matrix(turned.X)
    same(called, run(turned, copy=True))


def test_same_seed_same_calls_other_seed_other_thinning(easy, called):
    same(called, run(easy, copy=True))
    other = run(easy, copy=True, seed=1)
    assert not np.array_equal(other.obs[_keys.INDEX], called.obs[_keys.INDEX])


def test_survives_a_file(called, tmp_path):
    called.write_h5ad(tmp_path / "called.h5ad")
    back = ad.read_h5ad(tmp_path / "called.h5ad")
    same(called, back)
    assert back.obs[_keys.CALL].cat.ordered
    before, after = called.uns[_keys.CALL], back.uns[_keys.CALL]
    assert set(before) == set(after)
    assert np.allclose(before["samples"]["mean_index"], after["samples"]["mean_index"])


def test_null_replicates_make_no_calls():
    """Untreated samples against untreated samples: share of runs with calls."""
    with_calls, n_called, n_cells = 0, 0, 0
    for seed in range(5):
        data = dtp.datasets.simulate(
            n_cells=800, n_replicates=4, days=(3,), holiday_day=None, seed=seed
        )
        untreated = data[data.obs["condition"] == "parental"].copy()
        untreated.obs["arm"] = np.where(
            untreated.obs["replicate"] == "r4", "query", "reference"
        )
        run(untreated, groupby="arm", reference="reference")
        q = untreated.obs[_keys.QVALUE].dropna()
        with_calls += bool((q <= 0.05).any())
        n_called += int((q <= 0.05).sum())
        n_cells += len(q)
    # A share of 5% gives 3 or more of 5 in 1 of 1,000 cases.
    assert with_calls <= 2
    assert n_called <= 0.05 * n_cells


def test_one_reference_library_is_read_inside_samples(easy):
    found = run(easy, sample_key=None, copy=True)
    assert _keys.SHIFT in found.obs
    assert _keys.LIBRARY_SHIFT in found.obs
    quiet = (found.obs["condition"] == "treated") & (found.obs[_keys.QVALUE] > 0.05)
    assert quiet.any()
    assert (found.obs.loc[quiet, _keys.CALL] == "not decided").all()
    record = found.uns[_keys.CALL]
    assert record["evidence_level"] == "E1"
    assert (record["calibration"]["basis"] == "inside samples").all()
    assert record["sample_tests"]["pvalue"].isna().all()
    assert any("one untreated library" in text for text in record["messages"])
    assert any("no replicate" in text for text in record["messages"])


def test_reference_samples_that_differ_make_every_call_uncertain(easy, called):
    assert called.uns[_keys.CALL]["reference_samples"]["called_share"].isna().all()
    fine = run(easy, check_reference=True, copy=True)
    shares = fine.uns[_keys.CALL]["reference_samples"]["called_share"]
    assert (shares == 0).all()
    same(called, fine)
    mixed = easy.copy()
    # A third of one reference sample is treated cells under a wrong label.
    wrong = mixed.obs_names[(mixed.obs["sample"] == "treated_d14_r3").to_numpy()][:40]
    mixed.obs["arm"] = mixed.obs["condition"].astype(str)
    mixed.obs["library"] = mixed.obs["sample"].astype(str)
    mixed.obs.loc[wrong, ["arm", "library"]] = ["parental", "parental_r3"]
    found = run(
        mixed, groupby="arm", sample_key="library", check_reference=True, copy=True
    )
    record = found.uns[_keys.CALL]
    assert record["reference_samples"]["called_share"].max() > 0.2
    assert record["calibration"]["reference_unstable"].all()
    out = found.obs[_keys.QVALUE] <= 0.05
    assert (found.obs.loc[out, _keys.CALL] == "uncertain").all()


def test_an_earlier_shift_does_not_stay_behind(easy):
    found = run(easy, sample_key=None, copy=True)
    assert _keys.LIBRARY_SHIFT in found.obs
    run(found)
    assert _keys.LIBRARY_SHIFT not in found.obs


def test_without_a_reference_nothing_is_called(easy):
    found = run(easy, reference=None, copy=True)
    assert (found.obs[_keys.CALL] == "not decided").all()
    assert found.obs[_keys.QVALUE].isna().all()
    record = found.uns[_keys.CALL]
    assert not record["calibrated"]
    assert record["evidence_level"] == "E0"
    assert "not calibrated" in record["messages"][0]
    assert found.obs[_keys.INDEX].notna().all()


def test_too_early_on_drug_names_no_persister(easy, called):
    easy = easy.copy()
    easy.obs["days"] = np.where(easy.obs["condition"] == "treated", 1.0, 0.0)
    found = run(easy, time_key="days", copy=True)
    out = found.obs[_keys.QVALUE] <= 0.05
    assert out.sum() == (called.obs[_keys.QVALUE] <= 0.05).sum()
    assert (found.obs.loc[out, _keys.CALL] == "shifted").all()


def test_only_tumor_cells_are_called(easy):
    mixed = easy.copy()
    kinds = np.where(np.arange(mixed.n_obs) % 4 == 0, "T cell", "tumor")
    mixed.obs["kind"] = kinds
    found = run(mixed, cell_type_key="kind", malignant="tumor", copy=True)
    assert found.obs.loc[kinds == "T cell", _keys.CALL].isna().all()
    assert found.obs.loc[kinds == "tumor", _keys.CALL].notna().all()
    alone = run(mixed[kinds == "tumor"].copy(), copy=True)
    share = (alone.obs[_keys.CALL] == "DTP-like").mean()
    same_cells = found.obs.loc[kinds == "tumor", _keys.CALL]
    assert (same_cells == "DTP-like").mean() == pytest.approx(share, abs=0.1)


def test_batches_have_their_own_reference(easy):
    second = dtp.datasets.simulate(
        n_cells=480, days=(14,), holiday_day=None, difficulty="easy", seed=5
    )
    second.obs_names = [f"b-{name}" for name in second.obs_names]
    both = ad.concat({"one": easy, "two": second}, label="line", join="inner")
    found = run(both, batch_key="line", copy=True)
    record = found.uns[_keys.CALL]
    assert list(record["calibration"]["batch"]) == ["one", "two"]
    assert (record["calibration"]["n_reference_samples"] == 3).all()
    for line in ("one", "two"):
        reference = (found.obs["line"] == line) & (found.obs["condition"] == "parental")
        assert found.obs.loc[reference, _keys.INDEX].median() == pytest.approx(
            0, abs=1e-9
        )
    tests = record["sample_tests"]
    assert (tests["n_samples"] == 6).all()


def test_low_quality_cells_are_set_apart(easy):
    data = easy.copy()
    failed = np.arange(data.n_obs) % 10 == 0
    data.obs["failed"] = failed
    found = run(data, quality_key="failed", copy=True)
    assert (found.obs.loc[failed, _keys.CALL] == "low quality").all()
    assert found.obs.loc[failed, _keys.QVALUE].isna().all()


def test_holiday_adds_reversal():
    data = dtp.datasets.simulate(
        n_cells=900, days=(14,), holiday_day=30, difficulty="easy", seed=3
    )
    found = run(data, holiday="holiday", survival="9% of cells left on day 14")
    assert found is None
    record = data.uns[_keys.CALL]
    shares = record["reversal_shares"]["share"]
    assert shares.sum() == pytest.approx(1)
    assert shares["parental-like"] > 0.2
    table = record["reversal"]
    index = table.loc["index"]
    assert index["persister"] > index["holiday"]
    assert index["returned_low"] <= index["returned"] <= index["returned_high"] < 0
    assert record["evidence_level"] in {"E3", "E4"}
    surely = record["reversal_shares"].loc["parental-like", "low"] > 0.5
    assert (record["evidence_level"] == "E4") == surely


def test_any_score_frame_can_be_used(easy):
    data = easy.copy()
    dtp.tl.score(data)
    found = run(data, scores="dtp_scores", copy=True)
    assert found.uns[_keys.CALL]["params"]["scores"] == "dtp_scores"
    assert "emt" in found.obsm[_keys.CONTRIBUTIONS]
    with pytest.raises(DataError, match="no score frame 'nothing'"):
        run(data, scores="nothing")


def test_a_study_is_kept_out_of_its_own_data(easy):
    found = run(easy, exclude_studies=["hangauer2017"], copy=True)
    coverage = found.uns[_keys.CALL]["coverage"]
    assert "dtp_consensus_no_cycle_without_hangauer2017" in coverage.index
    assert "dtp_consensus_no_cycle" not in coverage.index
    assert "dtp_hangauer2017_bt474" not in coverage.index
    with pytest.raises(SignatureError, match="must not take part"):
        run(easy, exclude_studies=["hangauer2017", "rehman2021"])
    with pytest.raises(SignatureError, match=r"'Hangauer 2017'\. Studies are .*rehman"):
        run(easy, exclude_studies="Hangauer 2017")


def test_a_batch_without_reference_cells_is_left_uncalled(easy):
    lines = np.where(easy.obs["sample"] == "treated_d14_r3", "b", "a")
    found = run(with_columns(easy, line=lines), batch_key="line", copy=True)
    rest = found.obs[lines == "b"]
    assert (rest[_keys.CALL] == "not decided").all()
    assert (rest[_keys.REASON] == "no call possible: not calibrated").all()
    assert any("Batch 'b' has 0" in t for t in found.uns[_keys.CALL]["messages"])


def test_get_calls(called):
    frame = dtp.get.calls(called)
    assert list(frame.index) == list(called.obs_names)
    assert set(WRITTEN) <= set(frame.columns)
    sure = frame[frame[_keys.CALL] == "DTP-like"]
    first = sure["axes"].iloc[0].split("; ")
    assert len(first) == 3
    parts = called.obsm[_keys.CONTRIBUTIONS].loc[sure.index[0]]
    name, level, published = first[0].split(" ")
    assert name == parts.abs().idxmax()
    own = called.obsm[_keys.CALL_AXES].loc[sure.index[0], name]
    assert float(level) == pytest.approx(own, abs=0.051)
    assert published[1:-1] in {"up", "down", "two-sided"}
    with pytest.raises(DataError, match="No calls under 'dtp_call'"):
        dtp.get.calls(ad.AnnData(np.ones((2, 2))))


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10_000))
def test_labels_of_noise_make_few_calls(seed):
    """A random half of untreated cells of each library, as query and reference."""
    rng = np.random.default_rng(seed)
    data = dtp.datasets.simulate(
        n_cells=420, n_replicates=3, days=(3,), holiday_day=None, seed=seed % 7
    )
    untreated = data[data.obs["condition"] == "parental"].copy()
    untreated.obs["arm"] = rng.permutation(
        np.repeat(["a", "b"], untreated.n_obs // 2)
    ).tolist()
    run(untreated, groupby="arm", reference="a")
    frame = untreated.obs[_keys.QVALUE].dropna()
    assert (frame <= 0.05).mean() <= 0.05


def test_frames_are_plain(called):
    for value in called.uns[_keys.CALL].values():
        if isinstance(value, pd.DataFrame):
            assert not value.columns.duplicated().any()
