"""Ranking of genes and enrichment of gene sets."""

from __future__ import annotations

import anndata as ad
import gseapy
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore import signatures
from dtpscore._enrichment import prerank, ranking
from dtpscore.errors import DataError, InputWarning, ResultError, SignatureError
from dtpscore.get import _enrichment as frames

KW = {"groupby": "condition", "reference": "parental"}
FEW = ["hallmark_e2f_targets", "tirosh2016_g2m_phase", "dtp_consensus_no_cycle"]


@pytest.fixture(scope="module")
def adata():
    return dtp.datasets.simulate(
        n_cells=360, n_genes=1500, seed=1, days=(7,), difficulty="easy"
    )


@pytest.fixture(scope="module")
def enriched(adata):
    made = adata.copy()
    dtp.tl.enrich(made, FEW, sample_key="sample", permutations=100, **KW)
    return made


def slow_profiles(adata, rows):
    total = np.asarray(adata.X.toarray()[rows], dtype=float).sum(axis=0)
    return np.log2((total + 0.5) / (total.sum() + 1) * 1e6)


def slow_statistic(adata, group):
    """Loop over samples and genes, as written in the docstring."""
    sides = {}
    for name in (group, "parental"):
        here = adata.obs[adata.obs["condition"] == name]
        sides[name] = np.array(
            [
                slow_profiles(adata, (adata.obs["sample"] == s).to_numpy())
                for s in sorted(here["sample"].unique())
            ]
        )
    left, right = sides[group], sides["parental"]
    difference = left.mean(0) - right.mean(0)
    error = np.sqrt(left.var(0, ddof=1) / len(left) + right.var(0, ddof=1) / len(right))
    return difference / (error + np.median(error[error > 0]))


def test_statistic_equals_the_slow_version(adata, enriched):
    found = frames.ranking(enriched, group="treated")
    slow = pd.Series(slow_statistic(adata, "treated"), index=adata.var_names)
    np.testing.assert_allclose(found, slow[found.index], rtol=1e-9, atol=1e-12)
    left_out = set(adata.var_names) - set(found.index)
    totals = pd.Series(np.asarray(adata.X.sum(axis=0)).ravel(), index=adata.var_names)
    assert (totals[list(left_out)] < 10).all()


def test_equals_gseapy_called_by_hand(enriched, tmp_path):
    gmt = tmp_path / "sets.gmt"
    signatures.write_gmt([signatures.load(name) for name in FEW], gmt)
    by_hand = gseapy.prerank(
        rnk=frames.ranking(enriched, group="treated"),
        gene_sets=str(gmt),
        outdir=None,
        no_plot=True,
        permutation_num=100,
        min_size=10,
        max_size=1000,
        seed=0,
        threads=2,
    ).res2d.set_index("Term")
    table = frames.enrichment(enriched, group="treated").set_index("term")
    assert set(table.index) == set(by_hand.index)
    for ours, theirs in (
        ("es", "ES"),
        ("nes", "NES"),
        ("pvalue", "NOM p-val"),
        ("fdr", "FDR q-val"),
    ):
        np.testing.assert_array_equal(
            table[ours], by_hand.loc[table.index, theirs].astype(float)
        )


def test_running_sum_is_that_of_gseapy(enriched):
    values = frames.ranking(enriched, group="treated")
    genes = frames.members(enriched, "hallmark_e2f_targets_UP")
    options = prerank.PrerankOptions(permutations=10)
    result = prerank.run(values, {"set": genes}, options).results["set"]
    found = prerank.running_sum(values.to_numpy(), values.index.isin(genes), 1.0)
    np.testing.assert_allclose(found, result["RES"], atol=1e-9)


def test_planted_directions_come_out(enriched):
    table = frames.enrichment(enriched, group="treated").set_index("term")
    assert table.loc["hallmark_e2f_targets_UP", "nes"] < 0
    assert table.loc["dtp_consensus_no_cycle_UP", "nes"] > 0


@pytest.mark.parametrize("make", [sp.csc_matrix, sp.csr_array, lambda x: x.toarray()])
def test_sums_do_not_depend_on_format_or_blocks(adata, make, monkeypatch):
    unit = np.resize([0, 1, 2, -1], adata.n_obs)
    expected = ranking.unit_sums(adata.X, unit, normalize=True)
    monkeypatch.setattr("dtpscore._matrix.blocks._VALUES", 5_000)
    found = ranking.unit_sums(make(adata.X), unit, normalize=True)
    np.testing.assert_array_equal(found.total, expected.total)
    np.testing.assert_array_equal(found.squares, expected.squares)
    np.testing.assert_array_equal(found.n_cells, np.bincount(unit[unit >= 0]))


def test_cells_rank_by_welch_with_a_floor(adata):
    made = adata.copy()
    with pytest.warns(InputWarning, match="cell as the unit"):
        dtp.tl.enrich(made, FEW, permutations=20, **KW)
    dense = adata.X.toarray().astype(float)
    logged = np.log1p(dense / dense.sum(axis=1, keepdims=True) * 1e4)
    left = logged[(adata.obs["condition"] == "holiday").to_numpy()]
    right = logged[(adata.obs["condition"] == "parental").to_numpy()]
    error = np.sqrt(left.var(0) / len(left) + right.var(0) / len(right))
    slow = (left.mean(0) - right.mean(0)) / (error + np.median(error[error > 0]))
    found = frames.ranking(made, group="holiday")
    np.testing.assert_allclose(
        found, pd.Series(slow, adata.var_names)[found.index], rtol=1e-4, atol=1e-5
    )
    assert set(made.uns["dtp_enrichment"]["designs"]["design"]) == {"cells"}


