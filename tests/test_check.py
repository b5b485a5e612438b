"""``dtpscore.check``: what data hold, and what can be answered with them."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pandas as pd
import pytest
import scanpy as sc

import dtpscore as dtp
from dtpscore._check.columns import lanes
from dtpscore.errors import DataError, OptionError


@pytest.fixture(scope="module")
def experiment():
    """Three groups with three samples each, several times."""
    return dtp.datasets.simulate(n_cells=600, n_genes=3000, seed=0)


def possible(found):
    return {answer.question: answer.possible for answer in found.answers}


def reason(found, question):
    return next(one.reason for one in found.answers if one.question == question)


def test_an_experiment_is_found_by_names_and_values(experiment):
    before = experiment.copy()
    found = dtp.check(experiment)
    keys = found.columns.keys
    assert (keys.groupby, keys.reference) == ("condition", "parental")
    assert (keys.sample_key, keys.time_key) == ("sample", "day")
    assert (keys.replicate_key, keys.holiday) == ("replicate", ("holiday",))
    assert keys.batch_key is None
    assert set(possible(found).values()) == {"yes"}
    assert found.evidence_level == "E4"
    assert found.species == "human"
    pd.testing.assert_frame_equal(experiment.obs, before.obs)
    assert list(experiment.uns) == list(before.uns)


def test_the_smallest_callable_share_is_that_of_the_calls(experiment):
    n = int((experiment.obs["condition"] == "parental").sum())
    found = dtp.check(experiment, alpha=0.1)
    shares = {arm.group: arm.smallest_share for arm in found.arms}
    assert shares["parental"] is None
    assert shares["treated"] == pytest.approx(1 / (0.1 * (n + 1)))
    few = dtp.check(experiment, alpha=0.001)
    assert possible(few)["call"] == "in part"
    assert "No call is possible in treated, holiday" in reason(few, "call")


def test_the_depth_of_each_group_is_its_median_sum(experiment):
    sums = np.asarray(experiment.X.sum(axis=1)).ravel()
    for arm in dtp.check(experiment).arms:
        own = (experiment.obs["condition"] == arm.group).to_numpy()
        assert arm.depth == pytest.approx(np.median(sums[own]))


def test_depth_is_read_from_cells_spread_over_the_file(monkeypatch, experiment):
    from dtpscore._check import depth

    monkeypatch.setattr(depth, "_STRETCHES", 5)
    monkeypatch.setattr(depth, "_STRETCH", 20)
    assert depth._bounds(600) == [
        (0, 20),
        (145, 165),
        (290, 310),
        (435, 455),
        (580, 600),
    ]
    group = experiment.obs["condition"].astype(str).to_numpy(dtype=str)
    found = depth.depths(experiment.X, group)
    assert set(found) == set(group)


def test_one_reference_sample_gives_e1(experiment):
    one = experiment[
        (experiment.obs["condition"] != "parental")
        | (experiment.obs["sample"] == experiment.obs["sample"].iloc[0])
    ].copy()
    found = dtp.check(one, alpha=0.5)
    assert found.evidence_level == "E1"
    assert possible(found)["call"] != "yes"


def test_without_a_reference_cells_are_ranked(experiment):
    other = experiment[experiment.obs["condition"] != "parental"].copy()
    other.obs["condition"] = other.obs["condition"].astype(str)
    found = dtp.check(other)
    assert found.columns.keys.reference is None
    assert found.evidence_level == "E0"
    assert possible(found) == {
        "score": "yes",
        "call": "in part",
        "order": "no",
        "reversal": "no",
    }


def test_fewer_than_fifty_reference_cells_are_too_few(experiment):
    keep = np.flatnonzero(experiment.obs["condition"] == "parental")[49:]
    few = experiment[~np.isin(np.arange(600), keep)].copy()
    assert "49 reference cells; 50 are needed" in reason(dtp.check(few), "call")


def test_no_column_of_groups_is_said_with_those_there_are(experiment):
    plain = experiment.copy()
    plain.obs = plain.obs[["sample"]]
    found = dtp.check(plain)
    assert found.columns.keys is None
    assert "Columns there are: sample" in found.notes[0]


def test_counts_beside_scaled_values_are_pointed_at(experiment):
    usual = experiment.copy()
    usual.layers["counts"] = usual.X.copy()
    sc.pp.normalize_total(usual, target_sum=1e4)
    sc.pp.log1p(usual)
    usual.raw = usual
    usual = usual[:, :900].copy()
    sc.pp.scale(usual, max_value=10)
    found = dtp.check(usual)
    kinds = {one.name: one.judged.kind for one in found.matrices}
    assert kinds == {"X": "scaled", "raw": "log", "counts": "counts"}
    # The layer has a part of the genes, as X has; raw has all of them.
    assert found.matrix.name == "raw"
    assert "--use-raw" in found.command
    whole = experiment.copy()
    whole.layers["counts"] = whole.X.copy()
    sc.pp.normalize_total(whole, target_sum=1e4)
    sc.pp.log1p(whole)
    found = dtp.check(whole)
    assert found.matrix.name == "counts"
    assert found.command[found.command.index("--layer") + 1] == "counts"


def test_times_are_parsed_and_the_mapping_is_said(experiment):
    named = experiment.copy()
    named.obs["day"] = ["d" + str(int(day)) for day in named.obs["day"]]
    found = dtp.check(named)
    assert "d14 = 14 days" in found.times
    assert found.times in str(found)


@pytest.mark.slow
def test_cells_of_two_species_and_unknown_names_are_said(experiment):
    both = experiment.copy()
    half = both.n_vars // 2
    both.var_names = [
        *both.var_names[:half],
        *(n.title() for n in both.var_names[half:]),
    ]
    assert "two species" in " ".join(dtp.check(both).notes)
    unknown = experiment.copy()
    unknown.var["symbol"] = unknown.var_names.astype(str)
    unknown.var_names = [f"x{place}" for place in range(unknown.n_vars)]
    found = dtp.check(unknown)
    assert "Columns of var with texts: symbol" in " ".join(found.notes)
    assert possible(found)["score"] == "no"
    assert possible(dtp.check(unknown, gene_symbols="symbol"))["score"] == "yes"


def obs_with(sample, barcodes):
    return pd.DataFrame({"sample": sample}, index=barcodes)


def barcodes(seed, n=40):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACGT"), 16)) for _ in range(n)]


def test_patients_with_both_sides_are_named():
    """They decide which reference cells count, so they are not taken unasked."""
    adata = dtp.datasets.simulate(n_cells=300, n_genes=400, seed=1)
    replicate = adata.obs["replicate"].astype(str)
    adata.obs["patient"] = "p" + replicate
    (note,) = [n for n in dtp.check(adata).notes if "patient" in n]
    n = replicate.nunique()
    assert f"obs['patient'] has {n} labels, {n} of them with cells of parental" in note
    assert "add --batch-key patient" in note
    assert dtp.check(adata).columns.keys.batch_key is None
    given = dtp.check(adata, batch_key="patient")
    assert not any("--batch-key" in n for n in given.notes)
    # Patients of one side each cannot be compared within.
    adata.obs["patient"] = adata.obs["condition"].astype(str)
    assert not any("--batch-key" in n for n in dtp.check(adata).notes)


def test_lanes_are_known_by_their_names():
    obs = obs_with(["a_L001", "a_L002", "b_L001"], ["x", "y", "z"])
    assert "a_L001, a_L002 look like lanes" in lanes(obs, "sample")
    assert lanes(obs_with(["a", "b", "c"], ["x", "y", "z"]), "sample") == ""


def test_lanes_are_known_by_shared_barcodes():
    one, other = barcodes(0), barcodes(1)
    names = [f"{code}-{place}" for place, own in ((1, one), (2, one)) for code in own]
    sample = ["a"] * 40 + ["b"] * 40
    assert "share 100% of their barcodes" in lanes(obs_with(sample, names), "sample")
    apart = [f"{code}-1" for code in (*one, *other)]
    assert lanes(obs_with(sample, apart), "sample") == ""


def test_nothing_malignant_is_guessed_where_no_label_says_so(experiment):
    typed = experiment.copy()
    kinds = np.where(np.arange(600) < 30, "T cell", "malignant")
    typed.obs["cell_type"] = kinds
    keys = dtp.check(typed).columns.keys
    assert (keys.cell_type_key, keys.malignant) == ("cell_type", ("malignant",))
    typed.obs["cell_type"] = np.where(np.arange(600) < 30, "T cell", "non-tumor")
    keys = dtp.check(typed).columns.keys
    assert (keys.cell_type_key, keys.malignant) == (None, ())


def test_a_wrong_option_is_named(experiment):
    with pytest.raises(OptionError, match="alpha must be above 0 and below 1, not 2"):
        dtp.check(experiment, alpha=2)
    with pytest.raises(DataError, match="no layer 'counts'"):
        dtp.check(experiment, layer="counts")


@pytest.mark.slow
def test_the_command_prints_the_text_and_a_command_that_fits(
    experiment, tmp_path, command
):
    path = tmp_path / "my cells.h5ad"
    experiment.write_h5ad(path)
    before = path.read_bytes()
    code, out, err = command("check", path)
    assert (code, err) == (0, "")
    assert "callable from 16.5%" in out
    words = shlex.split(out.splitlines()[-1])
    assert words[:3] == ["dtpscore", "run", str(path)]
    assert words[words.index("--reference") + 1] == "parental"
    assert path.read_bytes() == before
    code, out, _ = command("check", path, "--json")
    content = json.loads(out)
    assert content["columns"]["holiday"] == ["holiday"]
    assert content["arms"][1]["group"] == "treated"
    assert content["command_line"].startswith("dtpscore run")
