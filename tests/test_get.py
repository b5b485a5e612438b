"""The frames behind plots and report, against slow and obvious versions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import dtpscore as dtp
from dtpscore.errors import DataError
from dtpscore.get import _axes as scores
from dtpscore.get import _checks as checks
from dtpscore.get._groups import groups

SEED = 3


@pytest.fixture(scope="module")
def scored():
    adata = dtp.datasets.simulate(n_cells=360, n_genes=1200, seed=SEED)
    dtp.tl.score(adata)
    return adata


@pytest.fixture
def cells():
    rng = np.random.default_rng(SEED)
    names = [f"c{i}" for i in range(60)]
    values = pd.DataFrame(rng.normal(size=(60, 3)), index=names, columns=list("abc"))
    member = pd.Series(
        pd.Categorical(["x", "y", "z"] * 20, categories=["x", "y", "z"], ordered=True),
        index=names,
    )
    sample = pd.Series([f"s{i % 7}" for i in range(60)], index=names)
    return values, member, sample


def test_groups_put_the_reference_first_and_keep_the_order(scored):
    member = groups(scored, "condition", "treated")
    assert list(member.cat.categories) == ["treated", "parental", "holiday"]
    assert (member.astype(str) == scored.obs["condition"].astype(str)).all()


def test_groups_without_cells_are_left_out_and_missing_stays_missing(scored):
    part = scored[scored.obs["condition"] != "holiday"].copy()
    keep = np.arange(part.n_obs) >= 3
    part.obs["condition"] = part.obs["condition"].astype("category").where(keep)
    member = groups(part, "condition")
    assert list(member.cat.categories) == ["parental", "treated"]
    assert member.isna().sum() == 3


def test_numbers_as_groups_are_ordered_as_numbers(scored):
    scored.obs["dose"] = np.resize([10, 2, 1], scored.n_obs)
    assert list(groups(scored, "dose").cat.categories) == ["1", "2", "10"]


@pytest.mark.parametrize(
    ("groupby", "reference", "said"),
    [("nothing", None, "no column 'nothing'"), ("condition", "dmso", "'parental'")],
)
def test_errors_name_what_there_is(scored, groupby, reference, said):
    with pytest.raises(DataError, match=said):
        groups(scored, groupby, reference)


def test_standardize_is_mean_and_sd_of_the_reference(cells):
    values, member, _ = cells
    found = scores.standardize(values, member == "x")
    for name in values:
        base = [v for v, g in zip(values[name], member, strict=True) if g == "x"]
        slow = [(v - np.mean(base)) / np.std(base, ddof=1) for v in values[name]]
        np.testing.assert_allclose(found[name], slow, rtol=1e-12)


def test_standardize_leaves_a_constant_column_missing(cells):
    values, member, _ = cells
    values["c"] = 1.0
    assert scores.standardize(values, member == "x")["c"].isna().all()


def test_sample_means_weigh_cells_within_samples_only(cells):
    values, member, sample = cells
    found = scores.sample_means(values, member, sample)
    assert len(found) == len(set(zip(member, sample, strict=True)))
    for (group, one), row in found.iterrows():
        inside = (member == group) & (sample == one)
        assert row["a"] == pytest.approx(values.loc[inside, "a"].mean())


def test_axis_by_group_is_the_mean_of_sample_means(scored):
    table = scores.axis_by_group(
        scored, groupby="condition", reference="parental", sample_key="sample"
    )
    reference = scored.obs["condition"] == "parental"
    emt = scored.obs["dtp_emt"].astype(float)
    unit = (emt - emt[reference].mean()) / emt[reference].std(ddof=1)
    treated = scored.obs["condition"] == "treated"
    samples = scored.obs.loc[treated, "sample"].unique()
    slow = np.mean(
        [unit[(scored.obs["sample"] == s).to_numpy()].mean() for s in samples]
    )
    assert table.loc["emt", "treated"] == pytest.approx(slow)
    cells = scores.axis_by_group(scored, groupby="condition", reference="parental")
    assert cells.loc["emt", "parental"] == pytest.approx(0, abs=1e-9)


def test_unknown_axes_are_named(scored):
    with pytest.raises(DataError, match="'wings'"):
        scores.axis_values(scored, groupby="condition", axes=["emt", "wings"])


def test_strongest_keeps_the_order_of_the_table():
    table = pd.DataFrame({"x": [0.0, 0, 0], "y": [1.0, 3, 2]}, index=list("abc"))
    assert scores.strongest(table, 2) == ["b", "c"]


def test_nuisance_and_lineage_are_no_persister_axes():
    axes = ["emt", "s_phase", "melanoma_ncsc", "my_own"]
    assert scores.persister_axes(axes) == ["emt", "my_own"]


def test_correlation_is_within_groups_weighted_by_size(cells):
    values, member, _ = cells
    right = values[["b", "c"]].rename(columns={"b": "p", "c": "q"})
    # A shift between groups must not count.
    left = values[["a"]].add(member.cat.codes * 100.0, axis=0)
    right = right.add(member.cat.codes * 100.0, axis=0)
    found = checks.within_group_correlation(left, right, member)
    parts = [
        spearmanr(left["a"][member == g], right["p"][member == g]).statistic
        for g in "xyz"
    ]
    assert found.loc["a", "p"] == pytest.approx(np.mean(parts))
    assert abs(found.loc["a", "p"]) < 0.6


def test_small_groups_do_not_count(cells):
    values, _, _ = cells
    member = pd.Series(pd.Categorical(["big"] * 55 + ["small"] * 5), index=values.index)
    found = checks.within_group_correlation(values[["a"]], values[["b"]], member)
    slow = spearmanr(values["a"][:55], values["b"][:55]).statistic
    assert found.loc["a", "b"] == pytest.approx(slow)


def test_quality_counts_totals_genes_and_mitochondria(scored):
    adata = scored.copy()
    adata.var_names = ["MT-CO1", "MT-ND1", *adata.var_names[2:]]
    dense = adata.X.toarray()
    found = checks.quality(adata)
    np.testing.assert_array_equal(found["total counts"], dense.sum(axis=1))
    np.testing.assert_array_equal(found["genes detected"], (dense > 0).sum(axis=1))
    mito = adata.var_names.str.startswith("MT-")
    share = dense[:, mito].sum(axis=1) / dense.sum(axis=1)
    np.testing.assert_allclose(found["mitochondrial share"], share)


def test_quality_of_scaled_values_has_no_total(scored):
    adata = scored.copy()
    adata.X = adata.X.toarray() - 1.0
    assert list(checks.quality(adata)) == ["genes detected"]


def test_coverage_is_that_of_the_scores_in_order_of_the_axes(scored):
    frame = checks.coverage(scored)
    stored = scored.uns["dtp_scores"]["coverage"]
    assert set(frame.index) == set(stored.index)
    assert (frame["n_found"] == stored["n_found"].reindex(frame.index)).all()
    order = [a for a in dtp.signatures.axes() if a in set(frame["axis"])]
    assert list(frame["axis"].unique()) == order


def test_confounders_have_results_and_nuisance(scored):
    table = checks.confounders(scored, groupby="condition")
    assert "emt" in table.index
    assert "s_phase" not in table.index
    assert {"total counts", "S phase"} <= set(table.columns)
    assert table.abs().max().max() <= 1


def test_confounders_of_tiny_groups_are_refused(scored):
    with pytest.raises(DataError, match="fewer than 10 cells"):
        checks.confounders(scored[:9].copy(), groupby="condition")


def test_only_public_names_are_listed():
    assert dir(dtp.get) == sorted(dtp.get.__all__)
    assert {"anndata", "order", "reversal", "samples", "to_csv"} <= set(dir(dtp.get))
    with pytest.raises(AttributeError, match="no attribute 'wings'"):
        dtp.get.wings  # noqa: B018


@pytest.mark.parametrize("kind", ["score", "axes"])
def test_scores_as_an_anndata_are_what_scanpy_takes(scored, kind):
    import scanpy as sc

    made = dtp.get.anndata(scored, kind=kind)
    frame = dtp.get.scores(scored) if kind == "score" else dtp.get.axes(scored)
    np.testing.assert_array_equal(made.X, frame.to_numpy(dtype=np.float32))
    np.testing.assert_array_equal(made.obsm["X_scores"], made.X)
    assert list(made.var_names) == list(frame)
    sc.tl.rank_genes_groups(made, "condition", method="wilcoxon")
    assert len(made.uns["rank_genes_groups"]["names"]) == made.n_vars
    with pytest.raises(ValueError, match="kind must be one of"):
        dtp.get.anndata(scored, kind="genes")


def test_a_frame_never_hands_out_what_the_data_hold(scored):
    for frame in (dtp.get.coverage(scored), dtp.get.signatures(scored)):
        frame["n_found"] = -1
    assert (scored.uns["dtp_scores"]["coverage"]["n_found"] >= 0).all()
