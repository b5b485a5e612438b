"""``dtpscore.datasets.simulate``: the truth it states is the truth in the counts."""

from __future__ import annotations

import hashlib

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import spearmanr

import dtpscore as dtp
from dtpscore import signatures
from dtpscore.datasets import _cells, _programmes, _simulate

# Draws of the generators that the simulation uses, seed 0. They must not differ
# between versions of numpy, or the same seed would give other counts.
DRAWS = "7e2ffa6b46f3b057df56aebf2c074de6e2c17778ea50408fc84d39962bd40724"


@pytest.fixture(scope="module")
def easy():
    return dtp.datasets.simulate(n_cells=1500, difficulty="easy", seed=4)


def log_means(adata, mask):
    """Mean log expression of every gene over some cells, per 10,000 counts."""
    counts = adata.X[np.asarray(mask)].toarray().astype(float)
    return np.log2(counts.sum(axis=0) / counts.sum() * 1e4 + 0.05)


def digest(matrix):
    hashed = hashlib.sha256()
    for part in (matrix.data, matrix.indices, matrix.indptr):
        hashed.update(np.ascontiguousarray(part, dtype="<i8").tobytes())
    return hashed.hexdigest()


def test_the_form_is_that_of_a_count_matrix(easy):
    assert easy.shape == (1500, 5000)
    assert sp.issparse(easy.X)
    assert easy.X.format == "csr"
    assert easy.X.dtype == np.int32
    assert easy.X.data.min() >= 1
    assert easy.var_names.is_unique
    assert easy.obs_names.is_unique


def test_every_gene_of_the_default_signatures_is_there(easy):
    for signature in signatures.select():
        missing = {*signature.genes.up, *signature.genes.down} - {*easy.var_names}
        assert not missing, signature.name


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not():
    first, again, other = (
        dtp.datasets.simulate(n_cells=90, n_genes=300, seed=seed) for seed in (5, 5, 6)
    )
    assert digest(first.X) == digest(again.X)
    assert first.obs.equals(again.obs)
    assert first.var.equals(again.var)
    assert digest(first.X) != digest(other.X)


def test_the_draws_do_not_depend_on_the_version_of_numpy():
    rng = np.random.Generator(np.random.PCG64(0))
    values = [
        rng.random(1000),
        rng.standard_normal(1000).round(9),
        rng.standard_gamma(2.5, 1000).round(9),
        rng.poisson(np.linspace(0.01, 40, 1000)).astype(float),
        rng.permutation(1000).astype(float),
        rng.integers(0, 13, 1000).astype(float),
    ]
    stream = np.concatenate(values).astype("<f8").tobytes()
    assert hashlib.sha256(stream).hexdigest() == DRAWS


def test_the_design_is_samples_by_replicates(easy):
    obs = easy.obs
    table = obs.drop_duplicates("sample")
    assert len(table) == 5 * 3
    assert (obs["sample"].value_counts() == 100).all()
    assert (table.groupby("condition", observed=True).size() >= 3).all()
    assert list(obs["day"].cat.categories) == [0, 3, 7, 14, 24]
    assert set(obs.loc[obs["condition"] == "parental", "day"]) == {0}
    assert set(obs.loc[obs["condition"] == "holiday", "day"]) == {24}


def test_truth_of_the_cells_follows_the_design(easy):
    obs = easy.obs
    parental = obs["condition"] == "parental"
    assert (obs.loc[parental, "true_state"] == "parental").all()
    assert obs.loc[parental, "true_progress"].max() <= _cells.PARENTAL_SPREAD
    persister = obs["true_state"].isin(["DTP", "DTP cycling"])
    assert obs.loc[persister, "true_progress"].min() >= _cells.PERSISTER_FROM
    assert obs["true_progress"].between(0, 1).all()
    means = obs.groupby("day", observed=True)["true_progress"].mean()
    assert means[0] < means[3] < means[7] < means[14]
    assert means[0] < means[24] < means[14]
    # Cells of one day are not in step.
    assert obs.loc[obs["day"] == 7, "true_progress"].std() > 0.1
    states = obs.loc[obs["condition"] == "holiday", "true_state"].value_counts()
    assert states["reverted"] > states["DTP"] > 0


