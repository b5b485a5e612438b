"""Ranking of genes and enrichment of gene sets."""

from __future__ import annotations

import warnings

import anndata as ad
import gseapy
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore import signatures
from dtpscore._enrichment import contrast, prerank, ranking
from dtpscore._enrichment.record import EnrichRecord
from dtpscore._options.enrich import EnrichOptions
from dtpscore.errors import (
    CoverageWarning,
    DataError,
    InputWarning,
    OptionError,
    ResultError,
    SignatureError,
)
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
    dtp.tl.enrich(made, FEW, sample_key="sample", n_permutations=100, **KW)
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
    options = EnrichOptions(n_permutations=10)
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
        dtp.tl.enrich(made, FEW, n_permutations=20, **KW)
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
        adata, [mine], sample_key="patient", n_permutations=10, min_size=1, **KW
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
        dtp.tl.enrich(made, FEW, sample_key="sample", n_permutations=10, **KW)
    assert set(made.uns["dtp_enrichment"]["designs"]["design"]) == {"difference"}


def test_a_gmt_file_is_tested_too(adata, tmp_path):
    gmt = tmp_path / "mine.gmt"
    genes = "\t".join(adata.var_names[:40])
    gmt.write_text(f"My set\tmine\t{genes}\n", encoding="utf-8")
    made = adata.copy()
    dtp.tl.enrich(made, gmt=gmt, sample_key="sample", n_permutations=10, **KW)
    table = frames.enrichment(made)
    assert set(table["term"]) == {"My set_UP"}
    assert set(table["axis"]) == {"user"}


def test_same_seed_same_numbers_and_copy_leaves_the_input(adata, enriched):
    again = dtp.tl.enrich(
        adata, FEW, sample_key="sample", n_permutations=100, copy=True, **KW
    )
    assert "dtp_enrichment" not in adata.uns
    pd.testing.assert_frame_equal(
        again.uns["dtp_enrichment"]["table"], enriched.uns["dtp_enrichment"]["table"]
    )


def test_results_survive_a_file(enriched, tmp_path):
    enriched.write_h5ad(tmp_path / "x.h5ad")
    back = ad.read_h5ad(tmp_path / "x.h5ad")
    pd.testing.assert_frame_equal(
        frames.enrichment(back), frames.enrichment(enriched), check_dtype=False
    )
    pd.testing.assert_series_equal(
        frames.ranking(back, group="holiday"), frames.ranking(enriched, group="holiday")
    )


def test_sets_of_the_wrong_size_are_listed_not_tested(enriched):
    made = dtp.tl.enrich(
        enriched,
        FEW,
        sample_key="sample",
        n_permutations=10,
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


def as_values(adata, kind):
    """The counts of some cells in another form."""
    made = adata.copy()
    dense = made.X.toarray().astype(float)
    made.X = {
        "one decimal": lambda: (
            dense + (np.arange(dense.size) == 7).reshape(dense.shape) / 2
        ),
        "SoupX": lambda: np.maximum(
            dense - 0.08 * dense.sum(1, keepdims=True) * dense.sum(0) / dense.sum(), 0
        ),
        "CP10k": lambda: dense / dense.sum(axis=1, keepdims=True) * 1e4,
        "log": lambda: np.log1p(dense / dense.sum(axis=1, keepdims=True) * 1e4),
        "scaled": lambda: dense - dense.mean(axis=0),
        "alike": lambda: np.full(dense.shape, 3.0),
    }[kind]()
    return made


def enrich(adata, signatures=FEW, **choices):
    choices = {"sample_key": "sample", "n_permutations": 10, **KW, **choices}
    dtp.tl.enrich(adata, signatures, **choices)
    return adata.uns["dtp_enrichment"]


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        ("one decimal", "fractional counts", "counts with decimals; they were summed"),
        ("SoupX", "fractional counts", "counts with decimals; they were summed"),
        (
            "CP10k",
            "normalized",
            "log(1 + x) was taken, and these were averaged per sam",
        ),
        ("log", "log", "log-transformed values; they were averaged per sample"),
    ],
)
def test_kinds_of_values(adata, enriched, kind, values, told):
    record = enrich(as_values(adata, kind))
    assert record["params"]["values"] == values
    assert told in " ".join(record["methods"])
    counts = frames.ranking(enriched, group="treated")
    place = list(record["groups"]).index("treated")
    found = pd.Series(record["statistic"][:, place], record["genes"])
    shared = counts.index.intersection(found.index)
    assert found[shared].corr(counts[shared], method="spearman") > 0.8


def test_normalized_and_log_values_rank_alike(adata):
    one, other = (enrich(as_values(adata, kind)) for kind in ("CP10k", "log"))
    np.testing.assert_allclose(
        one["statistic"], other["statistic"], rtol=1e-4, atol=1e-5
    )


def test_scaled_values_and_values_without_a_difference_are_refused(adata):
    with pytest.raises(
        DataError, match="A ranking of genes needs counts or log values"
    ):
        enrich(as_values(adata, "scaled"))
    with pytest.raises(ResultError, match=r"No gene differs between 'treated'"):
        enrich(as_values(adata, "alike"))


