"""Reversal in a drug holiday: axes, three shares, and patients as their own control."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore import _keys
from dtpscore._calling import reversal
from dtpscore._calling.reversal import Arms, linked


def reversal_data(back, n=200):
    rng = np.random.default_rng(12)
    arm = np.repeat([0, 1, 2], n)
    sample = np.tile(np.arange(2), 3 * n // 2) + 2 * arm
    center = np.array([0, 8, 8 - 8 * back])[arm]
    axes = pd.DataFrame(
        {"moves": rng.normal(size=3 * n) + center, "stays": rng.normal(size=3 * n)}
    )
    stratum = np.zeros(3 * n, np.int64)
    return axes, Arms(arm == 0, arm == 1, arm == 2, sample, stratum)


@pytest.mark.parametrize("back", [0.0, 0.5, 1.0])
def test_reversal_measures_how_far_cells_return(back):
    axes, arms = reversal_data(back)
    table = reversal.axis_reversal(axes, arms)
    assert table.loc["moves", "ratio"] == pytest.approx(back, abs=0.1)
    assert table.loc["moves", "persister"] == pytest.approx(8, abs=0.3)
    # The contrast is not resolved, so there is no ratio.
    assert np.isnan(table.loc["stays", "ratio"])
    table = reversal.three_shares(axes, arms, alpha=0.05)
    shares = table["share"]
    assert shares.sum() == pytest.approx(1)
    assert (table["low"] <= shares).all()
    assert (shares <= table["high"]).all()
    wanted = {0.0: "DTP-like", 0.5: "neither", 1.0: "parental-like"}[back]
    assert shares[wanted] == shares.max()


def test_reversal_interval_needs_two_samples():
    axes, arms = reversal_data(1.0)
    single = replace(arms, sample=arms.persister + 2 * arms.holiday)
    table = reversal.axis_reversal(axes, single)
    assert table[["returned_low", "returned_high", "ratio"]].isna().all().all()
    shares = reversal.three_shares(axes, single, alpha=0.05)
    assert shares[["low", "high"]].isna().all().all()
    one_holiday = replace(arms, sample=np.where(arms.holiday, 4, arms.sample))
    table = reversal.axis_reversal(axes, one_holiday)
    assert table[["returned_low", "returned_high"]].isna().all().all()
    assert table["ratio"].notna().tolist() == [True, False]
    assert shares.loc["parental-like", "share"] > 0.8


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("n", [2, 3, 4, 8])
@pytest.mark.parametrize("back", [0.0, 0.5, 1.0])
def test_intervals_of_what_returned_cover(n, back, paired):
    """`benchmarks/reversal_intervals.py` at more sizes; 1,500 axes, one per sample."""
    rng = np.random.default_rng(n)
    arm = np.repeat([0, 1, 2], n)
    stratum = np.tile(np.arange(n), 3) if paired else np.zeros(3 * n, np.int64)
    level = np.array([0.0, 2.0, 2 - 2 * back])[arm] + 5.0 * stratum
    axes = pd.DataFrame(level[:, None] + rng.normal(size=(3 * n, 1500)))
    arms = Arms(arm == 0, arm == 1, arm == 2, np.arange(3 * n), stratum)
    table = reversal.axis_reversal(axes, arms)
    held = (table["returned_low"] <= -2 * back) & (-2 * back <= table["returned_high"])
    # 99.9% limits of 1,500 draws around 0.95, rounded outward.
    assert 0.93 <= held.mean() <= 0.97


def test_patients_are_their_own_control_in_reversal():
    """Patients differ by far more than the drug moves their cells."""
    rng = np.random.default_rng(15)
    n, patients = 40, 4
    arm = np.repeat([0, 1, 2], n * patients)
    stratum = np.tile(np.arange(patients), 3 * n)
    level = np.array([0, 30, -20, 60])[stratum] + np.array([0, 4, 1])[arm]
    axes = pd.DataFrame({"moves": rng.normal(size=len(arm)) + level})
    arms = Arms(arm == 0, arm == 1, arm == 2, 10 * stratum + arm, stratum)
    table = reversal.axis_reversal(axes, arms)
    row = table.loc["moves"]
    assert row["persister"] == pytest.approx(4, abs=0.2)
    assert -3.5 < row["returned_low"] <= row["returned"] <= row["returned_high"] < -2.5
    assert row["ratio"] == pytest.approx(0.75, abs=0.1)
    shares = reversal.three_shares(axes, arms, alpha=0.05)
    assert shares.loc["parental-like", "low"] > 0.5
    # Nothing links samples of different patients: one stratum, and no contrast left.
    alone = replace(arms, stratum=arms.sample)
    found, n_linked, n_strata = linked(alone)
    assert (n_linked, n_strata) == (0, 12)
    assert np.isnan(reversal.axis_reversal(axes, found).loc["moves", "ratio"])


def test_patients_without_an_arm_are_left_out_of_reversal():
    _, arms = reversal_data(1.0, n=100)
    stratum = arms.sample % 2
    half = arms.holiday & (stratum == 1)
    found, n_linked, n_strata = linked(
        replace(arms, stratum=stratum, holiday=arms.holiday & ~half)
    )
    assert (n_linked, n_strata) == (1, 2)
    assert not (found.parental & (stratum == 1)).any()
    assert [rows.tolist() for rows, _ in found.strata()] == [
        np.flatnonzero(
            (stratum == 0) & (found.parental | found.persister | found.holiday)
        ).tolist()
    ]


def slow_shares(values, arms, alpha):
    """Every distance written out, cell by cell."""

    def distances(fitted, cells):
        spread = np.cov(fitted.T)
        spread += 0.1 * np.trace(spread) / len(spread) * np.eye(len(spread))
        away = cells - fitted.mean(axis=0)
        return np.array([one @ np.linalg.solve(spread, one) for one in away])

    query, near, belongs = values[arms.holiday], [], []
    for arm in (arms.parental, arms.persister):
        cells, sample = values[arm], arms.sample[arm]
        held, own = (distances(cells[::2], some) for some in (cells[1::2], query))
        near.append([(1 + (held >= one).sum()) / (len(held) + 1) for one in own])
        counts = np.zeros(len(query))
        for one in np.unique(sample):
            held = distances(cells[sample != one], cells[sample == one])
            own = distances(cells[sample != one], query)
            counts += [(held >= distance).sum() for distance in own]
        belongs.append((1 + counts) / (len(cells) + 1))
    near, belongs = np.array(near), np.array(belongs)
    neither = (belongs <= alpha).all(axis=0)
    back = ~neither & (near[0] >= near[1])
    return np.array([back.mean(), (~neither & ~back).mean(), neither.mean()])


@pytest.mark.parametrize("back", [0.2, 0.5, 0.9])
def test_shares_equal_the_distances_written_out(back):
    axes, arms = reversal_data(back, n=60)
    found = reversal.three_shares(axes, arms, alpha=0.05)
    np.testing.assert_allclose(found["share"], slow_shares(axes.to_numpy(), arms, 0.05))


def test_a_holiday_library_is_not_neither_because_it_is_another_library():
    rng = np.random.default_rng(16)
    arm = np.repeat([0, 1, 2], 400)
    sample = np.tile(np.arange(4), 300) + 4 * arm
    offset = rng.normal(size=(12, 6))
    values = rng.normal(size=(1200, 6)) + offset[sample]
    values[arm == 1, 0] += 12
    arms = Arms(arm == 0, arm == 1, arm == 2, sample, np.zeros(1200, np.int64))
    found = reversal.three_shares(pd.DataFrame(values), arms, alpha=0.05)
    assert found.loc["neither", "share"] < 0.12
    assert found.loc["parental-like", "share"] > 0.85


DESIGN = {
    "groupby": "condition",
    "reference": "parental",
    "sample_key": "sample",
    "survival": "9% of cells were left",
    "components": False,
    "check_reference": False,
}


@pytest.mark.slow
def test_holiday_and_relapse_are_compared_with_the_treated_cells_alone():
    data = dtp.datasets.simulate(
        n_cells=540, days=(14,), holiday_day=90, difficulty="easy", seed=3
    )
    kind = data.obs["condition"].astype(str)
    relapse = (kind == "treated") & (data.obs["replicate"] == "r3")
    data.obs["condition"] = kind.where(~relapse, "relapse")
    groups = ["holiday", "relapse"]
    dtp.tl.call(data, holiday=groups, **DESIGN)
    record = data.uns[_keys.CALL]
    axes, shares = record["reversal"], record["reversal_shares"]
    assert list(axes["group"].unique()) == groups
    assert list(shares["group"]) == ["holiday"] * 3 + ["relapse"] * 3
    np.testing.assert_allclose(shares.groupby("group")["share"].sum(), 1)
    like = shares.loc["parental-like"].set_index("group")
    assert like.loc["holiday", "low"] > 0.5 > like.loc["relapse", "share"]
    # The treated arm leaves both holiday groups out.
    z, condition = data.obs[_keys.INDEX], data.obs["condition"]
    by_sample = z.groupby(data.obs["sample"].astype(str)).mean()
    arm = condition.groupby(data.obs["sample"].astype(str)).first()
    moved = by_sample[arm == "treated"].mean() - by_sample[arm == "parental"].mean()
    np.testing.assert_allclose(axes.loc["index", "persister"], moved)
    # One sample off the drug: no interval.
    assert like.loc["relapse", ["low", "high"]].isna().all()
    assert record["evidence_level"] == "E4"


@pytest.mark.slow
def test_untreated_groups_never_revert():
    """Nothing moved, so nothing can come back, however many cells look parental."""
    data = dtp.datasets.simulate(
        n_cells=540, n_replicates=6, days=(3,), holiday_day=None, seed=3
    )
    data = data[(data.obs["condition"] == "parental").to_numpy()].copy()
    number = data.obs["replicate"].astype(str).str[1:].astype(int)
    arm = np.array(["parental", "treated", "holiday"])[(number.to_numpy() - 1) // 2]
    data.obs["condition"] = arm
    dtp.tl.call(data, holiday="holiday", **DESIGN)
    record = data.uns[_keys.CALL]
    assert record["evidence_level"] == "E3"
    assert record["reversal"]["ratio"].isna().all()
    assert any("mean little" in text for text in record["messages"])