def test_only_the_resting_branch_stops_dividing(easy):
    resting = easy.obs.groupby("true_state", observed=True)["true_phase"].agg(
        lambda phase: (phase == "G1").mean()
    )
    assert resting["DTP"] > resting["DTP cycling"] + 0.05
    assert resting["DTP"] > resting["parental"] + 0.1


def test_the_counts_move_as_the_truth_says(easy):
    # Same phase, so that the cell cycle does not count as progress.
    calm = easy.obs["true_phase"] == "G1"
    late = calm & (easy.obs["true_progress"] > 0.7)
    early = calm & (easy.obs["condition"] == "parental")
    change = log_means(easy, late) - log_means(easy, early)
    common = log_means(easy, early) > 0
    drug = easy.var["true_drug_effect"] != 0
    used = (
        common & ~drug & ~easy.var["true_cycle"] & (easy.var["true_memory_effect"] == 0)
    )
    truth = easy.var.loc[used, "true_effect"]
    assert spearmanr(truth, change[used]).statistic > 0.6
    assert change[used & (easy.var["true_effect"] > 1)].mean() > 0.4
    assert change[used & (easy.var["true_effect"] < -1)].mean() < -0.4


@pytest.mark.parametrize("phase", ["S", "G2M"])
def test_phase_genes_are_high_in_their_phase(easy, phase):
    name = {"S": _programmes.S_PHASE, "G2M": _programmes.G2M_PHASE}[phase]
    genes = easy.var_names.isin(signatures.load(name).genes.up)
    parental = easy.obs["condition"] == "parental"
    inside = log_means(easy, parental & (easy.obs["true_phase"] == phase))
    outside = log_means(easy, parental & (easy.obs["true_phase"] == "G1"))
    assert (inside - outside)[genes].mean() > 0.5


def test_memory_genes_stay_at_their_peak_in_the_holiday(easy):
    holiday = easy.obs["condition"] == "holiday"
    calm = easy.obs["true_phase"] == "G1"
    base = log_means(easy, calm & (easy.obs["condition"] == "parental"))
    after = log_means(easy, calm & holiday & (easy.obs["true_progress"] < 0.2))
    memory = easy.var["true_memory_effect"]
    kept = (memory != 0) & (base > 0)
    assert kept.sum() >= 10
    assert spearmanr(memory[kept], (after - base)[kept]).statistic > 0.6
    gone = (memory == 0) & (easy.var["true_effect"].abs() > 0.5) & (base > 0)
    assert (after - base)[gone].std() < (after - base)[kept].std()


def test_listed_genes_are_only_a_noisy_part_of_what_moves(easy):
    programmes = easy.uns[_simulate.KEY]["programmes"]
    for name, row in programmes.iterrows():
        genes = signatures.load(str(name)).genes
        assert row["n_moved_listed"] >= 0.3 * len([*genes.up, *genes.down])
    moved = easy.var["true_effect"] != 0
    listed = easy.var["in_signature"]
    assert 0.4 < (moved & ~listed).sum() / (moved & listed).sum() < 1.1
    emt = easy.var_names.isin(
        signatures.load("hallmark_epithelial_mesenchymal_transition").genes.up
    )
    effects = easy.var.loc[emt, "true_effect"]
    assert (effects == 0).any()
    assert (effects < 0).any()
    assert (effects > 0).sum() > (effects < 0).sum()


