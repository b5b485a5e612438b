"""Orders made quickly, and small planted experiments, for tests of orders."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd

import dtpscore as dtp
from dtpscore._design import DesignKeys
from dtpscore._ordering import branches
from dtpscore._ordering.cells import read_cells
from dtpscore.errors import InputWarning

KEYS = {
    "groupby": "condition",
    "reference": "parental",
    "holiday": "holiday",
    "time_key": "day",
    "sample_key": "sample",
    "replicate_key": "replicate",
}
QUICK = {"n_roots": 3, "n_subsamples": 2}
# Without times and replicates, so that diffusion pseudotime is the default.
PLAIN = {
    "groupby": "condition",
    "reference": "parental",
    "n_roots": 3,
    "n_subsamples": 0,
}


@cache
def easy():
    """An easy experiment; tests that change it take a copy."""
    return dtp.datasets.simulate(n_cells=900, n_genes=2500, difficulty="easy", seed=3)


def order(adata, **kwargs):
    """Run without the warnings that a test does not ask for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.pseudotime(adata, **{**KEYS, **QUICK, **kwargs})
    return adata


def plain_order(adata, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.pseudotime(adata, **{**PLAIN, **kwargs})
    return adata


def planted(n_series=3, n_times=4, n_each=40, *, noise=0.3, seed=0):
    """Cells on a line in five dimensions, with a shift of every sample off the line."""
    rng = np.random.default_rng(seed)
    series = np.repeat(np.arange(n_series), n_times * n_each)
    time = np.tile(np.repeat(np.arange(n_times), n_each), n_series)
    progress = np.clip(time / n_times + 0.25 * rng.random(time.size), 0, 1)
    features = noise * rng.normal(size=(time.size, 5))
    features[:, 0] += 4 * progress
    features[:, 1] += rng.normal(size=n_series * n_times)[series * n_times + time]
    obs = pd.DataFrame(
        {
            "group": np.where(time == 0, "untreated", "treated"),
            "day": time * 3,
            "series": [f"s{one}" for one in series],
            "library": [f"s{a}d{b}" for a, b in zip(series, time, strict=True)],
        },
        index=[f"c{number}" for number in range(time.size)],
    )
    return features, planted_cells(obs), progress, obs


def planted_cells(obs):
    """Read the annotation that `planted` makes."""
    keys = DesignKeys(
        groupby="group",
        reference="untreated",
        time_key="day",
        sample_key="library",
        replicate_key="series",
    )
    return read_cells(obs, keys).cells


def holiday_cells(n=150):
    groups = np.repeat(["ref", "drug", "off"], n)
    samples = [f"{g}{k % 3}" for g in ("ref", "drug", "off") for k in range(n)]
    obs = pd.DataFrame({"group": groups, "sample": samples})
    obs.index = obs.index.astype(str)
    keys = DesignKeys("group", "ref", sample_key="sample", holiday=("off",))
    return read_cells(obs, keys).cells


def planted_fork(n=400, seed=12):
    """A path that forks half way: order, arm, and both ends."""
    rng = np.random.default_rng(seed)
    order = np.linspace(0, 1, n)
    arm = np.where(np.arange(n) % 2, 1.0, -1.0)
    off = np.maximum(order - 0.5, 0) * arm * 8
    features = np.column_stack([8 * order, off, 0.1 * rng.normal(size=n)])
    end = np.full(n, "", dtype="<U11")
    late = order > 0.9
    end[late & (arm > 0)] = branches.CYCLING
    end[late & (arm < 0)] = branches.RESTING
    return features, order, arm, end
