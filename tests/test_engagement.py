"""Was the target hit: limits, states, arms, and where they show."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore._calling.states import DTP_LIKE, PARENTAL_LIKE
from dtpscore._engagement import hits
from dtpscore.errors import DataError, OptionError, ResultError

DESIGN = {
    "pathway": "mapk_output",
    "groupby": "condition",
    "reference": "parental",
    "sample_key": "sample",
}


def scored(shift=-2.0, hit=0.6, n=120, seed=0):
    """Six samples whose output is planted in a scored column."""
    made = dtp.datasets.simulate(
        n_cells=6 * n, n_genes=300, days=(14,), holiday_day=None, seed=seed
    )
    dtp.tl.score(made, {"mapk": list(made.var_names[:20])})
    rng = np.random.default_rng(seed)
    treated = (made.obs["condition"] == "treated").to_numpy()
    truth = treated & (rng.random(made.n_obs) < hit)
    sample = made.obs["sample"].cat.codes.to_numpy()
    output = rng.standard_normal(made.n_obs) + 0.1 * rng.standard_normal(6)[sample]
    output += np.where(truth, shift, 0.0)
    made.obs["dtp_mapk"] = output.astype(np.float32)
    made.obs["truth"] = truth
    return made


@pytest.fixture(scope="module")
def planted():
    made = scored()
    # Called cells are those that were hit, and a few others.
    rng = np.random.default_rng(3)
    treated = (made.obs["condition"] == "treated").to_numpy()
    called = treated & (made.obs["truth"].to_numpy() | (rng.random(made.n_obs) < 0.1))
    made.obs["dtp_call"] = pd.Categorical(np.where(called, DTP_LIKE, PARENTAL_LIKE))
    return dtp.tl.engagement(made, **{**DESIGN, "pathway": "mapk"}, copy=True)


def test_an_arm_whose_output_fell_is_told(planted):
    arm = dtp.get.engagement(planted).iloc[0]
    assert arm["verdict"] == hits.FELL
    assert arm["high"] < 0
    assert arm["difference"] == pytest.approx(-1.2, abs=0.25)
    assert 0.15 < arm["share_hit"] < 0.65
    assert arm["n_samples"] == 3


def test_cells_are_crossed_with_the_calls(planted):
    arm = dtp.get.engagement(planted).iloc[0]
    state = planted.obs["dtp_engagement"]
    treated = (planted.obs["condition"] == "treated").to_numpy()
    assert state[~treated].isna().all()
    assert state[treated].notna().all()
    counted = state.value_counts()
    assert counted[hits.HIT_CALLED] == arm["n_hit_called"]
    assert counted[hits.CALLED_ONLY] == arm["n_called_not_hit"]
    names = ["n_hit_called", "n_hit_not_called", "n_called_not_hit", "n_neither"]
    assert arm[names].sum() == treated.sum()
    assert arm["called_high"] < 0
    assert arm["n_samples_both"] == 3


def test_without_an_effect_few_cells_count_as_hit_and_no_arm_fell():
    shares, fell = [], []
    rng = np.random.default_rng(1)
    for _ in range(200):
        library = np.repeat(np.arange(6), 100)
        output = rng.standard_normal(600) + 0.2 * rng.standard_normal(6)[library]
        own = library < 3
        level = hits.limit(output[own], library[own], 0.05)
        shares.append((output[~own] <= level).mean())
        fell.append((output[~own] <= level).mean() > 0.08)
    assert np.mean(shares) <= 0.05
    assert np.mean(fell) <= 0.05


def test_the_limit_is_lowered_by_what_libraries_differ():
    rng = np.random.default_rng(2)
    output = rng.standard_normal(3000)
    one = hits.limit(output, np.zeros(3000, int), 0.05)
    assert one == pytest.approx(np.quantile(output, 0.05), abs=0.01)
    library = np.repeat([0, 1, 2], 1000)
    apart = hits.limit(output + np.array([0.0, 0.5, 1.0])[library], library, 0.05)
    assert apart < one - 1


def test_share_of_hit_cells_is_a_lower_bound():
    rng = np.random.default_rng(3)
    output = rng.standard_normal(4000)
    output[:2000] -= 2
    level = -1.645
    assert 0.25 < hits.share_below(output, level, 0.05) < 0.5
    assert hits.share_below(rng.standard_normal(4000) + 1, level, 0.05) == 0


def test_called_cells_are_compared_within_samples():
    rng = np.random.default_rng(4)
    sample = np.repeat(np.arange(4), 50)
    called = rng.random(200) < 0.4
    output = rng.standard_normal(200) + 5 * sample - 1.5 * called
    gap = hits.within_samples(output, called, sample)
    assert gap.n == 4
    assert gap.estimate == pytest.approx(-1.5, abs=0.4)
    assert gap.high < 0
    none = hits.within_samples(output, np.zeros(200, bool), sample)
    assert np.isnan(none.estimate)


def test_verdicts():
    assert hits.verdict(-1, 0.01, 0.05) == hits.FELL
    assert hits.verdict(1, 0.01, 0.05) == hits.ROSE
    assert hits.verdict(-1, 0.2, 0.05) == hits.NOT_SHOWN
    assert hits.verdict(-1, float("nan"), 0.05) == hits.NOT_TESTED


def test_without_calls_and_with_one_sample_it_says_so():
    made = scored(n=40)
    one = made[made.obs["replicate"] == "r1"].copy()
    dtp.tl.engagement(one, **{**DESIGN, "pathway": "mapk"})
    arm = dtp.get.engagement(one).iloc[0]
    assert arm["verdict"] == hits.NOT_TESTED
    assert "n_hit_called" not in arm
    said = " ".join(one.uns["dtp_engagement"]["messages"])
    assert "one untreated sample" in said
    assert "not called" in said
    assert "not shown to fall in any arm" in said


def test_what_cannot_be_done_is_said(planted):
    with pytest.raises(DataError, match="is not scored under 'dtp_scores'"):
        dtp.tl.engagement(planted, **DESIGN)
    with pytest.raises(DataError, match="Axes that show whether a drug acts are 'mapk"):
        dtp.tl.engagement(planted, **{**DESIGN, "pathway": "wings"})
    with pytest.raises(OptionError, match="kind must be arms or samples"):
        dtp.get.engagement(planted, kind="wings")
    with pytest.raises(DataError, match="No group 'wings'"):
        dtp.pl.engagement(planted, order=["wings"], show=False)
    flat = planted.copy()
    flat.obs["dtp_mapk"] = np.float32(1.0)
    with pytest.raises(ResultError, match="cannot be compared"):
        dtp.tl.engagement(flat, **{**DESIGN, "pathway": "mapk"})


@pytest.mark.slow
def test_plot_report_file_and_command_line(planted, tmp_path, capsys):
    from dtpscore._cli import main

    ax = dtp.pl.engagement(planted, show=False)
    assert len(ax.collections[0].get_offsets()) == 6
    page = tmp_path / "r.html"
    # The calls are planted without the record of a call.
    seen = planted.copy()
    del seen.obs["dtp_call"]
    dtp.report(seen, page, groupby="condition", reference="parental")
    assert "Was the target hit" in page.read_text(encoding="utf-8")
    planted.write_h5ad(tmp_path / "in.h5ad")
    words = ["engagement", str(tmp_path / "in.h5ad"), "-o", str(tmp_path / "out.h5ad")]
    words += ["--pathway", "mapk", "--groupby", "condition", "--reference", "parental"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--sample-key", "sample", "--json", "--quiet"])
    assert ended.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert said["arms"][0]["verdict"] == hits.FELL