def test_signs_agree_with_the_direction_that_the_signatures_state():
    for programme in _programmes.PROGRAMMES:
        signature = signatures.load(programme.signature)
        stated = {"up": 1, "down": -1, "two-sided": 0}[signature.direction]
        turned = {"with": 1, "against": -1}[signature.orientation]
        axis = signatures.axes()[signature.axis]
        assert stated in (0, programme.sign), (programme, signature.direction)
        if programme.sign == 0:
            assert axis.direction == "two-sided", (programme, axis.direction)
        elif axis.direction != "two-sided":
            expected = {"up": 1, "down": -1}[axis.direction] * turned
            assert programme.sign == expected, (programme, axis.direction)


def test_two_sided_programmes_take_either_sign():
    free = [place for place, p in enumerate(_programmes.PROGRAMMES) if p.sign == 0]
    drawn = [
        dtp.datasets.simulate(n_cells=15, n_genes=300, seed=seed).uns[_simulate.KEY][
            "programmes"
        ]["sign"]
        for seed in range(8)
    ]
    for place in free:
        assert {int(signs.iloc[place]) for signs in drawn} == {-1, 1}


@pytest.mark.slow
def test_samples_differ_in_depth_and_in_genes():
    adata = dtp.datasets.simulate(n_cells=1500, difficulty="hard", seed=2)
    depth = np.asarray(adata.X.sum(axis=1)).ravel()
    parental = adata.obs["condition"] == "parental"
    means = [
        depth[parental & (adata.obs["sample"] == name)].mean()
        for name in adata.obs.loc[parental, "sample"].unique()
    ]
    assert max(means) / min(means) > 1.2
    first, second = (
        log_means(adata, adata.obs["sample"] == f"parental_r{number}")
        for number in (1, 2)
    )
    common = first > 1
    assert (first - second)[common].std() > 0.3


def test_depth_and_difficulty_do_what_they_say():
    shallow, deep = (
        dtp.datasets.simulate(n_cells=150, n_genes=1000, depth=depth)
        for depth in (500, 5000)
    )
    assert 8 < deep.X.sum() / shallow.X.sum() < 12
    effects = [
        dtp.datasets.simulate(n_cells=15, n_genes=5000, difficulty=name)
        .var["true_effect"]
        .abs()
        .mean()
        for name in ("easy", "medium", "hard")
    ]
    assert effects[0] > effects[1] > effects[2]


def test_an_experiment_without_holiday_and_with_other_days():
    adata = dtp.datasets.simulate(
        n_cells=120, n_genes=400, n_replicates=4, days=(1, 2), holiday_day=None
    )
    assert list(adata.obs["condition"].cat.categories) == ["parental", "treated"]
    assert list(adata.obs["day"].cat.categories) == [0, 1, 2]
    assert adata.obs["sample"].nunique() == 12


def test_it_says_that_it_is_simulated_and_survives_writing(tmp_path, easy):
    path = tmp_path / "simulated.h5ad"
    easy.write_h5ad(path)
    back = ad.read_h5ad(path)
    record = back.uns[_simulate.KEY]
    assert record["simulated"]
    assert "not a measurement" in record["note"]
    assert record["params"]["seed"] == 4
    assert record["params"]["difficulty"] == "easy"
    assert digest(back.X) == digest(easy.X)
    assert back.obs["true_state"].equals(easy.obs["true_state"])
    bare = dtp.datasets.simulate(n_cells=15, n_genes=300, holiday_day=None)
    bare.write_h5ad(path)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"difficulty": "brutal"}, "easy, medium, hard"),
        ({"n_genes": 20}, "n_genes must be >= 200"),
        ({"n_genes": 40000}, "n_genes must be at most"),
        ({"n_cells": 3}, "number of samples, 15"),
        ({"n_replicates": 0}, "n_replicates"),
        ({"days": ()}, "days must be"),
        ({"days": (7, 3)}, "ascending"),
        ({"days": (0, 3)}, "positive"),
        ({"holiday_day": 14}, "holiday_day must come after"),
        ({"depth": 0}, "depth must be above 0"),
    ],
)
def test_values_out_of_range_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        dtp.datasets.simulate(**wrong)
