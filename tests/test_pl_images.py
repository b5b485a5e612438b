"""Plots look as they did: a few pictures against stored ones, with a tolerance.

The data are made by formulas, so a picture changes with the drawing alone. Versions of
matplotlib set text differently, so text and legends are hidden (other tests read
them), and pictures are made small before they are compared.
"""

from __future__ import annotations

import os
from pathlib import Path

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.legend import Legend
from matplotlib.text import Text
from PIL import Image
from small_records import call_uns, order_uns

from dtpscore import pl
from dtpscore.pl import _matrix, _palette

FOLDER = Path(__file__).parent / "baseline"
RENEW = "DTPSCORE_NEW_BASELINES"
# Root mean square over pixels of 0 to 255. Matplotlib 3.10.0 and 3.11.2 differ by 7 at
# most; another palette differs by 11 or more, a missing group by 22 or more.
TOLERANCE = 9.0
SIZE = (120, 90)
KW = {"groupby": "condition", "reference": "parental", "show": False}
DRAW = {
    "axis_heatmap": lambda a, ax: pl.axis_heatmap(a, ax=ax, **KW),
    "composition": lambda a, ax: pl.composition(a, ax=ax, sample_key="sample", **KW),
    "index_proliferation": lambda a, ax: pl.index_proliferation(a, ax=ax, show=False),
    "pseudotime": lambda a, ax: pl.pseudotime(a, ax=ax, sample_key="sample", **KW),
}


@pytest.fixture
def adata():
    """240 cells with made-up results of every step that the pictures show."""
    n = 240
    step = np.arange(n)
    group = step // 80
    wave = np.sin(step * 2.4)
    index = 1.6 * np.array([0, 1, 0.3])[group] + wave
    proliferation = np.cos(step * 1.7) - 0.8 * np.array([0, 1, 0.2])[group]
    called = (group > 0) & (index > 1.2)
    call = np.where(
        called,
        np.where(proliferation > 0, "DTP-like cycling", "DTP-like"),
        "parental-like",
    )
    call[(group > 0) & ~called & (index > 1)] = "uncertain"
    obs = pd.DataFrame(
        {
            "condition": np.array(["parental", "treated", "holiday"])[group],
            "sample": [f"s{one}" for one in step // 40],
            "dtp_call": call,
            "dtp_index": index,
            "dtp_proliferation": proliferation,
            "dtp_pseudotime": np.clip((index + 1.5) / 5, 0, 1),
            "dtp_emt": index,
            "dtp_mtorc1": wave - 1.5 * index,
            "dtp_s_phase": proliferation,
        },
        index=[f"c{one}" for one in step],
    )
    obs["condition"] = pd.Categorical(
        obs["condition"], categories=["parental", "treated", "holiday"]
    )
    limits = {"batch": ["all"], "low_index": [-0.9], "proliferation": [0.4]}
    axes = pd.DataFrame({"low": False, "n_used": 1}, index=["emt", "mtorc1", "s_phase"])
    axes["signatures"] = ["one", "two", "three"]
    genes = pd.DataFrame(
        {"n_listed": 10, "n_found": 9, "low": False}, index=list(axes["signatures"])
    )
    sources = pd.DataFrame({"axis": list(axes.index)}, index=genes.index)
    scores = {
        "axes": axes,
        "coverage": genes,
        "provenance": {"signatures": sources},
        "params": {},
    }
    direction = pd.DataFrame(
        {"verdict": ["agrees", "says nothing"]}, index=["groups", "time"]
    )
    return ad.AnnData(
        obs=obs,
        uns={
            "dtp_scores": scores,
            "dtp_call": call_uns(thresholds=pd.DataFrame(limits)),
            "dtp_pseudotime": order_uns(direction=direction),
        },
    )


def pixels(path):
    """A picture, small: float64, rows by columns by red, green and blue."""
    with Image.open(path) as image:
        small = image.convert("RGB").resize(SIZE, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def drawn(adata, name, folder):
    """File of a plot."""
    path = folder / f"{name}.png"
    figure = plt.figure(figsize=(3.2, 2.4))
    DRAW[name](adata, ax=figure.add_axes((0.05, 0.05, 0.9, 0.9)))
    for part in figure.findobj(lambda one: isinstance(one, Text | Legend)):
        part.set_visible(False)
    figure.savefig(path, dpi=60)
    return path


def difference(one, other):
    return float(np.sqrt(np.mean((pixels(one) - pixels(other)) ** 2)))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DRAW))
def test_the_picture_is_as_it_was(adata, name, tmp_path):
    baseline = FOLDER / f"{name}.png"
    if os.environ.get(RENEW):
        FOLDER.mkdir(exist_ok=True)
        drawn(adata, name, FOLDER)
    assert baseline.stat().st_size < 30_000
    assert difference(drawn(adata, name, tmp_path), baseline) < TOLERANCE


def other_palette(monkeypatch):
    swapped = dict.fromkeys(_palette.STATE_COLORS, "#009E73")
    monkeypatch.setattr(_palette, "STATE_COLORS", swapped)
    monkeypatch.setattr(_matrix, "DIVERGING", "viridis")
    monkeypatch.setattr(
        _palette, "group_colors", lambda names: dict.fromkeys(names, "#000000")
    )


@pytest.mark.parametrize("name", sorted(DRAW))
def test_another_palette_is_seen(adata, name, tmp_path, monkeypatch):
    other_palette(monkeypatch)
    wrong = drawn(adata, name, tmp_path)
    assert difference(wrong, FOLDER / f"{name}.png") > TOLERANCE


@pytest.mark.parametrize("name", sorted(DRAW))
def test_missing_data_are_seen(adata, name, tmp_path):
    part = adata[(adata.obs["condition"] != "treated").to_numpy()].copy()
    wrong = drawn(part, name, tmp_path)
    assert difference(wrong, FOLDER / f"{name}.png") > TOLERANCE
