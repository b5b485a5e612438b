"""Comparisons of genes, covariates, and cycling against resting persisters."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import dtpscore as dtp
from dtpscore._compare import arms, run, within
from dtpscore._compare.covariates import covariate_matrix
from dtpscore._compare.samples import Samples
from dtpscore._options.compare import CompareOptions
from dtpscore._statistics.contrast import arm_contrast
from dtpscore._statistics.moderated import fit_prior
from dtpscore.errors import DataError, OptionError, ResultError

DESIGN = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}


def bulk(n=3, n_genes=3000, seed=0, moved=0, paired=False, noise=0.25):
    """Bulk samples; the first genes are twice as high in the arm, or half as high."""
    rng = np.random.default_rng(seed)
    base = np.log(rng.gamma(0.7, 150, n_genes) + 5)
    spread = noise * np.sqrt(6 / rng.chisquare(6, n_genes))
    log = base + spread * rng.standard_normal((2 * n, n_genes))
    if paired:
        log += rng.standard_normal((n, n_genes))[np.arange(2 * n) % n]
    log[n:, :moved] += np.log(2) * np.where(np.arange(moved) % 2, 1, -1)
    names = [f"s{k}" for k in range(2 * n)]
    obs = pd.DataFrame(
        {
            "condition": ["parental"] * n + ["treated"] * n,
            "sample": names,
            "patient": [f"p{k % n}" for k in range(2 * n)],
        },
        index=names,
    )
    genes = pd.DataFrame(index=[f"G{k}" for k in range(n_genes)])
    return ad.AnnData(rng.poisson(np.exp(log)).astype(np.float32), obs, genes)


def compared(adata, **more):
    return dtp.tl.compare(adata, copy=True, **{"features": "genes", **DESIGN, **more})


# Genes.


def slow(adata):
    """Moderated t of genes in groups of like expression, by loops."""
    counts = adata.X.astype(np.float64)
    counts = counts[:, counts.sum(axis=0) >= 10]
    library = adata.X.sum(axis=1, keepdims=True).astype(np.float64)
    log = np.log2((counts + 0.5) / (library + 1) * 1e6)
    treated = (adata.obs["condition"] == "treated").to_numpy()
    gap = log[treated].mean(axis=0) - log[~treated].mean(axis=0)
    n, freedom = treated.sum(), len(log) - 2
    variance = np.array(
        [
            (np.var(one[treated]) * n + np.var(one[~treated]) * (len(one) - n))
            / freedom
            for one in log.T
        ]
    )
    pvalue = np.empty(len(gap))
    order = np.argsort(log.mean(axis=0), kind="stable")
    for rows in np.array_split(order, min(10, len(order) // 200)):
        prior = fit_prior(variance[rows], freedom)
        for k in rows:
            total = prior.freedom + freedom
            square = (
                prior.variance
                if np.isinf(total)
                else (prior.freedom * prior.variance + freedom * variance[k]) / total
            )
            t = gap[k] / np.sqrt(square * (1 / n + 1 / (len(log) - n)))
            law = stats.norm if np.isinf(total) else stats.t(total)
            pvalue[k] = 2 * law.sf(abs(t))
    return gap, pvalue


@pytest.mark.parametrize("n", [2, 3])
def test_genes_are_those_of_a_slow_reference(n):
    adata = bulk(n)
    table = dtp.get.compare(compared(adata))
    gap, pvalue = slow(adata)
    np.testing.assert_allclose(table["difference"], gap, atol=1e-6)
    np.testing.assert_allclose(table["pvalue"], pvalue, rtol=1e-5)
    np.testing.assert_allclose(table["qvalue"], stats.false_discovery_control(pvalue))
    assert (arms.MOST_LEVELS, arms.FEWEST_OF_LEVEL) == (10, 200)


@pytest.mark.parametrize(("n", "paired"), [(2, False), (3, False), (3, True)])
def test_type_one_error_of_genes_is_held(n, paired):
    hits, found, n_tests = 0, 0, 0
    for seed in range(8):
        adata = bulk(n, seed=seed, paired=paired)
        more = {"pair_key": "patient"} if paired else {}
        table = dtp.get.compare(compared(adata, **more))
        hits += int((table["pvalue"] <= 0.05).sum())
        found += int((table["qvalue"] <= 0.05).sum())
        n_tests += len(table)
    assert 0.035 < hits / n_tests < 0.06
    # Of about 24,000 genes.
    assert found <= 12


def test_planted_genes_are_found_at_their_false_discovery_rate():
    found = compared(bulk(3, moved=150, seed=3, noise=0.1))
    table = dtp.get.compare(found).set_index("axis")
    shown = table.index[table["qvalue"] <= 0.05]
    true = {f"G{k}" for k in range(150)}
    assert len(true & set(shown)) > 75
    assert len(set(shown) - true) < 0.1 * len(shown)
    assert table.loc["G3", "difference"] == pytest.approx(1, abs=0.8)
    record = found.uns["dtp_compare"]
    assert record["unit"] == "log2 counts per million"
    assert (table["published"] == "").all()
    assert "linear model" not in " ".join(record["methods"])
    assert "among genes of like expression" in " ".join(record["methods"])


def test_samples_of_the_genes_that_differ_most_are_kept():
    found = compared(bulk(3, moved=20))
    samples = dtp.get.compare(found, kind="samples")
    assert samples["axis"].nunique() == run.MOST_WITH_SAMPLES == 200
    table = dtp.get.compare(found).nsmallest(200, "pvalue")
    assert set(table["axis"]) == set(samples["axis"])


def test_named_genes_are_moderated_over_all_and_corrected_over_themselves():
    adata = bulk(3)
    every = dtp.get.compare(compared(adata)).set_index("axis")
    few = dtp.get.compare(compared(adata, features=["G5", "G2"])).set_index("axis")
    assert list(few.index) == ["G2", "G5"]
    np.testing.assert_allclose(few["pvalue"], every.loc[few.index, "pvalue"])
    np.testing.assert_allclose(
        few["qvalue"], stats.false_discovery_control(few["pvalue"])
    )
    with pytest.raises(DataError, match="no gene 'NOPE'"):
        compared(adata, features=["G5", "NOPE"])
    for wrong in ([], ["axes", "G5"], ["genes", "G5"]):
        with pytest.raises(OptionError, match="features is 'axes', 'genes'"):
            CompareOptions(groupby="a", reference="b", features=wrong)


def test_cells_are_summed_and_few_samples_give_no_pvalue():
    adata = bulk(2)
    half = np.floor(adata.X / 2)
    cells = ad.concat([adata, adata], index_unique="-")
    cells.X = np.vstack([half, adata.X - half])
    one, two = (dtp.get.compare(compared(part)) for part in (adata, cells))
    np.testing.assert_allclose(one["pvalue"], two["pvalue"])
    alone = compared(adata[[0, 2]].copy())
    assert dtp.get.compare(alone)["pvalue"].isna().all()
    assert dtp.get.compare(alone, kind="arms")["method"].tolist() == ["none"]


# Covariates.


def test_covariates_are_those_of_ordinary_least_squares():
    rng = np.random.default_rng(0)
    treated = np.arange(10) >= 5
    extra = np.column_stack([rng.standard_normal(10), rng.integers(0, 2, 10)])
    values = rng.standard_normal((10, 3)) + extra[:, :1]
    found = arm_contrast(values, treated, (-1.0, 1.0), covariates=extra)
    for k in range(3):
        model = sm.OLS(
            values[:, k], np.column_stack([np.ones(10), treated, extra])
        ).fit()
        assert found.effect[k] == pytest.approx(model.params[1])
        error = np.sqrt(found.variance[k] * found.leverage)
        assert error == pytest.approx(model.bse[1])
    assert found.freedom == 6
    test = arms.compare_arm(values, treated, covariates=extra)
    assert test.freedom == pytest.approx(6)
    assert test.pvalue[0] == pytest.approx(
        sm.OLS(values[:, 0], np.column_stack([np.ones(10), treated, extra]))
        .fit()
        .pvalues[1]
    )


def test_a_batch_that_moves_genes_is_taken_out():
    adata = bulk(4, moved=100, seed=1, noise=0.1)
    adata.obs["run"] = ["a", "a", "b", "b"] * 2
    scale = np.where(adata.obs["run"] == "b", 4, 1)[:, None]
    moved = np.arange(adata.n_vars) % 2 == 0
    adata.X = np.where(moved, adata.X * scale, adata.X).astype(np.float32)
    plain, beside = (
        dtp.get.compare(compared(adata, covariates=one)) for one in (None, "run")
    )
    hits = [int((one["qvalue"][:100] <= 0.05).sum()) for one in (plain, beside)]
    assert hits[1] > hits[0] + 20
    found = compared(adata, covariates="run")
    assert dtp.get.compare(found, kind="arms")["n_samples"].tolist() == [4]
    assert "took account of run" in " ".join(found.uns["dtp_compare"]["methods"])


def test_what_is_confounded_is_refused_in_one_sentence():
    adata = bulk(3)
    adata.obs["run"] = ["a"] * 3 + ["b"] * 3
    with pytest.raises(ResultError, match="change with the arm") as error:
        compared(adata, covariates="run")
    assert str(error.value).count(". ") <= 1
    adata.obs["one"] = ["a", "b", "c"] * 2
    adata.obs["two"] = [0.0, 1.0, 3.0, 2.0, 0.5, 1.0]
    adata.obs["more"] = [0.1, 1.0, 0.2, 2.0, 0.5, 4.0]
    with pytest.raises(ResultError, match="no degree of freedom"):
        compared(adata, covariates=["one", "two", "more"])
    adata.obs["three"] = [0.0, 1.0, 3.0, np.nan, 0.5, 1.0]
    with pytest.raises(DataError, match="missing values in sample 's3'"):
        compared(adata, covariates="three")
    with pytest.raises(DataError, match="no column 'none'"):
        compared(adata, covariates="none")


def test_a_covariate_has_one_value_per_sample():
    obs = pd.DataFrame({"age": [1, 1, 2, 3], "sex": ["f", "f", "m", "m"]})
    samples = Samples(
        np.array([0, 0, 1, 1]),
        np.array([False, True]),
        ["a", "b"],
        ["a", "b"],
        np.array([2, 2]),
        0,
    )
    np.testing.assert_array_equal(covariate_matrix(obs, ["sex"], samples), [[0], [1]])
    assert covariate_matrix(obs, [], samples) is None
    with pytest.raises(DataError, match="differs between the cells of sample 'b'"):
        covariate_matrix(obs, ["age"], samples)


def test_covariates_of_axes_and_of_pairs():
    rng = np.random.default_rng(0)
    treated = np.tile([False, True], 5)
    pair = np.repeat(np.arange(5), 2)
    time = rng.standard_normal((10, 1))
    values = rng.standard_normal((10, 2)) + 3 * time
    found = arms.compare_arm(values, treated, pair, covariates=time)
    gaps = values[treated] - values[~treated]
    extra = (time[treated] - time[~treated])[:, 0]
    model = sm.OLS(gaps[:, 0], np.column_stack([np.ones(5), extra])).fit()
    assert found.difference[0] == pytest.approx(model.params[0])
    assert found.pvalue[0] == pytest.approx(model.pvalues[0])


# Cycling and resting persisters.


def called(n=4, n_cells=40, effect=1.5, seed=0):
    """Treated samples with cycling and resting persisters; cycling have more own0."""
    rng = np.random.default_rng(seed)
    names = [f"s{k}" for k in range(2 * n)]
    sample = np.repeat(names, n_cells)
    treated = np.repeat(np.arange(2 * n) >= n, n_cells)
    cycling = treated & (np.arange(len(sample)) % 2 == 0)
    state = np.where(cycling, "DTP-like cycling", "DTP-like")
    state = np.where(treated, state, "parental-like")
    genes = [f"G{k}" for k in range(300)]
    counts = rng.poisson(4, (len(sample), 300)).astype(np.float32)
    counts[np.ix_(cycling, np.arange(10))] *= 3
    obs = pd.DataFrame(
        {
            "condition": np.where(treated, "treated", "parental"),
            "sample": sample,
            "dtp_call": state,
        },
        index=[f"c{k}" for k in range(len(sample))],
    )
    adata = ad.AnnData(counts, obs, pd.DataFrame(index=genes))
    sets = {f"own{k}": genes[20 * k : 20 * k + 20] for k in range(12)}
    dtp.tl.score(adata, sets)
    level = rng.standard_normal((2 * n, 12))[np.repeat(np.arange(2 * n), n_cells)]
    for k in range(12):
        value = 3 * level[:, k] + rng.standard_normal(len(sample))
        value[cycling] += effect * (k == 0)
        adata.obs[f"dtp_own{k}"] = value.astype(np.float32)
    from small_records import call_uns

    adata.uns["dtp_call"] = call_uns()
    return adata


def test_cycling_persisters_are_compared_within_samples():
    adata = called()
    found = dtp.tl.compare(adata, copy=True, within="cycling", **DESIGN)
    table = dtp.get.compare(found).set_index("axis")
    row = dtp.get.compare(found, kind="arms").iloc[0]
    assert (row["group"], row["n_pairs"], row["n_cells"]) == ("treated", 4, 80)
    assert "paired" in row["method"]
    assert table.index[table["qvalue"] <= 0.05].tolist() == ["own0"]
    # By hand: resting persisters are the unit, every sample is compared with itself.
    value, state = adata.obs["dtp_own0"], adata.obs["dtp_call"]
    resting = value[state == "DTP-like"]
    means = [
        value[state == one].groupby(adata.obs["sample"], observed=True).mean()
        for one in ("DTP-like cycling", "DTP-like")
    ]
    gap = (means[0] - means[1]).mean() / resting.std()
    assert table.loc["own0", "difference"] == pytest.approx(gap, rel=1e-4)
    record = found.uns["dtp_compare"]
    assert (record["unit"], record["contrast"]) == (
        "SD of resting persisters",
        "cycling less resting",
    )
    assert any("by construction" in one for one in record["messages"])


def test_an_arm_with_too_few_cycling_persisters_is_named():
    adata = called()
    holiday = adata.obs["sample"].isin(["s0", "s1"])
    adata.obs.loc[holiday, "condition"] = "holiday"
    found = dtp.tl.compare(adata, copy=True, within="cycling", **DESIGN)
    assert dtp.get.compare(found, kind="arms")["group"].tolist() == ["treated"]
    said = " ".join(found.uns["dtp_compare"]["messages"])
    assert "Fewer than 3 samples have 10 cycling and 10 resting" in said
    assert "in holiday, which take no part" in said


def test_genes_of_cycling_persisters():
    found = dtp.tl.compare(
        called(), copy=True, within="cycling", features="genes", **DESIGN
    )
    table = dtp.get.compare(found).set_index("axis")
    shown = table.index[(table["qvalue"] <= 0.05) & (table["difference"] > 1)]
    assert set(shown) == {f"G{k}" for k in range(10)}


def test_no_effect_within_samples_is_no_difference():
    hits = n_tests = 0
    for seed in range(12):
        found = dtp.tl.compare(
            called(effect=0, seed=seed), copy=True, within="cycling", **DESIGN
        )
        table = dtp.get.compare(found)
        hits += int((table["pvalue"] <= 0.05).sum())
        n_tests += len(table)
    assert hits / n_tests < 0.12


def test_the_cut_is_that_of_the_call():
    from dtpscore._calling.states import DTP_CYCLING, DTP_LIKE

    assert (within.DTP_CYCLING, within.DTP_LIKE) == (DTP_CYCLING, DTP_LIKE)
    assert within.FEWEST_BOTH == 3


@pytest.mark.parametrize("key", ["axes", "genes"])
def test_fewer_than_three_samples_with_both_are_refused(key):
    adata = called(n=2)
    with pytest.raises(ResultError, match="3 samples or more have 10 cells of each"):
        dtp.tl.compare(adata, within="cycling", features=key, **DESIGN)
    several = called(n=4)
    first = several.obs["sample"].isin(["s4", "s5"])
    several.obs.loc[first, "dtp_call"] = "DTP-like"
    with pytest.raises(ResultError, match="these samples are 2 in treated"):
        dtp.tl.compare(several, within="cycling", features=key, **DESIGN)


def test_cells_that_were_not_called_are_refused():
    adata = called()
    del adata.obs["dtp_call"]
    with pytest.raises(DataError, match="No calls under"):
        dtp.tl.compare(adata, within="cycling", **DESIGN)


def test_what_is_published_of_cycling_persisters_is_held_against_it():
    known = dtp.signatures.axes()
    assert set(within.CYCLING_PERSISTERS) <= set(known)
    options = CompareOptions(groupby="a", reference="b", within="cycling")
    assert run._published("redox_nrf2", options)[0] == "up"
    assert "Oren et al. 2021" in run._published("redox_nrf2", options)[1]
    assert run._published("emt", options) == ("", "")


# Where it shows.


def test_plots_of_genes_and_of_cycling_and_marks_in_the_heat_map():

    adata = called()
    dtp.tl.compare(adata, within="cycling", **DESIGN)
    ax = dtp.pl.compare(adata, show=False)
    assert "cycling less resting" in ax.get_xlabel()
    genes = compared(bulk(3, moved=20))
    ax = dtp.pl.compare(genes, show=False)
    assert ax.get_xlabel() == "treated less parental (log2 counts per million)"
    from dtpscore.get._compare import MARKED

    assert MARKED == 0.05
    given = {"groupby": "condition", "show": False, "reference": "parental"}
    plain = dtp.pl.axis_heatmap(adata, **given)
    marked = dtp.pl.axis_heatmap(adata, compare_key="dtp_compare", **given)
    rows = [[t.get_text() for t in one.get_yticklabels()] for one in (plain, marked)]
    assert not any("\u2020" in one for one in rows[0])
    assert [one for one in rows[1] if "\u2020" in one] == ["own0 \u2020"]
    with pytest.raises(DataError, match="No comparison"):
        dtp.pl.axis_heatmap(adata, compare_key="nothing", **given)


def test_the_report_lists_the_genes_that_differ_most():
    from dtpscore._report.collect import collect
    from dtpscore._report.compare import _MOST_GENES

    genes = bulk(3, moved=20, noise=0.05)
    dtp.tl.score(genes, {"own": list(genes.var_names[:20])})
    dtp.tl.compare(genes, features="genes", **DESIGN)
    page = collect(genes, groupby="condition", reference="parental")
    section = next(one for one in page.sections if one.name == "compare")
    table = section.tables[0]
    assert len(table.frame) == _MOST_GENES == 200
    assert table.frame["pvalue"].is_monotonic_increasing
    assert "comparisons of a gene between" in section.result
    ax = dtp.pl.compare(genes, show=False)
    shown = [one.get_text() for one in ax.get_yticklabels()]
    assert len(set(shown) & {f"G{k}" for k in range(20)}) >= 17
