"""Clones: barcodes, survival, fate and cycling, against known truth."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import dtpscore as dtp
from dtpscore._lineages import barcodes
from dtpscore._lineages.cycling import within_clones
from dtpscore._lineages.fate import clone_means, foretell, strata
from dtpscore._lineages.survival import change, drift, effective_number, inherited
from dtpscore.errors import DataError, InputWarning, OptionError, ResultError

DESIGN = {
    "lineage_key": "lineage",
    "groupby": "condition",
    "reference": "parental",
    "sample_key": "sample",
}


@pytest.fixture(scope="module")
def simulated():
    made = dtp.datasets.simulate(
        n_cells=1800,
        n_genes=400,
        days=(7, 14),
        holiday_day=None,
        lineages={"n_clones": 80, "fate": 1.0, "memory": 1.0, "cycling": 0.3},
        seed=3,
    )
    # The state as a score of the user's own, so that few genes are enough.
    truth = made.uns["dtpscore_simulation"]["clones"]["state"]
    made.obs["state"] = truth.loc[made.obs["true_clone"].astype(str)].to_numpy()
    dtp.tl.score(made, {"mine": list(made.var_names[:40])})
    return made


@pytest.fixture(scope="module")
def followed(simulated):
    return dtp.tl.lineages(
        simulated,
        time_key="day",
        cycling_key="true_state",
        cycling="DTP cycling",
        resting="DTP",
        n_permutations=199,
        copy=True,
        **DESIGN,
    )


def test_barcodes_are_split_and_empty_ones_are_none():
    assert barcodes.split("B;A, C|A") == ("A", "B", "C")
    assert barcodes.split("B_A", "_") == ("A", "B")
    for text in ("", "NA", "nan", "None", "<NA>", "unassigned"):
        assert barcodes.split(text) == ()


def test_barcodes_of_one_clone_and_of_doublets():
    texts = ["A;B"] * 4 + ["A", "B", "C", "C", "C", "D", "D", "D"]
    found = barcodes.find_clones([*texts, "A;C", "C;D", "", "NA", "E;F"])
    names = [found.names[one] if one >= 0 else "" for one in found.code]
    assert names == ["A+B"] * 6 + ["C"] * 3 + ["D"] * 3 + [""] * 5
    kinds = ["several"] * 4 + ["one"] * 8
    assert found.kind.tolist() == [
        *kinds,
        "unclear",
        "unclear",
        "none",
        "none",
        "unclear",
    ]


@pytest.mark.parametrize(("together", "clones"), [(1, 2), (2, 1)])
def test_two_cells_with_both_barcodes_make_one_clone(together, clones):
    texts = ["A;B"] * together + ["A", "A", "B", "B"][together:]
    found = barcodes.find_clones([*texts, "A", "B"])
    assert len(found.names) == clones


def test_half_of_the_cells_of_the_rarer_barcode_are_needed():
    apart = barcodes.find_clones(["A;B"] * 2 + ["A"] * 9 + ["B"] * 3)
    joined = barcodes.find_clones(["A;B"] * 2 + ["A"] * 9 + ["B"] * 2)
    assert apart.names == ("A", "B")
    assert joined.names == ("A+B",)


def test_clones_of_the_simulation_are_found_again(simulated, followed):
    truth = simulated.obs["true_clone"].astype(object)
    found = followed.obs["dtp_lineage"].astype(object)
    known = found.notna()
    assert (truth[known] == found[known]).mean() > 0.98
    table = dtp.get.lineages(followed, kind="samples")
    assert table["n_with_clone"].sum() == known.sum()
    parts = table[["n_with_clone", "n_empty", "n_unclear"]].sum(axis=1)
    np.testing.assert_array_equal(parts, table["n_cells"])
    assert 0.15 < table["n_empty"].sum() / len(found) < 0.25


def test_the_default_simulation_has_no_clones_and_the_same_counts_as_with_them():
    plain = dtp.datasets.simulate(n_cells=120, n_genes=300, seed=1)
    quiet = dtp.datasets.simulate(
        n_cells=120, n_genes=300, seed=1, lineages={"memory": 0.0}
    )
    assert (plain.X != quiet.X).nnz == 0
    assert "lineage" not in plain.obs
    assert "lineages" not in plain.uns["dtpscore_simulation"]["params"]


def test_change_is_the_exact_test_of_counts():
    after, before = np.array([8, 0, 3]), np.array([2, 5, 3])
    found = change(after, before, totals=(100, 50), spread=0.0)
    for n, k, p, low in zip(after, before, found.pvalue, found.low, strict=True):
        test = stats.binomtest(int(n), int(n + k), 2 / 3)
        one_sided = [
            stats.binomtest(int(n), int(n + k), 2 / 3, alternative=side).pvalue
            for side in ("less", "greater")
        ]
        assert p == pytest.approx(min(1, 2 * min(one_sided)))
        limit = test.proportion_ci(0.95, "exact").low
        odds = limit / (1 - limit) / 2 if limit else 0.0
        assert 2**low == pytest.approx(odds)
    wider = change(after, before, totals=(100, 50), spread=0.5)
    assert (wider.pvalue >= found.pvalue).all()
    assert (wider.low <= found.low).all()
    assert wider.pvalue[0] > found.pvalue[0]


def test_drift_is_measured_without_what_counting_adds():
    rng = np.random.default_rng(0)
    size = np.exp(rng.standard_normal(4000))
    for spread in (0.0, 0.4):
        weight = size[:, None] * np.exp(spread * rng.standard_normal((4000, 3)))
        table = np.stack([rng.multinomial(20000, w / w.sum()) for w in weight.T], 1)
        assert drift(table) == pytest.approx(np.expm1(spread**2), abs=0.02)
    assert np.isnan(drift(table[:, :1]))


def test_replicates_share_what_was_there_before_they_were_split():
    rng = np.random.default_rng(1)
    size = np.exp(rng.standard_normal(600))

    def experiment(fitness):
        grown = size * np.exp(fitness * rng.standard_normal(600))
        parts = [grown * np.exp(0.5 * rng.standard_normal(600)) for _ in range(2)]
        after = np.stack([rng.multinomial(2000, w / w.sum()) for w in parts], 1)
        return inherited(after, rng.multinomial(2000, size / size.sum()), n_draws=300)

    assert sum(experiment(0.0).low > 0 for _ in range(20)) <= 2
    assert sum(experiment(0.7).low > 0 for _ in range(20)) >= 18


def test_effective_number():
    assert effective_number(np.full(10, 100)) == pytest.approx(10, rel=0.02)
    assert np.isnan(effective_number(np.ones(10, int)))


def test_strata_are_samples_and_sizes_that_double():
    size = np.array([1, 2, 3, 4, 7, 8])
    same = strata(size, np.zeros(6, int))
    assert same.tolist() == [0, 1, 1, 2, 2, 3]
    assert len(set(strata(size, np.arange(6) % 2).tolist())) == 6


def test_only_a_state_that_goes_with_the_fate_foretells_it():
    rng = np.random.default_rng(2)
    state, fate = rng.standard_normal((200, 2)), rng.standard_normal(200)
    fate += state[:, 0]
    size, sample = rng.integers(1, 9, 200), rng.integers(0, 2, 200)
    found = foretell(state, fate, size, sample, n_permutations=499)
    assert found.pvalue[0] == 1 / 500
    assert found.pvalue[1] > 0.05
    assert found.rho[0] > 0.4
    # A difference between samples alone foretells nothing.
    between = sample[:, None] + 0.01 * rng.standard_normal((200, 1))
    moved = fate + 10 * sample
    found = foretell(between, moved, size, sample, n_permutations=499)
    assert found.pvalue[0] > 0.05


def test_clones_are_the_unit_and_cells_would_be_wrong():
    rng = np.random.default_rng(3)
    clones, cells = [], []
    for seed in range(60):
        inner, fate = rng.standard_normal((2, 60))
        share = np.exp(rng.standard_normal(60))
        clone = rng.choice(60, 500, p=share / share.sum())
        value = inner[clone] + rng.standard_normal(500)
        size = np.bincount(clone, minlength=60)
        seen = size > 0
        state = clone_means(value[:, None], clone, 60)[seen]
        one = foretell(
            state,
            fate[seen],
            size[seen],
            np.zeros(seen.sum(), int),
            n_permutations=199,
            seed=seed,
        )
        clones.append(one.pvalue[0] <= 0.05)
        cells.append(stats.spearmanr(value, fate[clone]).pvalue <= 0.05)
    assert np.mean(clones) <= 0.12
    assert np.mean(cells) >= 0.3


def test_cycling_persisters_of_one_clone():
    rng = np.random.default_rng(4)
    clone = rng.integers(0, 100, 800)
    sample = rng.integers(0, 2, 800)
    kind = rng.random(100) < 0.3
    alike = within_clones(kind[clone], clone, sample, n_permutations=199)
    assert alike.likeness == pytest.approx(1, abs=0.01)
    assert alike.both == 0
    assert alike.pvalue == 1 / 200
    drawn = within_clones(rng.random(800) < 0.3, clone, sample, n_permutations=199)
    assert abs(drawn.likeness) < 0.05
    assert drawn.both == pytest.approx(drawn.expected_both, abs=10)
    assert within_clones(kind[clone], np.arange(800), sample) is None
    # Where cells were sorted into samples there is nothing to exchange within one.
    assert within_clones(sample == 1, clone, sample) is None


def test_the_whole_way_with_known_truth(followed):
    arms = dtp.get.lineages(followed, kind="arms")
    assert arms["time"].tolist() == ["7", "14"]
    assert arms["inherited_low"].iloc[1] > 0
    clones = dtp.get.lineages(followed)
    late = clones[(clones["time"] == "14").to_numpy()].set_index("clone")
    truth = followed.uns["dtpscore_simulation"]["clones"]["fitness"]
    both = late.index.intersection(truth.index)
    rho = stats.spearmanr(late.loc[both, "log2_change"], truth.loc[both]).statistic
    assert rho > 0.6
    cycling = dtp.get.lineages(followed, kind="cycling")
    assert cycling["likeness"].iloc[1] == pytest.approx(0.3, abs=0.15)
    assert (cycling["pvalue"] <= 0.05).all()
    states = dtp.get.lineages(followed, kind="states")
    assert set(states["axis"]) == {"mine"}


def test_results_survive_a_file(followed, tmp_path):
    followed.write_h5ad(tmp_path / "x.h5ad")
    import anndata as ad

    back = ad.read_h5ad(tmp_path / "x.h5ad")
    for kind in ("clones", "arms", "states", "cycling", "samples"):
        pd.testing.assert_frame_equal(
            dtp.get.lineages(back, kind=kind).astype(object),
            dtp.get.lineages(followed, kind=kind).astype(object),
            check_index_type=False,
        )


def test_what_cannot_be_done_is_said(simulated, followed):
    with pytest.raises(DataError, match="no column 'clone' for the lineage barcodes"):
        dtp.tl.lineages(simulated, **{**DESIGN, "lineage_key": "clone"})
    with pytest.raises(OptionError, match="need cycling_key"):
        dtp.tl.lineages(simulated, cycling="DTP", **DESIGN)
    with pytest.raises(DataError, match="No axis 'wings'"):
        dtp.tl.lineages(simulated, axes="wings", **DESIGN)
    plain = dtp.tl.lineages(simulated, n_permutations=99, copy=True, **DESIGN)
    with pytest.raises(DataError, match="not called and no cycling_key"):
        dtp.get.lineages(plain, kind="cycling")
    with pytest.raises(OptionError, match="kind must be one of"):
        dtp.get.lineages(followed, kind="wings")
    other = simulated.copy()
    untreated = (other.obs["condition"] == "parental").to_numpy()
    texts = other.obs["lineage"].astype(object).to_numpy()
    other.obs["lineage"] = np.where(untreated, None, texts)
    with pytest.raises(ResultError, match="none can be followed"):
        dtp.tl.lineages(other, **DESIGN)


def test_without_scores_clones_are_still_followed():
    made = dtp.datasets.simulate(
        n_cells=300, n_genes=300, days=(14,), holiday_day=None, lineages=20
    )
    dtp.tl.lineages(made, n_permutations=99, **DESIGN)
    assert len(dtp.get.lineages(made)) > 10
    with pytest.raises(DataError, match=r"no axes are scored \(run dtpscore.tl.score"):
        dtp.get.lineages(made, kind="states")
    with pytest.raises(DataError, match="nothing is scored under"):
        dtp.tl.lineages(made, axes="emt", **DESIGN)


def test_one_sample_of_an_arm_warns(simulated):
    one = simulated[simulated.obs["replicate"] == "r1"].copy()
    with pytest.warns(InputWarning, match="One sample only in treated"):
        dtp.tl.lineages(one, time_key="day", n_permutations=99, **DESIGN)
    assert np.isnan(dtp.get.lineages(one, kind="arms")["drift"]).all()


def test_plot_draws_the_clones_of_an_arm(followed):
    panels = dtp.pl.lineages(followed, show=False)
    drawn = sum(len(one.get_offsets()) for one in panels[0].collections)
    clones = dtp.get.lineages(followed)
    assert drawn == (clones["time"] == "14").sum()
    with pytest.raises(DataError, match="No such arm"):
        dtp.pl.lineages(followed, group="wings", show=False)
    with pytest.raises(DataError, match="No axis 'wings'"):
        dtp.pl.lineages(followed, order=["wings"], show=False)


@pytest.mark.slow
def test_the_report_and_the_command_line_tell_of_clones(simulated, followed, tmp_path):
    from dtpscore._cli import main

    page = tmp_path / "report.html"
    dtp.report(
        followed, page, groupby="condition", reference="parental", tables=tmp_path / "t"
    )
    text = page.read_text(encoding="utf-8")
    assert "Clones: who persists" in text
    assert "Replicates picked the same clones" in text
    assert (tmp_path / "t" / "clones.csv").exists()
    simulated.write_h5ad(tmp_path / "in.h5ad")
    words = ["lineages", str(tmp_path / "in.h5ad"), "-o", str(tmp_path / "out.h5ad")]
    words += ["--lineage-key", "lineage", "--groupby", "condition", "--quiet"]
    words += ["--reference", "parental", "--sample-key", "sample"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--n-permutations", "99", "--csv", str(tmp_path / "csv")])
    assert ended.value.code == 0
    assert (tmp_path / "csv" / "dtp_lineages_arms.csv").exists()


@pytest.mark.slow
def test_a_run_follows_clones_where_the_column_is_named(simulated, tmp_path):
    from dtpscore._run import load_config, run

    path = tmp_path / "in.h5ad"
    simulated.write_h5ad(path)
    skip = ["call", "pseudotime", "trends", "enrich", "compare", "vulnerabilities"]
    choices = {
        "reference": "parental",
        "sample_key": "sample",
        "lineage_key": "lineage",
        "skip": skip,
        "lineages": {"n_permutations": 99},
    }
    outputs = run(path, tmp_path / "out", load_config(None, choices))
    ended = {record.name: record.status for record in outputs.records}
    assert ended["lineages"] == "done"
    # Steps that were not asked for are not named.
    assert not {"engagement", "resistance"} & set(ended)
    assert "Clones: who persists" in outputs.report.read_text(encoding="utf-8")
    provenance = json.loads(outputs.provenance.read_text(encoding="utf-8"))
    assert provenance["config"]["lineage_key"] == "lineage"
    with pytest.raises(OptionError, match=r"\[lineages\] needs lineage_key"):
        load_config(None, {**choices, "lineage_key": None})
