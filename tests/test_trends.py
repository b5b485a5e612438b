"""``dtpscore.tl.trends``: planted curves, tests that hold their level, onsets."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from small_paths import order

import dtpscore as dtp
from dtpscore._ordering import checks, curves, trend_test
from dtpscore.errors import DataError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def followed():
    adata = dtp.datasets.simulate(n_cells=1200, n_genes=3000, difficulty="easy", seed=0)
    order(adata)
    effects = adata.var["true_effect"]
    # Of the genes that are seen well: a rare one may move and not be found.
    seen = np.asarray(adata.X.mean(axis=0)).ravel() > 0.5
    moved = effects[seen].abs().idxmax()
    silent = adata.var_names[(effects == 0).to_numpy()]
    dtp.tl.trends(adata, genes=[moved, *silent[:3]], n_bootstrap=200)
    return adata, moved


def features(adata):
    return adata.uns["dtp_trends"]["features"]


def test_finds_the_planted_programmes(followed):
    adata, moved = followed
    found = features(adata)
    assert found.loc["consensus", "q"] < 0.05
    assert found.loc["consensus", "change"] > 0
    assert found.loc[moved, "q"] < 0.05
    planted = adata.var.loc[moved, "true_effect"]
    assert np.sign(found.loc[moved, "change"]) == np.sign(planted)
    assert found.loc["slow_cycling", "change"] > 0
    # The simulation has no programme of these.
    still = found.loc[["pentose_phosphate", "drug_handling"], "q"]
    assert (still > 0.05).all()


def test_onsets_come_in_the_planted_order(followed):
    adata, _ = followed
    planted = adata.uns["dtpscore_simulation"]["programmes"]["onset"]
    pairs = {
        "nfkb": "hallmark_tnfa_signaling_via_nfkb",
        "interferon": "hallmark_interferon_alpha_response",
        "consensus": "dtp_consensus_no_cycle",
    }
    # Most genes of these axes are planted; of the others only some are.
    found = features(adata).loc[list(pairs)].sort_values("onset")
    assert found["onset"].notna().all()
    truth = [planted[pairs[axis]] for axis in found.index]
    assert truth == sorted(truth)
    assert (found["onset_low"] <= found["onset"]).all()
    assert (found["onset"] <= found["onset_high"]).all()


def test_layout(followed):
    adata, moved = followed
    record = adata.uns["dtp_trends"]
    found, curves = record["features"], record["curves"]
    assert set(found["kind"]) == {"axis", "gene"}
    assert found.loc[moved, "kind"] == "gene"
    assert len(curves) == 51 * len(found)
    assert set(curves["feature"]) == set(found.index)
    assert (curves["low"] <= curves["high"]).all()
    assert record["interval_unit"] == "samples"
    assert (found["n_agree"] <= found["n_samples"]).all()
    assert any("First to be half way" in text for text in record["messages"])
    still = found["q"] > 0.05
    assert found.loc[still, "onset"].isna().all()


def test_result_survives_a_file_and_copy(followed, tmp_path):
    adata, _ = followed
    path = tmp_path / "trends.h5ad"
    adata.write_h5ad(path)
    back = ad.read_h5ad(path)
    pd.testing.assert_frame_equal(
        back.uns["dtp_trends"]["features"], features(adata), check_names=False
    )
    del back.uns["dtp_trends"]
    result = dtp.tl.trends(back, n_bootstrap=19, n_permutations=19, copy=True)
    assert "dtp_trends" not in back.uns
    assert "dtp_trends" in result.uns


def test_same_with_diffusion_pseudotime(followed):
    adata = followed[0][::2].copy()
    order(adata, method="dpt")
    dtp.tl.trends(adata, n_bootstrap=50, n_permutations=99)
    found = features(adata)
    assert found["p"].notna().all()
    assert found.loc[["consensus", "interferon", "emt", "nfkb"], "p"].min() <= 0.02


def test_no_p_value_where_genes_cannot_be_taken_out(followed):
    adata = followed[0][::3].copy()
    planted = adata.obs["true_progress"].to_numpy()[:, None]
    adata.obsm["X_mine"] = np.hstack([planted, planted**2])
    order(adata, method="dpt", use_rep="X_mine")
    dtp.tl.trends(adata, n_bootstrap=19, n_permutations=19)
    assert features(adata)["p"].isna().all()
    assert any("circular" in text for text in adata.uns["dtp_trends"]["messages"])


def test_errors(followed):
    whole = followed[0]
    root = whole.uns["dtp_pseudotime"]["root"]
    adata = whole[(np.arange(whole.n_obs) % 4 == 0) | (whole.obs_names == root)].copy()
    with pytest.raises(DataError, match="no gene 'NOGENE'"):
        dtp.tl.trends(adata, genes="NOGENE")
    with pytest.raises(DataError, match="No order under 'other'"):
        dtp.tl.trends(adata, pseudotime_key="other")
    with pytest.raises(ValueError, match="n_bootstrap must be at least 19, not 3"):
        dtp.tl.trends(adata, n_bootstrap=3)
    gone = adata[adata.obs_names != root].copy()
    if root in adata.obs_names:
        dtp.tl.trends(adata, n_bootstrap=19, n_permutations=19)
    with pytest.raises(DataError, match="is not in the data any"):
        dtp.tl.trends(gone)


@pytest.fixture
def noise():
    rng = np.random.default_rng(5)
    samples = np.repeat(np.arange(6), 40)
    position = rng.random(240) + 0.3 * samples
    return rng, samples, position


def test_shuffles_within_samples_hold_their_level(noise):
    """Values that differ between samples alone, and position does too: no trend."""
    rng, samples, position = noise
    values = 2.0 * samples[:, None] + rng.normal(size=(240, 200))
    p, _ = trend_test.permutation_p(
        values,
        np.tile(position[:, None], 200),
        samples,
        n_permutations=99,
        seed=0,
    )
    # 200 draws at a level of 0.05: 20 or more come up once in 10,000 times.
    assert np.sum(p <= 0.05) < 20
    assert 0.4 < np.mean(p) < 0.6


def test_shuffles_within_samples_find_a_bend(noise):
    rng, samples, position = noise
    bent = (position - 0.3 * samples - 0.5) ** 2 + 0.03 * rng.normal(size=240)
    p, _ = trend_test.permutation_p(
        bent[:, None], position[:, None], samples, n_permutations=199, seed=0
    )
    assert p == 1 / 200


def test_shuffling_is_what_the_reference_does(noise):
    """The statistic against least squares, sample by sample."""
    rng, samples, position = noise
    values = position + rng.normal(size=240)
    expected, total = 0.0, sum(np.var(position[samples == s]) for s in range(6))
    for sample in range(6):
        own, at = values[samples == sample], position[samples == sample]
        ranks = pd.Series(at).rank().to_numpy()
        knot = (ranks.min() + ranks.max()) / 2
        design = np.column_stack(
            [np.ones_like(ranks), ranks, ranks**2, np.maximum(ranks - knot, 0) ** 2]
        )
        fit = design @ np.linalg.lstsq(design, own, rcond=None)[0]
        share = 1 - np.var(own - fit) / np.var(own)
        expected += share * np.var(at) / total
    _, explained = trend_test.permutation_p(
        values[:, None], position[:, None], samples, n_permutations=19, seed=0
    )
    assert explained == pytest.approx(expected, rel=1e-6)


def test_a_p_value_is_that_of_shuffles_made_one_by_one(noise):
    """Ties or not, and whatever else is tested beside it."""
    rng, samples, position = noise
    values = position + 3 * rng.normal(size=240)
    orders = np.column_stack([position, np.round(position, 1)])
    both, explained = trend_test.permutation_p(
        np.column_stack([values, values]), orders, samples, n_permutations=99, seed=4
    )
    for column in (0, 1):
        order = orders[:, column]
        observed, drawn = 0.0, np.zeros(99)
        total = sum(np.var(order[samples == sample]) for sample in range(6))
        for sample in range(6):
            rows = np.flatnonzero(samples == sample)
            shuffles = np.random.default_rng([4, sample])
            assert set(shuffles.choice(rows, rows.size, replace=False)) == set(rows)
            places = shuffles.permuted(np.tile(np.arange(rows.size), (99, 1)), axis=1)
            basis = trend_test._rank_basis(order[rows])
            weight = np.var(order[rows]) / total
            own = values[rows] - values[rows].mean()
            if column == 0:
                # Shuffles are of the cells in the order of their positions.
                by_rank = np.argsort(order[rows])
                basis, own = basis[by_rank], own[by_rank]
            observed += weight * np.sum((basis.T @ own) ** 2) / np.sum(own**2)
            for number, place in enumerate(places):
                moved = np.sum((basis[place].T @ own) ** 2) / np.sum(own**2)
                drawn[number] += weight * moved
        assert explained[column] == pytest.approx(observed)
        assert both[column] == (1 + np.sum(drawn >= observed)) / 100
        alone, _ = trend_test.permutation_p(
            values[:, None], order[:, None], samples, n_permutations=99, seed=4
        )
        assert alone[0] == both[column]


def test_at_most_500_cells_of_a_sample_are_shuffled(monkeypatch):
    sizes = []

    def seen(values, order, shuffles):
        sizes.append(len(values))
        return np.zeros(values.shape[1]), np.zeros((len(shuffles), values.shape[1]))

    monkeypatch.setattr(trend_test, "_share_by_chance", seen)
    samples = np.repeat([0, 1, 2, -1], [501, 10, 9, 40])
    values = np.random.default_rng(0).normal(size=(samples.size, 1))
    trend_test.permutation_p(values, values, samples, n_permutations=3, seed=0)
    assert sizes == [500, 10]


def test_correlations_within_samples_are_those_of_scipy(noise):
    rng, samples, position = noise
    values = np.column_stack([position + rng.normal(size=240), np.ones(240)])
    values[:, 0] = np.round(values[:, 0], 1)
    samples = np.where(np.arange(240) == 0, -1, samples)
    order = np.column_stack([position, position])
    found = trend_test._rhos(values, order, samples)
    np.testing.assert_allclose(
        found[:, 0], checks.within(values[:, 0], position, samples), rtol=1e-12
    )
    assert np.isnan(found[:, 1]).all()


def test_curve_is_near_the_planted_one():
    rng = np.random.default_rng(1)
    position = rng.random(1500)
    samples = rng.integers(0, 8, 1500)
    planted = np.sin(3 * position)
    table = pd.DataFrame({"wave": planted + 0.3 * rng.normal(size=1500)})
    found = curves.curves(table, position, samples, moving=np.array([True]))
    assert found.unit == "samples"
    truth = np.sin(3 * found.grid)
    assert np.abs(found.mean[:, 0] - truth).max() < 0.1
    inside = (found.low[:, 0] <= truth) & (truth <= found.high[:, 0])
    assert inside.mean() > 0.7


def test_few_samples_draw_cells():
    rng = np.random.default_rng(2)
    position = rng.random(300)
    table = pd.DataFrame({"line": position + 0.1 * rng.normal(size=300)})
    found = curves.curves(
        table, position, np.repeat([0, 1, 2], 100), moving=np.array([True])
    )
    assert found.unit == "cells"
    assert 0.4 < found.onset.loc["line", "onset"] < 0.6


def test_samples_weigh_the_same():
    """A sample with ten times the cells moves the curve no more than another."""
    position = np.tile(np.linspace(0, 1, 200), 2)
    table = pd.DataFrame({"step": np.repeat([0.0, 1.0], 200)})
    many = np.concatenate([np.arange(200), np.tile(np.arange(200, 400), 10)])
    samples = np.repeat([0, 1], 200)
    still = np.array([False])
    plain = curves.curves(table, position, samples, moving=still)
    heavy = curves.curves(table.iloc[many], position[many], samples[many], moving=still)
    np.testing.assert_allclose(plain.mean, 0.5, atol=1e-3)
    np.testing.assert_allclose(heavy.mean, 0.5, atol=1e-3)
