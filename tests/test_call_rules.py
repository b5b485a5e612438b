"""Rules and constants of a call: each test fails when the rule is changed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy import stats
from small_calls import DESIGN, called, easy, record_of, run, with_columns

import dtpscore as dtp
from dtpscore import _keys, signatures
from dtpscore._calling import (
    batches,
    cells,
    features,
    group,
    quality,
    reasons,
    reversal,
)
from dtpscore._calling.depth import match_depth
from dtpscore._calling.holiday import _returns, parental_share
from dtpscore._calling.panel import Panel, choose
from dtpscore._calling.populations import Samples, fit_lines
from dtpscore._calling.reasons import vulnerability_table
from dtpscore._calling.reversal import Arms, shares_of_units
from dtpscore._calling.second_population import SecondPopulation
from dtpscore._calling.shift import held_out_shift, tolerance
from dtpscore._calling.states import TOO_EARLY, Grounds, limits, states
from dtpscore._design import read_design
from dtpscore._options.call import CallOptions
from dtpscore._statistics.intervals import share_interval
from dtpscore._values import Values


def uses(names):
    return {signatures.load(name).use for name in names}


@cache
def panel():
    return choose()


def test_the_shift_learns_from_default_and_optional_signatures():
    names = [signature.name for signature in panel().features]
    kinds = {axis.name: axis.kind for axis in signatures.axes().values()}
    assert uses(names) == {"default", "optional"}
    assert {kinds[signature.axis] for signature in panel().features} == {"persister"}


def test_of_the_consensus_lists_the_shift_learns_from_the_index_alone():
    def consensus(found):
        return [one.name for one in found.features if one.axis == "consensus"]

    assert consensus(panel()) == ["dtp_consensus_no_cycle"]
    other = choose(index="dtp_consensus")
    assert consensus(other) == ["dtp_consensus"]
    assert not consensus(choose(index="hallmark_hypoxia"))


def test_an_axis_is_the_mean_of_its_default_signatures(make_signature):
    """Optional ones do not enter it, though the shift learns from them."""
    rng = np.random.default_rng(0)
    matrix = sp.csr_matrix(rng.poisson(2, (30, 300)).astype(float))
    genes = [f"GENE{number}" for number in range(300)]

    def one(name, start, **fields):
        return make_signature(
            name, genes[start : start + 10], **{"use": "default", **fields}
        )

    made = [
        one("a", 0, axis="emt"),
        one("b", 20, axis="emt", orientation="against"),
        one("c", 40, axis="emt", use="optional"),
        *(one(f"d{n}", 60 + 10 * n, axis="nfkb", use="optional") for n in range(8)),
    ]
    index = one("index", 200)
    own = Panel(tuple(made), index, (index,))
    found = features.compute(
        matrix, genes, own, species="human", normalize="log1p", n_jobs=1
    )
    z = dict(zip(found.names, vars(found)["values"].T, strict=True))
    assert found.names == [signature.name for signature in made]
    assert found.axis_names == ["emt", "nfkb"]
    emt, nfkb = found.axes.T
    np.testing.assert_allclose(emt, (z["a"] - z["b"]) / 2, rtol=1e-5, atol=1e-6)
    only_optional = np.mean([z[f"d{n}"] for n in range(8)], axis=0)
    np.testing.assert_allclose(nfkb, only_optional, rtol=1e-5, atol=1e-6)
    assert np.isnan(features.mean_axes(z["a"][:, None], [], ["emt"])).all()


@pytest.mark.slow
def test_axes_of_a_call_are_those_of_control_matched_scores():
    """As `tl.score` has them with its control, up to the unit."""
    data = easy().copy()
    dtp.tl.score(data, control=True, method="mean", normalize="log1p")
    found = run(data, match_depth=False, copy=True)
    z = data.obsm["dtp_scores_z"]
    axes = data.uns["dtp_scores"]["axes"]
    for axis in ("emt", "oxphos", "slow_cycling", "kdm5_chromatin"):
        names = axes.loc[axis, "signatures"].split("; ")
        shipped = [signatures.load(name) for name in names]
        sign = [1 if one.orientation == "with" else -1 for one in shipped]
        mean = (z[names] * sign).mean(axis=1)
        own = found.obsm[_keys.CALL_AXES][axis]
        assert stats.pearsonr(mean, own).statistic == pytest.approx(1, abs=1e-4)


def test_two_populations_must_be_a_hundred_times_as_likely():
    assert not SecondPopulation(np.log(99)).found
    assert SecondPopulation(np.log(101)).found


def test_whitening_shrinks_the_covariance_by_a_tenth():
    rng = np.random.default_rng(1)
    null = rng.normal(size=(400, 3)) * [3.0, 1.0, 0.2]
    sample = np.repeat([0, 1], 200)
    found = cells.whiten(null, sample, rng.normal(size=(50, 3)))
    spread = np.cov((null - [null[sample == s].mean(axis=0) for s in sample]).T)
    shrunk = 0.9 * spread + 0.1 * np.trace(spread) / 3 * np.eye(3)
    whole = found.scale.T @ shrunk @ found.scale
    np.testing.assert_allclose(whole, np.eye(3), atol=1e-9)


def test_cycling_is_division_at_or_above_the_median_of_the_reference():
    division = np.r_[np.arange(11.0), 4.9, 5.0, 8.9]
    reference = np.arange(14) < 11
    found, _ = states(
        Grounds(
            reference=reference,
            called=~reference,
            index=np.r_[np.arange(11.0), 20, 20, 20],
            proliferation=division,
            named=True,
            early=np.zeros(14, bool),
            unstable=False,
        )
    )
    assert found[11:].tolist() == ["DTP-like", *["DTP-like cycling"] * 2]
    assert limits(np.arange(101.0), division[reference]) == (5.0, 5.0)


@pytest.mark.slow
def test_day_three_is_late_enough_and_the_day_before_is_not():
    assert batches.EARLY_DAYS == 3
    data = easy().copy()
    treated = (data.obs["condition"] == "treated").to_numpy()
    for untreated_at, treated_at, early in (("d0", "d3", False), ("0h", "71h", True)):
        data.obs["when"] = np.where(treated, treated_at, untreated_at)
        found = run(data, time_key="when", copy=True)
        out = found.obs[_keys.QVALUE] <= 0.05
        assert out.any()
        reasons = set(found.obs.loc[out, _keys.call_keys(_keys.CALL)["reason"]])
        assert (reasons == {TOO_EARLY}) == early
        assert (set(found.obs.loc[out, _keys.CALL]) == {"shifted"}) == early


@cache
def untreated():
    """Three untreated libraries; half of the cells of one lost 70% of their counts."""
    rng = np.random.default_rng(0)
    data = easy()[(easy().obs["condition"] == "parental").to_numpy()].copy()
    arm = np.where(data.obs["replicate"] == "r3", "query", "reference")
    half = (arm == "query") & (np.arange(len(arm)) % 2 == 0)
    counts = data.X.tolil()
    for row in np.flatnonzero(half):
        counts.data[row] = rng.binomial(np.array(counts.data[row], int), 0.3).tolist()
    data.X = counts.tocsr()
    return with_columns(data, arm=arm, shallow=half)


@pytest.mark.slow
def test_depth_does_not_make_calls():
    data = untreated()
    found = run(data, groupby="arm", reference="reference", copy=True)
    assert (found.obs[_keys.QVALUE] <= 0.05).sum() == 0
    record = record_of(found)
    assert "thinned at random" in " ".join(record.methods)
    # The thinning really happened: counts of the deep libraries were taken away, so
    # that the index of their cells is that of thinned counts.
    plain = run(
        data, groupby="arm", reference="reference", match_depth=False, copy=True
    )
    deep = (data.obs["arm"] == "reference").to_numpy()
    changed = found.obs[_keys.INDEX] != plain.obs[_keys.INDEX]
    assert changed[deep].mean() > 0.9


def test_thinned_libraries_have_one_distribution_of_depth():
    """What the features are scored on, not only what was decided."""
    data = untreated()
    counts = np.asarray(data.X.sum(axis=1)).ravel()
    keys = CallOptions(groupby="arm", reference="reference", sample_key="sample").keys
    design = read_design(data.obs, keys)
    values = Values("counts", True, 0, 99, data.n_obs, "")
    depth = match_depth(design, np.ones(data.n_obs, bool), counts, values, wanted=True)
    kept = counts * depth.share
    by_library = [kept[design.library == code] for code in range(3)]
    quantiles = [np.quantile(own, [0.25, 0.5, 0.75]) for own in by_library]
    np.testing.assert_allclose(quantiles[0], quantiles[1], rtol=0.05)
    np.testing.assert_allclose(quantiles[0], quantiles[2], rtol=0.05)
    assert np.median(counts[design.reference]) > 1.2 * np.median(kept)


def test_quality_has_one_limit_for_all_groups():
    frame = pd.DataFrame({"arm": ["a", "b"] * 3}, index=list("uvwxyz"))
    options = CallOptions(groupby="arm", min_genes=100, max_mitochondrial=0.3)
    genes = np.array([99, 99, 100, 100, 500, 500])
    mito = np.array([0.0, 0, 0.3, 0.3, 0.31, 0.31])
    found = quality.taking_part(
        read_design(frame, options.keys),
        quality.Quality(np.full(6, 1e3), genes, mito, False),
        options,
    )
    assert found.used.tolist() == [False, False, True, True, False, False]
    assert (found.low == ~found.used).all()
    assert "(4 cells)" in found.methods[0]
    assert quality.FEWEST_OF_SAMPLE == 10


@pytest.mark.slow
def test_half_of_the_error_rate_is_left_for_libraries_beyond_the_margin():
    rng = np.random.default_rng(2)
    code = np.repeat(np.arange(4), 60)
    values = rng.normal(size=(240, 12)) + 0.5 * rng.normal(size=(4, 12))[code]
    made = cells.Cells(
        features=cells.standardized(values),
        sample=code,
        reference=code < 3,
        evidence=values[:, 0],
        fit=np.ones(240, bool),
        fit_mixed=np.ones(240, bool),
        components=np.zeros((240, 0)),
        half=np.arange(240) % 2 == 0,
    )
    strict, loose = (
        held_out_shift(made, alpha=alpha, folds=6).margin for alpha in (0.05, 0.1)
    )
    # Margins of the same centers are proportional to the quantiles.
    expected = stats.t.ppf(1 - 0.025, 2) / stats.t.ppf(1 - 0.05, 2)
    assert strict / loose == pytest.approx(expected)
    assert tolerance(np.array([0.0, 1]), 0.025) > tolerance(np.array([0.0, 1]), 0.05)


def test_a_large_share_costs_likelihood():
    """Two cells alone below twenty are outliers, and 20 below 200 are a population."""

    def share(n_each):
        upper = stats.norm.ppf((np.arange(18 * n_each) + 0.5) / (18 * n_each))
        position = np.r_[upper, np.full(2 * n_each, -3.5)]
        alone = Samples.of(np.zeros(len(position), np.int64))
        return float(fit_lines(position, alone, 3.5, rounds=50).share[0])

    assert share(1) < 0.01
    assert share(10) == pytest.approx(0.9, abs=0.05)


def test_fits_use_at_most_a_thousand_cells_of_a_sample():
    """Many samples lend fewer cells each, so that they cost no more in all."""
    assert [cells.largest_fit(n) for n in (1, 6, 12, 60, 600)] == [
        1000,
        1000,
        500,
        100,
        100,
    ]
    keys = np.random.default_rng(4).permutation(2500).astype(np.uint64)
    chosen = cells.chosen_for_fit(np.repeat([0, 1], [2000, 500]), keys, 1000)
    assert (chosen[:2000].sum(), chosen[2000:].sum()) == (1000, 500)


def test_reference_samples_are_checked_from_three_on():
    rng = np.random.default_rng(5)
    code = np.repeat(np.arange(3), 40)
    values = rng.normal(size=(120, 12))
    made = cells.Cells(
        features=cells.standardized(values),
        sample=code,
        reference=np.ones(120, bool),
        evidence=values[:, 0],
        fit=np.ones(120, bool),
        fit_mixed=np.ones(120, bool),
        components=np.zeros((120, 0)),
        half=np.arange(120) % 2 == 0,
    )
    assert set(group.leave_one_out(made, alpha=0.05)) == {0, 1, 2}
    assert not group.leave_one_out(made.only(code < 2), alpha=0.05)


def arms_of(states_of):
    """Arms of the samples of one state list each: parental, treated, holiday."""
    arm = np.concatenate(
        [[k] * len(s) for k, parts in enumerate(states_of) for s in parts]
    )
    sample = np.concatenate(
        [[n] * len(s) for n, s in enumerate(s for parts in states_of for s in parts)]
    )
    state = np.concatenate([s for parts in states_of for s in parts])
    zero = np.zeros(len(arm), np.int64)
    return state, Arms(arm == 0, arm == 1, arm == 2, sample, zero)


def test_return_is_the_share_that_the_calls_leave_parental_like():
    like, called_cell, unsure = "parental-like", "DTP-like", "uncertain"
    state, arms = arms_of(
        [
            [[like] * 4],
            [[called_cell] * 3 + [like]],
            [[like] * 9 + [called_cell], [like] * 6 + [unsure] * 4],
        ]
    )
    found = parental_share(state, arms, "off")
    assert (found["share"], found["treated_share"]) == (0.75, 0.25)
    interval = share_interval([9, 6], [10, 10])
    assert (found["low"], found["high"]) == (interval.low, interval.high)
    assert (found["n_samples"], found["n_cells"]) == (2, 20)
    # Two samples that differ this much do not show it.
    assert not _returns(found)
    found = {**found, "low": 0.6}
    assert _returns(found)
    # Most must be back, and more than never left.
    assert not _returns({**found, "low": 0.5})
    assert not _returns({**found, "treated_share": 0.65})
    assert not _returns({**found, "low": np.nan})


def test_every_sample_counts_once_in_what_returned():
    like, called_cell = "parental-like", "DTP-like"
    off = [[like] * 90 + [called_cell] * 10, [like] * 2 + [called_cell] * 8]
    state, arms = arms_of([[[like] * 4], [[called_cell] * 4], off])
    found = parental_share(state, arms, "off")
    assert found["share"] == pytest.approx((0.9 + 0.2) / 2)
    # Samples of one patient are no replicates: the patient is the unit.
    off = [*off, [like] * 10]
    state, arms = arms_of([[[like] * 4], [[called_cell] * 4], off])
    patient = np.where(arms.sample == 4, 1, 0)
    found = parental_share(state, replace(arms, stratum=patient), "off")
    assert found["n_samples"] == 3
    assert found["share"] == pytest.approx((92 / 110 + 1) / 2)
    interval = share_interval([92, 10], [110, 10])
    assert found["low"] == interval.low
    assert found["high"] == interval.high


def test_the_interval_of_a_share_holds_the_share_where_no_cell_has_the_label():
    share, low, high = shares_of_units(np.array([[0, 50], [0, 50]]))
    assert (low[0], high[1]) == (0.0, 1.0)
    assert share.tolist() == [0.0, 1.0]
    assert 0 < high[0] < 0.2


def test_a_ratio_needs_a_difference_of_one_standard_deviation():
    assert reversal.RESOLVED == 1
    rng = np.random.default_rng(6)
    arm = np.repeat([0, 1, 2], 600)
    sample = np.tile(np.arange(3), 600) + 3 * arm
    values = rng.normal(0, 0.1, 1800)[:, None] + np.outer(arm == 1, [0.9, 1.1])
    arms = Arms(arm == 0, arm == 1, arm == 2, sample, np.zeros(1800, np.int64))
    table = reversal.axis_reversal(pd.DataFrame(values), arms)
    assert table["ratio"].isna().tolist() == [True, False]


def test_vulnerabilities_are_those_of_the_five_strongest_axes():
    axes = [
        name for name, axis in signatures.axes().items() if axis.kind == "persister"
    ]
    known = set(signatures.vulnerabilities()["axis"])
    listed = [name for name in axes if name in known][:7]
    table = pd.DataFrame({"batch": "all", "group": "on", "axis": listed})
    assert set(vulnerability_table(table)["axis"]) == set(listed[:5])


def test_a_direction_is_read_beyond_95_percent_of_random_gene_sets():
    random_z = np.zeros((4, 41))
    random_z[:2] = np.arange(41.0)
    called_cells = np.arange(4) < 2
    assert reasons.envelope(random_z, called_cells, ~called_cells) == (1.0, 39.0)


@pytest.mark.slow
def test_groups_are_tested_and_plotted_by_scanpy():
    """No state without a cell is left behind, at which scanpy stops."""
    import scanpy as sc

    data = called().copy()
    for key in (_keys.CALL, _keys.EVIDENCE, _keys.REASON):
        kept = data.obs[key].cat
        assert set(kept.categories) == set(data.obs[key].dropna().unique())
    assert len(data.uns["dtp_call_colors"]) == len(data.obs[_keys.CALL].cat.categories)
    sc.pp.normalize_total(data, target_sum=1e4)
    sc.pp.log1p(data)
    sc.tl.rank_genes_groups(data, _keys.CALL, n_genes=5)
    sc.pp.pca(data, n_comps=5)
    sc.tl.dendrogram(data, _keys.CALL)
    sc.pl.dotplot(data, list(data.var_names[:3]), groupby=_keys.CALL, show=False)
    sc.pl.pca(data, color=_keys.CALL, show=False)


@pytest.mark.slow
def test_two_runs_stand_side_by_side():
    data = easy().copy()
    run(data)
    run(data, key_added="mine", alpha=0.2)
    for key in ("dtp_call", "mine"):
        assert {f"{key}_colors", key} <= set(data.uns)
        assert f"{key}_axes" in data.obsm
    assert record_of(data, "mine").alpha == 0.2
    assert record_of(data).alpha == 0.05
    assert {"mine_qvalue", "mine_shift", "mine_reason"} <= set(data.obs)
    np.testing.assert_array_equal(data.obs["mine_index"], data.obs["dtp_index"])


@pytest.mark.slow
def test_old_names_work_for_one_release():
    data = with_columns(easy(), when=14.0)
    with pytest.warns(FutureWarning) as caught:
        dtp.tl.call(
            data,
            **DESIGN,
            days_key="when",
            random_state=1,
            quiet=True,
            check_reference=False,
        )
    said = " ".join(str(one.message) for one in caught)
    assert "days_key is now called time_key" in said
    assert "random_state is now called seed" in said
    assert "quiet has no effect any more" in said
    params = data.uns[_keys.CALL]["params"]
    assert (params["time_key"], params["seed"]) == ("when", 1)
