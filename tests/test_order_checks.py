"""What an order is compared with: times, groups, index and annotation."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from small_paths import planted

from dtpscore._design import DesignKeys
from dtpscore._ordering import checks, messages
from dtpscore._ordering.cells import read_cells
from dtpscore.errors import DataError


def course(shares, *, n_series=2, n_cells=200, seed=0):
    """Share of resting cells at six days, as a value of 0 or 1 a cell."""
    rng = np.random.default_rng(seed)
    obs, values = [], []
    for series in range(n_series):
        for day, share in zip((0, 1, 2, 4, 9, 11), shares, strict=True):
            values.append(rng.random(n_cells) < share)
            obs += [(f"s{series}", day, "ref" if day == 0 else "drug")] * n_cells
    frame = pd.DataFrame(obs, columns=["series", "day", "group"])
    frame.index = frame.index.astype(str)
    keys = DesignKeys("group", "ref", time_key="day", replicate_key="series")
    return np.concatenate(values).astype(float), read_cells(frame, keys).cells


@pytest.mark.parametrize("n_series", [1, 2])
def test_erlotinib_course_rises_and_falls(n_series):
    """Arrested shares of PC9 on erlotinib, days 0 to 11 (Wiecek et al. 2023)."""
    shares = (0.40, 0.96, 0.80, 0.83, 0.60, 0.41)
    values, cells = course(shares, n_series=n_series)
    found = checks.time_courses({"arrest": values}, cells)
    assert found.loc["arrest", "verdict"] == "rises and falls"
    assert found.loc["arrest", "gap"] > 0.5
    assert not checks.time_is_progress(found)
    turned = checks.time_courses({"arrest": -values}, cells)
    assert turned.loc["arrest", "verdict"] == "falls and rises"


@pytest.mark.parametrize("seed", range(5))
def test_noisy_but_monotone_course_passes(seed):
    shares = (0.4, 0.5, 0.6, 0.7, 0.8, 0.8)
    values, cells = course(shares, seed=seed)
    assert checks.time_is_progress(checks.time_courses({"a": values}, cells))


def test_two_times_cannot_turn():
    _, cells, _, obs = planted(n_times=2)
    found = checks.time_courses({"a": np.arange(len(obs), dtype=float)}, cells)
    assert found.loc["a", "verdict"] == "fewer than 3 times"
    assert checks.time_is_progress(found)


def test_direction_verdicts():
    features, cells, progress, _ = planted()
    noise = np.random.default_rng(0).normal(size=progress.size)
    agrees = checks.direction(features[:, 0], progress, cells)
    assert (agrees["verdict"] == "agrees").all()
    against = checks.direction(-features[:, 0], progress, cells)
    assert (against["verdict"] == "contradicts").all()
    assert list(against.index) == ["groups", "index", "time"]
    pairs = [
        np.sign(late - early)
        for late in features[~cells.root, 0]
        for early in features[cells.root, 0]
    ]
    assert agrees.loc["groups", "rho"] == pytest.approx(np.mean(pairs))
    open_ = checks.direction(features[:, 0], noise, cells)
    assert open_.loc["index", "verdict"] == "unresolved"


def test_design_reads_times_and_samples():
    obs = pd.DataFrame(
        {
            "group": ["ref", "drug", "drug", None],
            "dose": pd.Categorical(
                ["none", "low", "high", "low"],
                categories=["none", "low", "high", "unused"],
                ordered=True,
            ),
            "day": ["0", "7", "14", None],
        },
        index=list("abcd"),
    )
    dosed = read_cells(obs, DesignKeys("group", "ref", time_key="dose")).cells
    assert dosed.times == ("none", "low", "high")
    assert list(dosed.time) == [0, 1, 2, 1]
    dated = read_cells(obs, DesignKeys("group", "ref", time_key="day")).cells
    assert dated.times == ("0", "7", "14")
    assert list(dated.time) == [0, 1, 2, -1]
    assert len(dated.samples) == 3
    obs["group"] = ["ref", "off", "off", None]
    with pytest.raises(DataError, match="needs cells of another group"):
        read_cells(obs, DesignKeys("group", "ref", holiday=("off",)))


def types_over_time(*, late, holiday=()):
    """Samples of unlike size; 80% of the cells are HSC at day 0, and ``late`` later."""
    rng = np.random.default_rng(0)
    rows = []
    for day, share, group in ((0, 0.8, "ref"), (7, late, "drug"), (9, 0.0, "off")):
        for sample, n in (("a", 20), ("b", 60)):
            kinds = ["HSC"] * round(n * share) + ["Mono"] * (n - round(n * share))
            rows += [(f"{sample}{day}", day, group, kind) for kind in kinds]
    obs = pd.DataFrame(rows, columns=["sample", "day", "group", "kind"])
    obs.loc[len(obs)] = ("a0", 0, "ref", "T cell")  # not malignant
    obs = obs.iloc[rng.permutation(len(obs))]
    obs.index = obs.index.astype(str)
    keys = DesignKeys(
        "group",
        "ref",
        sample_key="sample",
        time_key="day",
        holiday=holiday,
        cell_type_key="kind",
        malignant=("HSC", "Mono"),
    )
    return obs, read_cells(obs, keys).cells


def test_shares_of_cell_types_are_means_of_samples():
    obs, cells = types_over_time(late=0.5, holiday=("off",))
    found = checks.composition(cells).set_index(["cell_type", "time"])["share"]
    kept = obs[(obs["group"] != "off") & (obs["kind"] != "T cell")]
    per_sample = kept.groupby(["day", "sample"])["kind"].value_counts(normalize=True)
    for (kind, time), share in found.items():
        one = per_sample.xs(kind, level="kind").loc[int(time)]
        assert share == pytest.approx(one.mean())
    assert set(found.index) == {(k, t) for k in ("HSC", "Mono") for t in ("0", "7")}


@pytest.mark.parametrize(("late", "said"), [(0.5, True), (0.54, True), (0.6, False)])
def test_types_that_change_with_time_are_named(late, said):
    _, cells = types_over_time(late=late, holiday=("off",))
    record = SimpleNamespace(composition=checks.composition(cells))
    sentences = messages._about_composition(record)
    assert bool(sentences) is said
    if said:
        assert re.search(r"HSC are 80% at 0, 5\d% at 7\. Which types", sentences[0])


def test_one_type_or_one_time_has_no_composition():
    obs, _ = types_over_time(late=0.5)
    one = {"sample_key": "sample", "time_key": "day", "cell_type_key": "kind"}
    keys = DesignKeys("group", "ref", **one, malignant=("Mono",))
    assert checks.composition(read_cells(obs, keys).cells) is None
    assert checks.composition(course([0, 1, 1, 1, 1, 1])[1]) is None
    assert messages._about_composition(SimpleNamespace(composition=None)) == []


def test_an_order_says_that_types_change_with_time(tmp_path):
    import dtpscore as dtp

    adata = dtp.datasets.simulate(
        n_cells=240, n_genes=1500, days=(7,), holiday_day=None, seed=0
    )
    treated = (adata.obs["condition"] != "parental").to_numpy()
    rng = np.random.default_rng(0)
    draw = rng.random(adata.n_obs) < np.where(treated, 0.2, 0.8)
    adata.obs["kind"] = pd.Categorical(np.where(draw, "HSC", "Mono"))
    dtp.tl.pseudotime(
        adata,
        groupby="condition",
        reference="parental",
        sample_key="sample",
        time_key="day",
        replicate_key="replicate",
        cell_type_key="kind",
        malignant=["HSC", "Mono"],
    )
    told = adata.uns["dtp_pseudotime"]
    assert any("Types of cells change with time" in one for one in told["messages"])
    adata.write_h5ad(tmp_path / "ordered.h5ad")
    again = dtp.read(tmp_path / "ordered.h5ad").uns["dtp_pseudotime"]["composition"]
    pd.testing.assert_frame_equal(again, told["composition"], check_dtype=False)