def paired():
    rng = np.random.default_rng(0)
    patients = rng.gamma(2, 40, size=(4, 30))
    effect = np.where(np.arange(30) < 6, 3.0, 1.0)
    counts = [
        rng.poisson(patients[p] * (effect if treated else 1.0))
        for p in range(4)
        for treated in (0, 1)
    ]
    obs = pd.DataFrame(
        {
            "patient": [f"p{p}" for p in range(4) for _ in (0, 1)],
            "condition": ["parental", "treated"] * 4,
        },
        index=[f"c{i}" for i in range(8)],
    )
    others = signatures.load("hallmark_oxidative_phosphorylation").genes.up
    var = pd.DataFrame(index=[*signatures.load(FEW[1]).genes.up[:20], *others[:10]])
    return ad.AnnData(np.array(counts, dtype=np.float32), obs=obs, var=var)


def test_the_same_patients_on_both_sides_are_paired():
    adata = paired()
    mine = signatures.load(FEW[1])
    dtp.tl.enrich(
        adata, [mine], sample_key="patient", permutations=10, min_size=1, **KW
    )
    record = adata.uns["dtp_enrichment"]
    assert record["designs"]["design"].tolist() == ["paired"]
    profiles = np.array([slow_profiles(_sparse(adata), [i]) for i in range(8)])
    pairs = profiles[1::2] - profiles[::2]
    error = pairs.std(0, ddof=1) / 2
    slow = pd.Series(pairs.mean(0) / (error + np.median(error)), adata.var_names)
    found = frames.ranking(adata, group="treated")
    np.testing.assert_allclose(found, slow[found.index], rtol=1e-6)
    assert set(found.index[:6]) == set(adata.var_names[:6])


def _sparse(adata):
    return ad.AnnData(sp.csr_matrix(adata.X), obs=adata.obs, var=adata.var)


def test_one_sample_ranks_by_difference_and_says_so(adata):
    first = adata.obs["sample"].astype(str).str.endswith("r1").to_numpy()
    made = adata[first].copy()
    with pytest.warns(InputWarning, match="One sample only"):
        dtp.tl.enrich(made, FEW, sample_key="sample", permutations=10, **KW)
    assert set(made.uns["dtp_enrichment"]["designs"]["design"]) == {"difference"}


def test_a_gmt_file_is_tested_too(adata, tmp_path):
    gmt = tmp_path / "mine.gmt"
    genes = "\t".join(adata.var_names[:40])
    gmt.write_text(f"My set\tmine\t{genes}\n", encoding="utf-8")
    made = adata.copy()
    dtp.tl.enrich(made, gmt=gmt, sample_key="sample", permutations=10, **KW)
    table = frames.enrichment(made)
    assert set(table["term"]) == {"my_set_UP"}
    assert set(table["axis"]) == {"user"}


def test_same_seed_same_numbers_and_copy_leaves_the_input(adata, enriched):
    again = dtp.tl.enrich(
        adata, FEW, sample_key="sample", permutations=100, copy=True, **KW
    )
    assert "dtp_enrichment" not in adata.uns
    pd.testing.assert_frame_equal(
        again.uns["dtp_enrichment"]["table"], enriched.uns["dtp_enrichment"]["table"]
    )


def test_results_survive_a_file(enriched, tmp_path):
    enriched.write_h5ad(tmp_path / "x.h5ad")
    back = ad.read_h5ad(tmp_path / "x.h5ad")
    pd.testing.assert_frame_equal(
        frames.enrichment(back), frames.table(enriched), check_dtype=False
    )
    pd.testing.assert_series_equal(
        frames.ranking(back, group="holiday"), frames.ranking(enriched, group="holiday")
    )


def test_sets_of_the_wrong_size_are_listed_not_tested(enriched):
    made = dtp.tl.enrich(
        enriched,
        FEW,
        sample_key="sample",
        permutations=10,
        min_size=60,
        copy=True,
        **KW,
    )
    record = made.uns["dtp_enrichment"]
    assert set(record["table"]["term"]).isdisjoint(record["skipped"]["term"])
    assert (record["skipped"]["n_genes"] < 60).all()
    with pytest.raises(ResultError, match="None of the"):
        dtp.tl.enrich(made, FEW, sample_key="sample", min_size=999, **KW)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"reference": "dmso"}, DataError, "'parental'"),
        ({"groupby": "group"}, DataError, "no column 'group'"),
        ({"sample_key": "patient"}, DataError, "no column 'patient'"),
        ({"layer": "counts"}, DataError, "no layer 'counts'"),
        ({"signatures": ["nothing"]}, SignatureError, "no signature 'nothing'"),
    ],
)
def test_bad_input_is_named(adata, change, error, said):
    with pytest.raises(error, match=said):
        dtp.tl.enrich(adata, **{**KW, "sample_key": "sample", **change})


def test_only_the_reference_is_refused(adata):
    part = adata[adata.obs["condition"] == "parental"].copy()
    with pytest.raises(DataError, match="nothing to compare"):
        dtp.tl.enrich(part, **KW)


def test_asking_for_what_is_not_there(adata, enriched):
    with pytest.raises(DataError, match="first"):
        frames.enrichment(adata)
    with pytest.raises(DataError, match="'treated'"):
        frames.enrichment(enriched, group="other")
    with pytest.raises(DataError, match="was not tested"):
        frames.members(enriched, "nothing_UP")