@pytest.mark.parametrize(("share", "warns"), [(0.79, False), (0.81, True)])
def test_one_sided_rankings_are_named(share, warns):
    values = np.where(np.arange(1000) < 1000 * share, -1.0, 1.0) * np.arange(1, 1001)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        contrast._check_ranking(pd.Series(values, name="treated"), "parental")
    assert any("moves all genes" in str(one.message) for one in found) == warns


@pytest.mark.parametrize(("n_tied", "warns"), [(500, False), (501, True)])
def test_tied_rankings_are_named(n_tied, warns):
    values = np.concatenate([np.zeros(n_tied), np.linspace(-1, 1, 1000 - n_tied)])
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        contrast._check_ranking(pd.Series(values, name="treated"), "parental")
    assert any("same statistic" in str(one.message) for one in found) == warns


def test_own_genes_a_name_and_an_axis(adata):
    table = enrich(adata.copy(), {"Mine": list(adata.var_names[:30])})["table"]
    assert set(table["term"]) == {"Mine_UP"}
    assert set(enrich(adata.copy(), "Hallmark_Hypoxia")["table"]["signature"]) == {
        "hallmark_hypoxia"
    }
    assert set(enrich(adata.copy(), "emt")["table"]["axis"]) == {"emt"}


def test_few_genes_are_warned_of_and_counted(adata):
    few = {"few": [*adata.var_names[:12], *(f"LINC0{n}" for n in range(20))]}
    with pytest.warns(CoverageWarning, match=r"few \(12 of 32\)"):
        record = enrich(adata.copy(), few)
    assert record["coverage"].loc["few", "n_found"] == 12


def test_cells_without_a_group_take_no_part(adata):
    made = adata.copy()
    made.obs["condition"] = made.obs["condition"].astype(object)
    nameless = np.arange(made.n_obs) % 5 == 0
    made.obs.loc[nameless, "condition"] = None
    expected = enrich(made[~nameless].copy())
    np.testing.assert_array_equal(enrich(made)["statistic"], expected["statistic"])


def test_malignant_cells_alone(adata):
    made = adata.copy()
    made.obs["kind"] = np.where(np.arange(made.n_obs) % 3, "tumor", "T cell")
    record = enrich(made, cell_type_key="kind", malignant="tumor")
    expected = enrich(made[(made.obs["kind"] == "tumor").to_numpy()].copy())
    np.testing.assert_array_equal(record["statistic"], expected["statistic"])
    assert "Malignant cells alone were used (tumor in kind)." in record["methods"]
    with pytest.raises(DataError, match="No cells are 'B cell'"):
        enrich(made, cell_type_key="kind", malignant="B cell")


@pytest.mark.parametrize(
    ("design", "told"),
    [
        ("unpaired", "by the difference of the means of the samples"),
        ("difference", "by the difference alone"),
        ("cells", "with the cell as the unit"),
        ("mouse", "The data are from mouse"),
    ],
)
@pytest.mark.filterwarnings("ignore::dtpscore.errors.InputWarning")
def test_methods_say_what_was_done(adata, design, told):
    made = adata.copy()
    first = made.obs["sample"].astype(str).str.endswith("r1").to_numpy()
    choices = {}
    if design == "difference":
        made = made[first].copy()
    elif design == "cells":
        choices = {"sample_key": None}
    elif design == "mouse":
        made.var_names = [name.capitalize() for name in made.var_names]
        choices = {"species": "mouse"}
    text = " ".join(enrich(made, **choices)["methods"])
    assert told in text
    assert ("mouse" in text) == (design == "mouse")
    assert ("averaged per group" in text) == (design == "cells")


def test_no_none_in_the_record(adata):
    def leaves(entry):
        if isinstance(entry, dict):
            for value in entry.values():
                yield from leaves(value)
        else:
            yield entry

    record = enrich(adata.copy())
    assert all(value is not None for value in leaves(record))
    assert "layer" not in record["params"]
    again = EnrichRecord.from_uns(record)
    assert again.groups == ["treated", "holiday"]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"n_permutations": 0}, "n_permutations must be at least 10, not 0"),
        ({"species": "rat"}, "species must be one of 'human', 'mouse', not 'rat'"),
        ({"min_size": 0}, "min_size must be at least 1, not 0"),
        ({"weight": "much"}, "weight must be a number, not 'much'"),
        ({"key_added": "a/b"}, "holds no '/'"),
    ],
)
def test_options_of_the_wrong_kind(adata, choice, said):
    with pytest.raises(OptionError, match=said):
        enrich(adata.copy(), **choice)


def test_old_names_of_arguments(adata):
    with pytest.warns(FutureWarning, match="permutations is now called n_permutations"):
        dtp.tl.enrich(
            adata.copy(), FEW, sample_key="sample", permutations=10, seed=3, **KW
        )
    made = adata.copy()
    choices = {**KW, "sample_key": "sample", "n_permutations": 10}
    with pytest.warns(FutureWarning, match="random_state is now called seed"):
        dtp.tl.enrich(made, FEW, random_state=3, **choices)
    assert made.uns["dtp_enrichment"]["params"]["seed"] == 3
