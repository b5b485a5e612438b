"""Which published program is nearest: numbers by loops, planted truth, the words."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import dtpscore as dtp
from dtpscore._programs import decide, likeness, run
from dtpscore._programs.decide import (
    NEARER,
    NONE_NEAR,
    NOT_NEARER,
    NOT_TESTED,
    Gap,
    Likeness,
)
from dtpscore._programs.known import (
    BY_CONTRAST,
    BY_LIST,
    LINE,
    OTHERS,
    PERSISTER,
    known_programs,
    studies_named,
)
from dtpscore._statistics.jackknife import jackknife, left_out
from dtpscore._statistics.samples import Units
from dtpscore._types import Net
from dtpscore.errors import DataError, OptionError, ResultError, SignatureError

DESIGN = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
NAN = float("nan")


def gene_names():
    """Genes of every program, and as many that are in none."""
    known = known_programs()
    every = [*known.lists, *known.described]
    genes = {g for one in every for g in (*one.genes.up, *one.genes.down)}
    return [*sorted(genes), *(f"NONE{k}" for k in range(4000))]


GENES = gene_names()


def bulk(n=3, plant=None, size=1.0, seed=0, n_treated=None, noise=0.3, also=None):
    """Bulk samples of two arms; the genes of a list move by ``size`` in one of them."""
    rng = np.random.default_rng(seed)
    n_treated = n if n_treated is None else n_treated
    base = rng.gamma(0.8, 60, len(GENES)) + 5
    log = np.log(base) + noise * rng.standard_normal((n + n_treated, len(GENES)))
    place = {gene: k for k, gene in enumerate(GENES)}
    for name, by in [*([(plant, size)] if plant else []), *(also or [])]:
        one = dtp.signatures.load(name)
        for genes, sign in ((one.genes.up, 1), (one.genes.down, -1)):
            rows = [place[g] for g in genes if g in place]
            log[n:, rows] += sign * by * rng.uniform(0, 1, len(rows))
    names = [f"s{k}" for k in range(n + n_treated)]
    arm = ["parental"] * n + ["treated"] * n_treated
    return ad.AnnData(
        rng.poisson(np.exp(log)).astype(np.float32),
        obs=pd.DataFrame({"condition": arm, "sample": names}, index=names),
        var=pd.DataFrame(index=GENES),
    )


def looked(adata, **more):
    given = {"n_permutations": 99, "exclude": (), **DESIGN, **more}
    return dtp.tl.programs(adata, copy=True, **given)


@pytest.fixture(scope="module")
def planted():
    return looked(bulk(plant="dtp_rehman2021_crc"))


def nearest(adata, by=BY_LIST):
    table = dtp.get.programs(adata, kind="nearest")
    return table[table["by"] == by].iloc[0]


# Numbers.


def by_loops(adata, name):
    """Likeness to one list, gene by gene, as the docstring says."""
    counts = adata.X
    log = np.log2((counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 1) * 1e6)
    log = log.astype(np.float64)[:, counts.sum(axis=0) >= 10]
    genes = list(adata.var_names[counts.sum(axis=0) >= 10])
    treated = (adata.obs["condition"] == "treated").to_numpy()
    gap = log[treated].mean(axis=0) - log[~treated].mean(axis=0)
    mean = log.mean(axis=0)
    per_bin = max(1, round(len(mean) / 24))
    group = [int((mean < one).sum() + 1) // per_bin for one in mean]
    found = {}
    for k, gene in enumerate(genes):
        own = [gap[j] for j in range(len(genes)) if group[j] == group[k]]
        below = sum(one < gap[k] for one in own)
        same = sum(one == gap[k] for one in own)
        found[gene] = 2 * (below + (same + 1) / 2 - 0.5) / len(own) - 1
    one = dtp.signatures.load(name)
    halves = [
        sign * np.mean([found[g] for g in part if g in found])
        for part, sign in ((one.genes.up, 1), (one.genes.down, -1))
        if any(g in found for g in part)
    ]
    return float(np.mean(halves))


@pytest.mark.parametrize("name", ["g0_serum_wiecek2023", "hallmark_hypoxia"])
def test_likeness_to_a_list_is_that_of_loops(name):
    one = dtp.signatures.load(name)
    kept = np.isin(GENES, [*one.genes.up, *one.genes.down])
    kept[::9] = True
    adata = bulk(plant="dtp_rehman2021_crc")[:, kept].copy()
    table = dtp.get.programs(looked(adata)).set_index("program")
    assert table.loc[name, "correlation"] == pytest.approx(by_loops(adata, name))


def test_up_and_down_count_half_each_and_one_half_counts_alone():
    net = Net(
        names=("both", "up"),
        genes=np.array([0, 1, 2, 3, 4, 5], np.int32),
        offsets=np.array([0, 3, 4, 6, 6]),
        weights=np.ones(6),
        n_listed=np.array([3, 1, 2, 0]),
        n_genes=8,
    )
    both, up = likeness.list_weights(net)
    np.testing.assert_allclose(both[1], [1 / 6, 1 / 6, 1 / 6, -1 / 2])
    np.testing.assert_allclose(up[1], [0.5, 0.5])


def test_the_null_of_a_list_is_that_of_random_lists_of_like_expression():
    rng = np.random.default_rng(3)
    stratum = np.repeat([0, 1, 2], [40, 60, 50])
    ranks = likeness.stratum_ranks(rng.standard_normal(150), stratum)
    genes = np.array([1, 5, 44, 60, 61, 120], np.int32)
    weight = np.array([0.25, 0.25, -0.25, -0.25, 0.1, 0.4])
    z = likeness.exact_z(ranks, stratum, [(genes, weight)])[0]
    drawn = []
    for _ in range(20_000):
        total, at = 0.0, 0
        for one, n in zip(range(3), (2, 3, 1), strict=True):
            chosen = rng.choice(np.flatnonzero(stratum == one), n, replace=False)
            total += float(weight[at : at + n] @ ranks[chosen])
            at += n
        drawn.append(total)
    raw = float(weight @ ranks[genes])
    expected = (raw - np.mean(drawn)) / np.std(drawn)
    assert z == pytest.approx(expected, abs=0.04)


def test_correlations_with_measured_contrasts_are_spearmans():
    rng = np.random.default_rng(0)
    profile, contrasts = rng.standard_normal(40), rng.standard_normal((40, 3))
    profile[:5] = profile[0]
    found = likeness.rank_correlations(profile[:, None], contrasts)[0]
    for k in range(3):
        expected = stats.spearmanr(profile, contrasts[:, k]).statistic
        assert found[k] == pytest.approx(expected)


def test_genes_are_dealt_anew_within_strata_and_lists_that_share_genes_still_do():
    rng = np.random.default_rng(1)
    stratum = np.repeat([0, 1], 100)
    ranks = likeness.stratum_ranks(rng.standard_normal(200), stratum)
    weights = np.zeros((200, 4))
    for k in range(3):
        weights[rng.choice(200, 10, replace=False), k] = 0.1
    weights[:, 3] = weights[:, 2]
    contrasts = np.array([[1.0, 1], [2, 4], [3, 2], [4, 3]])
    drawn = likeness.random_correlations(
        ranks, stratum, weights, contrasts, n_permutations=2000, seed=0
    )
    slow = []
    for _ in range(2000):
        dealt = ranks.copy()
        for one in (0, 1):
            rows = np.flatnonzero(stratum == one)
            dealt[rows] = ranks[rng.permutation(rows)]
        own = dealt @ weights
        slow.append([stats.spearmanr(own, c).statistic for c in contrasts.T])
    np.testing.assert_allclose(drawn.mean(axis=0), np.mean(slow, axis=0), atol=0.05)
    np.testing.assert_allclose(drawn.std(axis=0), np.std(slow, axis=0), atol=0.05)


def test_the_jackknife_of_a_difference_of_means_is_its_standard_error():
    rng = np.random.default_rng(0)
    values, treated = rng.standard_normal((7, 2)), np.arange(7) >= 3
    units = Units(values, treated, None, "")
    replicates = []
    for kept in left_out(units):
        own, arm = values[kept], treated[kept]
        replicates.append(own[arm].mean(axis=0) - own[~arm].mean(axis=0))
    error, freedom = jackknife(np.array(replicates), units)
    expected = np.sqrt(
        values[treated].var(axis=0, ddof=1) / 4
        + values[~treated].var(axis=0, ddof=1) / 3
    )
    np.testing.assert_allclose(error, expected)
    assert freedom == 5


def test_the_jackknife_of_pairs_leaves_out_pairs():
    rng = np.random.default_rng(0)
    values, treated = rng.standard_normal((8, 1)), np.tile([False, True], 4)
    units = Units(values, treated, np.repeat(np.arange(4), 2), "")
    gaps = (values[treated] - values[~treated])[:, 0]
    replicates = np.array([[gaps[np.arange(4) != k].mean()] for k in range(4)])
    masks = left_out(units)
    assert [int(one.sum()) for one in masks] == [6] * 4
    error, freedom = jackknife(replicates, units)
    assert error[0] == pytest.approx(stats.sem(gaps))
    assert freedom == 3


def test_one_sample_of_an_arm_gives_no_interval():
    units = Units(np.zeros((4, 1)), np.array([False, True, True, True]), None, "")
    assert left_out(units) == []


# What is known.


def test_programs_of_every_kind_are_known():
    known = known_programs()
    for by in (BY_LIST, BY_CONTRAST):
        own = [one for one in known.programs if one.by == by]
        assert any(one.kind == PERSISTER for one in own)
        assert all((one.kind == LINE) == one.either for one in own)
    kinds = {one.kind for one in known.programs}
    assert kinds == {PERSISTER, *OTHERS}
    assert all(one.title and one.kind for one in known.programs)
    n_lists = len(known.lists)
    assert [one.name for one in known.programs[:n_lists]] == [
        one.name for one in known.lists
    ]
    assert known.contrasts.shape == (
        len(known.described),
        len(known.programs) - n_lists,
    )
    assert np.abs(known.contrasts).max() <= 0.5


def test_a_program_of_which_neither_line_nor_drug_is_known_is_never_the_nearest():
    known = known_programs()
    unclear = {one.name for one in known.programs if not one.clear}
    assert unclear == {"dtp_zhao2020_gse114647", "dtp_zhao2020_gse153183"}
    found = looked(bulk(plant="dtp_zhao2020_gse114647"))
    table = dtp.get.programs(found)
    persisters = table[(table["kind"] == PERSISTER) & (table["by"] == BY_LIST)]
    assert persisters.sort_values("rank")["program"].iloc[0] == "dtp_zhao2020_gse114647"
    assert nearest(found)["nearest"] not in unclear


@pytest.mark.parametrize(
    ("left", "gone", "stays"),
    [
        ("chang2022", {"dtp_chang2022_luminal"}, "dtp_hangauer2017_bt474"),
        (
            "dtp_chang2022_luminal",
            {"dtp_chang2022_luminal"},
            "dtp_chang2022_mesenchymal",
        ),
        ("stauffer2024", {"A375", "WM88"}, "SKMEL5_SC01"),
        ("hayford2024", {"SKMEL5_SC01", "subclone: SKMEL5_SC01, SKMEL5_SC07"}, "A375"),
        ("A375", {"A375"}, "WM88"),
    ],
)
def test_what_is_left_out_is_gone(left, gone, stays):
    names = {one.name for one in known_programs([left]).programs}
    assert not names & gone
    assert stays in names


def test_signatures_of_a_study_describe_no_contrast_when_it_is_left_out():
    described = {one.name for one in known_programs(["rehman2021"]).described}
    assert "diapause_rehman2021_signed" not in described
    assert "diapause_rehman2021_signed" in {
        one.name for one in known_programs().described
    }


def test_an_unknown_name_is_refused():
    with pytest.raises(SignatureError, match="'nobody1999' to leave out"):
        known_programs(["nobody1999"])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ({"paper": "Stauffer et al. 2024 Cancers 16:2426"}, ("stauffer2024",)),
        ({"paper": "van Galen et al. 2019, Cell"}, ("vangalen2019",)),
        ({"accession": "GSE114647"}, ("gse114647",)),
        ({"paper": "Somebody et al. 2020"}, ()),
        ("Tian et al. 2019", ("tian2019",)),
    ],
)
def test_the_study_of_the_data_is_found(source, found):
    assert studies_named({"source": source}) == found
    assert studies_named({"dtpscore_dataset": source}) == found
    assert studies_named({}) == ()


def test_the_study_of_the_data_takes_no_part_by_default():
    adata = bulk()
    adata.uns["source"] = {"paper": "Rehman et al. 2021"}
    found = looked(adata, exclude=None)
    record = found.uns["dtp_programs"]
    assert list(record["left_out"]) == ["rehman2021"]
    assert "dtp_rehman2021_crc" not in set(record["table"]["program"])
    assert any("took no part: rehman2021" in one for one in record["messages"])
    every = looked(adata, exclude=())
    assert "dtp_rehman2021_crc" in set(every.uns["dtp_programs"]["table"]["program"])


# The decision.


def like(correlation=0.5, low=0.4, high=0.6, q=0.01, kind=PERSISTER):
    return Likeness("name", "a title", kind, correlation, low, high, q)


@pytest.mark.parametrize(
    ("persister", "gap", "expected"),
    [
        (like(), Gap(0.2, 0.1, 0.3, 3), NEARER),
        (like(), Gap(0.2, -0.1, 0.5, 3), NOT_NEARER),
        (like(), Gap(-0.2, -0.3, -0.1, 3), NOT_NEARER),
        (like(), Gap(0.2, NAN, NAN, 3), NOT_TESTED),
        (like(low=NAN, high=NAN), Gap(0.2, NAN, NAN, 3), NOT_TESTED),
        (like(), None, NOT_TESTED),
        (like(), Gap(0.2, 0.1, 0.3, 2), NOT_TESTED),
        (like(q=0.06), Gap(0.2, 0.1, 0.3, 3), NONE_NEAR),
        (like(q=0.05), Gap(0.2, 0.1, 0.3, 3), NEARER),
        (like(low=-0.1), Gap(0.2, 0.1, 0.3, 3), NONE_NEAR),
        (like(correlation=-0.5, low=NAN), Gap(0.2, 0.1, 0.3, 3), NONE_NEAR),
    ],
)
def test_the_rule(persister, gap, expected):
    assert decide.verdict(persister, gap, 0.05) == expected


def test_sentences_say_what_was_decided():
    other = Likeness("o", "serum starvation", "starvation", 0.4, NAN, NAN, 0.01)
    said = {
        found: decide.sentence(found, BY_LIST, "d9", persister=like(), other=other)
        for found in (NEARER, NOT_NEARER, NOT_TESTED, NONE_NEAR)
    }
    assert said[NOT_NEARER] == (
        "d9, by gene lists: the nearest program of persisters is a title (correlation "
        "0.50, 95% 0.40 to 0.60); it is not nearer than serum starvation (starvation, "
        "correlation 0.40)."
    )
    assert "nearer than any other kind" in said[NEARER]
    assert "fewer than 3 other kinds of program are left" in said[NOT_TESTED]
    single = decide.sentence(
        NOT_TESTED, BY_LIST, "d9", persister=like(low=NAN), other=other
    )
    assert "two samples of each arm are needed" in single
    assert "no published program of persisters is shown to be near" in said[NONE_NEAR]
    alone = decide.sentence(NOT_TESTED, BY_CONTRAST, "d9", persister=like(), other=None)
    assert "No other kind of program is left" in alone


# Planted truth.


@pytest.mark.parametrize(
    "name", ["dtp_rehman2021_crc", "dtp_moghal2023_common", "dtp_duy2021_aml_cisg"]
)
def test_a_planted_program_of_persisters_is_the_nearest(name):
    row = nearest(looked(bulk(plant=name, seed=4)))
    assert row["nearest"] == name
    assert row["verdict"] == NEARER
    assert row["low"] > 0


def test_a_planted_program_of_another_kind_makes_no_persister():
    for name in ("hallmark_hypoxia", "slow_cycling_core", "ifn_moserle2008"):
        row = nearest(looked(bulk(plant=name, size=2.0, seed=5)))
        assert row["other"] == name
        assert row["verdict"] in (NONE_NEAR, NOT_NEARER)


def test_starvation_beside_a_persister_program_is_said():
    found = looked(
        bulk(
            plant="dtp_duy2021_aml_cisg",
            size=0.4,
            seed=2,
            also=[("g0_serum_wiecek2023", 3.0)],
        )
    )
    row = nearest(found)
    assert row["verdict"] == NOT_NEARER
    assert "it is not nearer than serum starvation" in row["sentence"]


def test_without_a_program_few_arms_are_named():
    verdicts = [nearest(looked(bulk(seed=100 + k)))["verdict"] for k in range(20)]
    assert verdicts.count(NEARER) == 0
    assert verdicts.count(NONE_NEAR) >= 16


def test_one_sample_of_each_arm_has_no_interval_and_the_record_says_it(planted):
    found = looked(bulk(n=1, plant="dtp_rehman2021_crc"))
    row = nearest(found)
    assert row["nearest"] == "dtp_rehman2021_crc"
    assert row["verdict"] == NOT_TESTED
    table, arms = dtp.get.programs(found), dtp.get.programs(found, kind="arms")
    assert table["low"].isna().all()
    assert not arms["has_interval"].any()
    assert "There is no interval" in arms["note"].iloc[0]
    assert dtp.get.programs(planted, kind="arms")["has_interval"].all()


def test_pairs_take_out_what_patients_differ_in():
    rng = np.random.default_rng(0)
    adata = bulk(n=4, plant="dtp_rehman2021_crc", size=0.6, seed=1)
    adata.obs["patient"] = [f"p{k % 4}" for k in range(8)]
    scale = np.exp(1.5 * rng.standard_normal((4, adata.n_vars)))
    adata.X = rng.poisson(adata.X * scale[np.arange(8) % 4]).astype(np.float32)
    paired = looked(adata, pair_key="patient")
    assert dtp.get.programs(paired, kind="arms")["n_pairs"].iloc[0] == 4
    assert nearest(paired)["nearest"] == "dtp_rehman2021_crc"
    assert (
        "each of which was left out in turn"
        in paired.uns["dtp_programs"]["messages"][2]
    )


# The edges.


def test_cells_are_summed_per_sample_and_the_order_of_genes_does_not_matter(planted):
    adata = bulk(plant="dtp_rehman2021_crc")
    half = np.floor(adata.X / 2)
    cells = ad.concat([adata, adata], index_unique="-")
    cells.X = np.vstack([half, adata.X - half])
    same = looked(cells[:, ::-1].copy())
    for name in ("table", "nearest"):
        one, two = planted.uns["dtp_programs"][name], same.uns["dtp_programs"][name]
        columns = ["correlation", "low", "high"]
        np.testing.assert_allclose(one[columns], two[columns], atol=1e-6)


def test_a_batch_is_looked_at_by_itself():
    adata = bulk(n=4)
    adata.obs["line"] = ["a", "b"] * 4
    found = looked(adata, batch_key="line")
    assert set(dtp.get.programs(found, kind="arms")["batch"]) == {"a", "b"}


def test_too_few_genes_are_refused():
    adata = bulk()[:, -3000:].copy()
    with pytest.raises((ResultError, DataError)):
        looked(adata)


@pytest.mark.parametrize(
    ("name", "least"), [("hallmark_hypoxia", 25), ("g0_serum_wiecek2023", 10)]
)
def test_a_list_needs_half_of_its_genes_or_25_of_them(name, least):
    one = dtp.signatures.load(name)
    genes = [*one.genes.up, *one.genes.down]
    adata = bulk(n=2)
    for n in (least - 1, least):
        kept = ~np.isin(GENES, genes[n:])
        found = dtp.get.programs(looked(adata[:, kept].copy())).set_index("program")
        assert (name in found.index) == (n == least)
    assert found.loc[name, "n_shared"] == least


def test_the_interval_is_that_of_a_t_distribution_at_95_percent():
    units = Units(np.zeros((6, 1)), np.arange(6) >= 3, None, "")
    replicates = np.array([[0.1], [0.2], [0.3], [0.1], [0.4], [0.1]])
    low, high = run._limits(np.array([0.5]), replicates, units)
    error, freedom = jackknife(replicates, units)
    reach = stats.t.ppf(0.975, freedom) * error
    np.testing.assert_allclose([low[0], high[0]], [0.5 - reach[0], 0.5 + reach[0]])
    low, _ = run._limits(np.array([0.5]), np.empty((0, 1)), units)
    assert np.isnan(low).all()


def test_few_signatures_leave_out_measured_contrasts(monkeypatch):
    assert run.FEWEST_SIGNATURES == 30
    monkeypatch.setattr(run, "FEWEST_SIGNATURES", 10_000)
    found = looked(bulk())
    assert set(dtp.get.programs(found)["by"]) == {BY_LIST}
    assert run.N_BINS == 25
    assert run.FEWEST_GENES == 5


def test_options_are_checked():
    with pytest.raises(OptionError, match="alpha must be"):
        looked(bulk(), alpha=1.5)
    with pytest.raises(DataError, match="parental"):
        looked(bulk(), reference="nobody")


def test_frames_plot_report_and_file(planted, tmp_path):
    with pytest.raises(OptionError, match="kind must be"):
        dtp.get.programs(planted, kind="other")
    with pytest.raises(DataError, match="No group 'x'"):
        dtp.get.programs(planted, group="x")
    ax = dtp.pl.programs(planted, show=False)
    assert len(ax.get_yticklabels()) == 16
    ax = dtp.pl.programs(planted, by=BY_CONTRAST, order=["A375"], show=False)
    assert "melanoma" in ax.get_yticklabels()[0].get_text()
    with pytest.raises(DataError, match="No program"):
        dtp.pl.programs(planted, order=["nothing"], show=False)
    with pytest.raises(DataError, match="No group"):
        dtp.pl.programs(planted, group="nothing", show=False)
    path = tmp_path / "a.h5ad"
    planted.write_h5ad(path)
    again = ad.read_h5ad(path)
    pd.testing.assert_frame_equal(
        dtp.get.programs(again), dtp.get.programs(planted), check_dtype=False
    )


def test_the_command(tmp_path, capsys):
    from dtpscore._cli import main

    path, out = tmp_path / "in.h5ad", tmp_path / "out.h5ad"
    bulk(plant="dtp_rehman2021_crc").write_h5ad(path)
    words = [
        *("programs", str(path), "-o", str(out), "--groupby", "condition"),
        *("--reference", "parental", "--sample-key", "sample", "--json"),
        *("--n-permutations", "99", "--exclude", "chang2022"),
    ]
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code in (0, None)
    told = json.loads(capsys.readouterr().out)
    assert told["nearest"][0]["nearest"] == "dtp_rehman2021_crc"
    assert "dtp_chang2022_luminal" not in {one["program"] for one in told["programs"]}
    assert not math.isnan(told["nearest"][0]["low"])
    assert "dtp_programs" in ad.read_h5ad(out).uns


DATA = Path(os.environ.get("DTPSCORE_DATA_DIR", "../shared/data"))


@pytest.mark.skipif(
    not (DATA / "bulk_brafi_4lines.h5ad").is_file(), reason="no real data"
)
def test_a_melanoma_line_is_nearest_to_melanoma_and_to_itself_where_it_may_be():
    adata = ad.read_h5ad(DATA / "bulk_brafi_4lines.h5ad")
    adata = adata[(adata.obs["cell_line"] == "SKMEL5").to_numpy()].copy()
    adata.obs["sample"] = adata.obs_names
    itself = nearest(looked(adata), BY_CONTRAST)
    assert itself["nearest"] == "SKMEL5"
    assert itself["verdict"] == NEARER
    others = looked(adata, exclude=None)
    assert list(others.uns["dtp_programs"]["left_out"]) == ["stauffer2024"]
    assert nearest(others, BY_CONTRAST)["nearest"].startswith("SKMEL5_SC")
