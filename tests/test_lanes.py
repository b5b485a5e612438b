"""Samples that are parts of one library count as one in a call."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore._calling.lanes import join_lanes
from dtpscore._design import DesignKeys, read_design

N_GENES = 400
DESIGN = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}


def library(rng, n_cells, factor):
    """Gamma-Poisson cells of a library with gene-wise factors."""
    rate = np.random.default_rng(99).lognormal(0, 1, N_GENES) * factor
    rate = 2000 * rate / rate.sum()
    return rng.poisson(rate * rng.gamma(3, 1 / 3, (n_cells, N_GENES)))


@pytest.fixture(scope="module")
def lanes():
    """Two lanes and a library in one arm, two lanes of the first in another."""
    rng = np.random.default_rng(0)
    own, other = (np.exp(rng.normal(0, 0.3, N_GENES)) for _ in range(2))
    factors = {"a": own, "b": own, "c": other, "d": own, "e": own}
    counts = np.vstack([library(rng, 200, factor) for factor in factors.values()])
    obs = pd.DataFrame(
        {
            "sample": np.repeat(list(factors), 200),
            "condition": np.repeat(["parental", "drug"], [600, 400]),
        },
        index=[f"cell_{n}" for n in range(1000)],
    )
    return counts, obs


def joined(counts, obs, used=None):
    design = read_design(obs, DesignKeys(**DESIGN))
    used = np.ones(len(obs), bool) if used is None else used
    keys = np.arange(len(obs)).astype(np.uint64)
    found = join_lanes(counts, design, used, keys)
    parts = pd.Series(design.sample).groupby(found.design.library).agg(set)
    return found, sorted("".join(sorted(one)) for one in parts)


def test_lanes_of_an_arm_are_joined_and_arms_stay_apart(lanes):
    found, parts = joined(*lanes)
    assert parts == ["ab", "c", "de"]
    assert len(found.messages) == 2
    assert "'a', 'b' of group 'parental' count as one" in found.messages[0]
    assert "check_replicates=False" in found.messages[0]
    assert "below 0.0019 of that between cells" in found.methods[0]
    assert len(found.methods) == 1


def test_batches_stay_apart_and_few_cells_cannot_be_told(lanes):
    counts, obs = lanes
    batches = obs.assign(batch=np.where(obs["sample"] == "a", "one", "two"))
    design = read_design(batches, DesignKeys(**DESIGN, batch_key="batch"))
    keys = np.arange(len(obs)).astype(np.uint64)
    found = join_lanes(counts, design, np.ones(len(obs), bool), keys)
    apart = found.design.library
    assert len(set(apart[obs["sample"].isin(["a", "b"])])) == 2
    # With 60 cells of a sample real replicates could look like lanes.
    few = np.arange(len(obs)) % 200 < 60
    found, parts = joined(counts, obs, few)
    assert parts == ["a", "b", "c", "d", "e"]
    assert not found.messages


def test_one_sample_per_arm_is_not_compared(lanes):
    counts, obs = lanes
    keep = obs["sample"].isin(["a", "d"]).to_numpy()
    found, parts = joined(counts[keep], obs[keep])
    assert parts == ["a", "d"]
    assert not found.methods


@pytest.fixture(scope="module")
def split():
    """Simulated cells of which every parental sample is one library cut in three."""
    adata = dtp.datasets.simulate(
        n_cells=2400, n_genes=3000, days=(14,), holiday_day=None, seed=1
    )
    parental = (adata.obs["condition"] == "parental").to_numpy()
    sample = adata.obs["sample"].astype(str)
    first = sample[parental].iloc[0]
    part = pd.Series(np.arange(adata.n_obs) % 2, adata.obs_names).astype(str)
    adata.obs["sample"] = np.where(parental, "lane " + part, sample)
    return adata[~parental | (sample == first).to_numpy()].copy()


@pytest.mark.slow
def test_a_call_says_so_and_counts_them_once(split, capsys):
    quick = {**DESIGN, "components": False, "min_genes": 0, "copy": True}
    record = dtp.tl.call(split, **quick).uns["dtp_call"]
    row = record["calibration"].iloc[0]
    assert row["n_reference_samples"] == 1
    assert row["basis"] == "inside samples"
    assert row["evidence_level"] < "E2"
    assert (
        "'lane 0', 'lane 1' of group 'parental' count as one" in capsys.readouterr().err
    )
    apart = dtp.tl.call(split, check_replicates=False, **quick).uns["dtp_call"]
    assert apart["calibration"]["n_reference_samples"].iloc[0] == 2
    assert "count as one" not in capsys.readouterr().err
