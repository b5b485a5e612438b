"""What differs between the arms: the test on arrays, the words, and where they show."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import dtpscore as dtp
from dtpscore._compare import arms
from dtpscore._compare.run import FEWEST_CELLS, compare_arms
from dtpscore._design import DesignKeys, read_design
from dtpscore._options.compare import CompareOptions
from dtpscore._statistics.public_libraries import public_libraries
from dtpscore.errors import DataError, OptionError, ResultError, SignatureError

DESIGN = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
SETS = [f"own{number}" for number in range(12)]


def scored(n=40, seed=0):
    """Six samples with planted scores: own0 is higher and own1 lower on the drug."""
    made = dtp.datasets.simulate(
        n_cells=6 * n, n_genes=300, days=(14,), holiday_day=None, seed=seed
    )
    genes = list(made.var_names)
    dtp.tl.score(
        made, {name: genes[20 * k : 20 * k + 20] for k, name in enumerate(SETS)}
    )
    rng = np.random.default_rng(seed)
    treated = (made.obs["condition"] == "treated").to_numpy()
    sample = made.obs["sample"].cat.codes.to_numpy()
    frame = rng.standard_normal((made.n_obs, len(SETS)))
    frame += 0.1 * rng.standard_normal((6, len(SETS)))[sample]
    frame[treated, 0] += 2
    frame[treated, 1] -= 2
    for k, name in enumerate(SETS):
        made.obs[f"dtp_{name}"] = (5 + 3 * frame[:, k]).astype(np.float32)
    return made


@pytest.fixture(scope="module")
def planted():
    return dtp.tl.compare(scored(), copy=True, **DESIGN)


def drawn(n_reference, n_treated, rng, *, paired=False, n_axes=20):
    """Means of samples without a difference; axes vary unlike and partly together."""
    treated = np.arange(n_reference + n_treated) >= n_reference
    spread = 0.15 * np.sqrt(4.7 / rng.chisquare(4.7, n_axes))
    shape = (len(treated), n_axes)
    means = 0.7 * rng.standard_normal((shape[0], 1)) + 0.7 * rng.standard_normal(shape)
    means = means * spread
    if not paired:
        return means, treated, None
    pair = np.tile(np.arange(n_reference), 2)
    return means + rng.standard_normal((n_reference, n_axes))[pair], treated, pair


def slow(means, treated, pair=None):
    """The same test by loops, one axis after another."""
    public = public_libraries()
    n_axes = means.shape[1]
    gaps, variances = [], []
    for k in range(n_axes):
        column = means[:, k]
        if pair is None:
            sides = [column[~treated], column[treated]]
            freedom = len(column) - 2
            squares = sum(((side - side.mean()) ** 2).sum() for side in sides)
            gaps.append(sides[1].mean() - sides[0].mean())
            leverage = sum(1 / len(side) for side in sides)
        else:
            each = []
            for one in sorted(set(pair.tolist())):
                rows = pair == one
                each.append(column[rows & treated][0] - column[rows & ~treated][0])
            each = np.array(each)
            freedom = len(each) - 1
            squares = ((each - each.mean()) ** 2).sum() / 2
            gaps.append(each.mean())
            leverage = 2 / len(each)
        variances.append(squares / freedom)

    def center(degrees):
        from scipy.special import digamma

        return digamma(degrees / 2) - np.log(degrees / 2)

    alike = public.feature_freedom
    logs = [np.log(one) for one in variances]
    typical = np.exp(sum(logs) / n_axes - center(freedom) + center(alike))
    prior = min(alike, freedom * public.independent)
    rows = []
    for gap, variance in zip(gaps, variances, strict=True):
        total = (prior * typical + freedom * variance) / (prior + freedom)
        error = np.sqrt(total * leverage)
        reach = stats.t.ppf(0.975, prior + freedom) * error
        pvalue = 2 * stats.t.sf(abs(gap / error), prior + freedom)
        rows.append((gap, gap - reach, gap + reach, pvalue))
    return np.array(rows).T


@pytest.mark.parametrize(
    ("n_reference", "n_treated", "paired"),
    [(2, 2, False), (3, 3, False), (2, 4, False), (3, 3, True), (2, 2, True)],
)
def test_the_comparison_is_that_of_a_slow_reference(n_reference, n_treated, paired):
    rng = np.random.default_rng(1)
    means, treated, pair = drawn(n_reference, n_treated, rng, paired=paired)
    found = arms.compare_arm(means, treated, pair)
    for own, other in zip(
        (found.difference, found.low, found.high, found.pvalue),
        slow(means, treated, pair),
        strict=True,
    ):
        np.testing.assert_allclose(own, other, rtol=1e-9)
    assert found.method == "moderated " + "paired " * paired + "t test"
    assert found.n_pairs == (n_treated if paired else 0)


@pytest.mark.parametrize("paired", [False, True])
def test_few_axes_are_tested_by_the_plain_t_test(paired):
    rng = np.random.default_rng(2)
    means, treated, pair = drawn(3, 3, rng, paired=paired, n_axes=arms.FEWEST_AXES)
    few = arms.compare_arm(means[:, 1:], treated, pair)
    test = stats.ttest_rel if paired else stats.ttest_ind
    np.testing.assert_allclose(
        few.pvalue, test(means[treated, 1:], means[~treated, 1:]).pvalue, rtol=1e-9
    )
    assert few.method == "paired " * paired + "t test"
    assert arms.FEWEST_AXES == 10
    assert arms.compare_arm(means, treated, pair).method.startswith("moderated")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "paired"), [(2, False), (3, False), (3, True)], ids=["2v2", "3v3", "3 pairs"]
)
def test_type_one_error_is_held(n, paired):
    rng = np.random.default_rng(3)
    found = [
        arms.compare_arm(*drawn(n, n, rng, paired=paired)).pvalue for _ in range(250)
    ]
    # Axes of one experiment are not independent, so the limits are wide.
    assert 0.03 < np.mean(np.array(found) <= 0.05) < 0.075


def test_cells_as_the_unit_would_not_hold_it():
    """The same null, with 100 cells of each sample taken for replicates."""
    rng = np.random.default_rng(4)
    wrong = []
    for _ in range(100):
        means, treated, _ = drawn(3, 3, rng)
        cells = np.repeat(means, 100, axis=0) + rng.standard_normal((600, 20))
        arm = np.repeat(treated, 100)
        wrong.append(stats.ttest_ind(cells[arm], cells[~arm]).pvalue <= 0.05)
    assert np.mean(wrong) > 0.2


@pytest.mark.slow
def test_moderation_finds_more_than_the_plain_test():
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(100):
        means, treated, _ = drawn(2, 2, rng)
        means[treated] += 0.6
        own = arms.compare_arm(means, treated).pvalue
        plain = arms.compare_arm(means[:, :9], treated).pvalue
        shares.append((np.mean(own <= 0.05), np.mean(plain <= 0.05)))
    moderated, alone = np.mean(shares, axis=0)
    assert moderated > alone + 0.15


def test_too_few_samples_are_said_and_give_no_pvalue():
    means, treated, _ = drawn(3, 1, np.random.default_rng(6))
    found = arms.compare_arm(means, treated)
    assert np.isnan(found.pvalue).all()
    assert np.isnan(found.qvalue).all()
    assert np.isfinite(found.difference).all()
    assert found.method == "none"
    assert "too few samples for a test: 3 of the reference and 1 of the" in found.note
    assert arms.FEWEST_SAMPLES == 2
    two = arms.compare_arm(np.vstack([means, means[-1:] + 0.1]), np.arange(5) > 2)
    assert np.isfinite(two.pvalue).all()


def test_pairs_without_a_partner_are_left_out_and_one_pair_is_no_design():
    means, treated, pair = drawn(3, 3, np.random.default_rng(7), paired=True)
    kept = np.array([0, 1, 3, 4, 5])
    found = arms.compare_arm(means[kept], treated[kept], pair[kept])
    assert found.n_pairs == 2
    assert "without a partner are left out: 1" in found.note
    one = arms.compare_arm(means[[0, 3]], treated[[0, 3]], pair[[0, 3]])
    assert one.method == "none"
    # Patients that have one arm each are compared unpaired.
    apart = arms.compare_arm(means, treated, np.arange(6))
    plain = arms.compare_arm(means, treated)
    np.testing.assert_allclose(apart.pvalue, plain.pvalue)
    assert apart.n_pairs == 0


def test_false_discovery_rates_leave_missing_ones_out():
    found = arms.adjusted(np.array([0.01, np.nan, 0.04]))
    np.testing.assert_allclose(found, [0.02, np.nan, 0.04])
    assert np.isnan(arms.adjusted(np.array([np.nan]))).all()


def test_verdicts_are_held_against_the_published_direction():
    assert arms.verdict(1, 0.05, 0.05) == arms.HIGHER
    assert arms.verdict(-1, 0.01, 0.05) == arms.LOWER
    assert arms.verdict(1, 0.06, 0.05) == arms.NOT_SHOWN
    assert arms.verdict(1, float("nan"), 0.05) == arms.NOT_TESTED
    assert arms.agreement(arms.HIGHER, "up") == arms.AS_PUBLISHED
    assert arms.agreement(arms.LOWER, "down") == arms.AS_PUBLISHED
    assert arms.agreement(arms.LOWER, "up") == arms.AGAINST
    assert arms.agreement(arms.HIGHER, "two-sided") == arms.NO_DIRECTION
    assert arms.agreement(arms.HIGHER, "") == arms.NO_DIRECTION
    assert arms.agreement(arms.NOT_SHOWN, "up") == ""


def test_planted_scores_are_found_in_sd_of_reference_cells(planted):
    table = dtp.get.compare(planted).set_index("axis")
    assert table.loc["own0", "verdict"] == arms.HIGHER
    assert table.loc["own1", "verdict"] == arms.LOWER
    assert (table["verdict"].iloc[2:] == arms.NOT_SHOWN).all()
    assert table.loc["own0", "difference"] == pytest.approx(2, abs=0.35)
    assert (table["low"] < table["difference"]).all()
    assert table.loc["own0", "published_in_words"].startswith("An own signature")
    samples = dtp.get.compare(planted, kind="samples")
    own = samples[(samples["axis"] == "own0").to_numpy()]
    means = own.groupby("is_reference")["mean"].mean()
    assert means[False] - means[True] == pytest.approx(table.loc["own0", "difference"])
    arm = dtp.get.compare(planted, kind="arms").iloc[0]
    assert (arm["n_samples"], arm["n_reference"]) == (3, 3)


def test_the_scale_of_the_scores_and_the_size_of_samples_change_nothing(planted):
    made = scored()
    for name in SETS:
        made.obs[f"dtp_{name}"] = (2 * made.obs[f"dtp_{name}"] - 7).astype(np.float32)
    dtp.tl.compare(made, **DESIGN)
    columns = ["difference", "low", "high", "pvalue"]
    np.testing.assert_allclose(
        dtp.get.compare(made)[columns], dtp.get.compare(planted)[columns], rtol=1e-3
    )


def test_pairs_and_batches():
    made = scored()
    pairs = dtp.tl.compare(made, pair_key="replicate", copy=True, **DESIGN)
    arm = dtp.get.compare(pairs, kind="arms").iloc[0]
    assert arm["n_pairs"] == 3
    assert "paired" in arm["method"]
    # Batches that are the pairs are compared together, and by themselves otherwise.
    same = dtp.tl.compare(
        made, pair_key="replicate", batch_key="replicate", copy=True, **DESIGN
    )
    pd.testing.assert_frame_equal(dtp.get.compare(pairs), dtp.get.compare(same))
    apart = dtp.tl.compare(made, batch_key="replicate", copy=True, **DESIGN)
    table = dtp.get.compare(apart, kind="arms")
    assert table["batch"].tolist() == ["r1", "r2", "r3"]
    assert (table["method"] == "none").all()
    said = " ".join(apart.uns["dtp_compare"]["messages"])
    assert "give the column as pair_key too" in said
    assert "too few samples" in said
    assert (dtp.get.compare(apart)["verdict"] == arms.NOT_TESTED).all()


def test_small_samples_are_left_out():
    made = scored()
    sample = made.obs["sample"].astype(str)
    first = np.flatnonzero((sample == sample.iloc[-1]).to_numpy())
    few = made[np.setdiff1d(np.arange(made.n_obs), first[FEWEST_CELLS - 1 :])].copy()
    dtp.tl.compare(few, **DESIGN)
    arm = dtp.get.compare(few, kind="arms").iloc[0]
    assert arm["n_samples"] == 2
    assert "fewer than 10 cells are left out: 1" in arm["note"]
    enough = made[np.setdiff1d(np.arange(made.n_obs), first[FEWEST_CELLS:])].copy()
    dtp.tl.compare(enough, **DESIGN)
    assert dtp.get.compare(enough, kind="arms").iloc[0]["n_samples"] == 3


def test_published_directions_follow_the_context():
    made = scored()
    design = read_design(made.obs, DesignKeys(**DESIGN))
    values = made.obs[["dtp_own1", "dtp_own2"]].to_numpy(dtype=np.float64)
    found = {}
    for context in ((), ("melanoma",)):
        options = CompareOptions(**DESIGN, context=context)
        record = compare_arms(design, values, ["emt", "slow_cycling"], options)
        found[context] = record.axes.set_index("axis"), " ".join(record.messages)
    table, said = found[()]
    assert table.loc["emt", "verdict"] == arms.LOWER
    assert table.loc["emt", "published"] == "up"
    assert table.loc["emt", "agreement"] == arms.AGAINST
    assert "differ against the direction that is published: emt." in said
    table, said = found[("melanoma",)]
    assert table.loc["emt", "published"] == "two-sided"
    assert table.loc["emt", "agreement"] == arms.NO_DIRECTION
    assert "melanoma" in table.loc["emt", "published_in_words"]
    assert "against the direction" not in said


def test_other_scores_are_compared_where_they_are_named():
    made = scored()
    dtp.tl.score(made, {"plain": list(made.var_names[:20])}, key_added="other")
    dtp.tl.compare(made, scores_key="other", **DESIGN)
    assert dtp.get.compare(made)["axis"].tolist() == ["plain"]


def test_without_samples_each_group_is_one(planted):
    made = scored()
    dtp.tl.compare(made, groupby="condition", reference="parental")
    said = " ".join(made.uns["dtp_compare"]["messages"])
    assert "Cells are not replicates" in said
    assert dtp.get.compare(made)["pvalue"].isna().all()


def test_what_cannot_be_done_is_said(planted):
    made = scored()
    with pytest.raises(DataError, match="wings"):
        dtp.tl.compare(made, **{**DESIGN, "reference": "wings"})
    with pytest.raises(SignatureError, match="wings"):
        dtp.tl.compare(made, context="wings", **DESIGN)
    with pytest.raises(SignatureError, match="wings"):
        dtp.tl.compare(made, exclude_studies="wings", **DESIGN)
    with pytest.raises(OptionError, match="alpha"):
        dtp.tl.compare(made, alpha=2, **DESIGN)
    with pytest.raises(OptionError, match="kind must be one of axes, arms, samples"):
        dtp.get.compare(planted, kind="wings")
    with pytest.raises(DataError, match="Groups there are: 'treated'"):
        dtp.get.compare(planted, group="wings")
    with pytest.raises(DataError, match="No axis 'wings'"):
        dtp.pl.compare(planted, order=["wings"], show=False)
    with pytest.raises(DataError, match="No group 'wings'"):
        dtp.pl.compare(planted, group="wings", show=False)
    with pytest.raises(DataError, match=r"Run dtpscore\.tl\.compare first"):
        dtp.get.compare(made)
    with pytest.raises(ResultError, match="nothing to compare"):
        dtp.tl.compare(made, batch_key="condition", **DESIGN)
    for name in SETS:
        made.obs[f"dtp_{name}"] = np.float32(1)
    with pytest.raises(ResultError, match="No axis varies"):
        dtp.tl.compare(made, **DESIGN)


@pytest.mark.slow
def test_the_report_folds_all_arms_but_the_first(planted, tmp_path):
    made = planted.copy()
    arm = made.obs["condition"].astype(str)
    last = made.obs.loc[arm == "treated", "sample"].astype(str).max()
    made.obs["arm"] = arm.where(made.obs["sample"].astype(str) != last, "late")
    design = {"groupby": "arm", "reference": "parental"}
    dtp.tl.compare(made, **design, sample_key="sample")
    page = tmp_path / "r.html"
    dtp.report(made, page, **design)
    text = page.read_text(encoding="utf-8")
    section = text[text.index('<section id="compare"') :].split("</section>")[0]
    shown, folded = section.split("<summary>The other groups</summary>")
    groups = [str(one) for one in dtp.get.compare(made, kind="arms")["group"]]
    assert sorted(groups) == ["late", "treated"]
    assert f"<p>{groups[0]}: " in shown
    assert f"<p>{groups[1]}: " in folded


@pytest.mark.slow
def test_plot_report_file_and_command_line(planted, tmp_path, capsys):
    from dtpscore._cli import main

    ax = dtp.pl.compare(planted, order=["own1", "own0"], show=False)
    assert len(ax.collections[-1].get_offsets()) == 2
    assert "treated less parental" in ax.get_xlabel()
    few = dtp.pl.compare(planted, n_axes=2, show=False)
    sizes = dtp.get.compare(planted, group="treated")["difference"].abs()
    drawn = np.abs(few.collections[-1].get_offsets()[:, 0])
    np.testing.assert_allclose(np.sort(drawn), np.sort(sizes)[-2:])
    page = tmp_path / "r.html"
    dtp.report(planted, page, groupby="condition", reference="parental")
    text = page.read_text(encoding="utf-8")
    assert "What differs between the arms" in text
    assert "higher is own0. Lower is own1" in text
    planted.write_h5ad(tmp_path / "in.h5ad")
    words = ["compare", str(tmp_path / "in.h5ad"), "-o", str(tmp_path / "out.h5ad")]
    words += ["--groupby", "condition", "--reference", "parental"]
    words += ["--csv", str(tmp_path / "csv"), "--sample-key", "sample"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--json", "--quiet"])
    assert ended.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert said["axes"][0]["verdict"] == arms.HIGHER
    assert said["arms"][0]["n_samples"] == 3
    assert (tmp_path / "csv" / "dtp_compare_axes.csv").exists()
