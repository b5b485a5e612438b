"""Plans: power against closed forms and real calls, pilots, and the command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import dtpscore as dtp
from dtpscore._plan.pilot import library_variance, toward_public
from dtpscore._plan.simulate import (
    LEAST_CALLED,
    Design,
    call_cells,
    cell_power,
    effect_at_depth,
    group_power,
)
from dtpscore._statistics.moves import moderated_move
from dtpscore._statistics.samples import claim_group
from dtpscore.errors import OptionError

BASE = {
    "effect": 1.5,
    "share": 0.3,
    "library_sd": 0.1,
    "n_samples": 3,
    "n_cells": 300,
    "paired": False,
    "alpha": 0.05,
}


def design(**changed):
    return Design(**{**BASE, **changed})


def exact_power(one):
    """Power of the t test from the noncentral t distribution."""
    within = (1 + one.share * (1 - one.share) * one.effect**2) / one.n_cells
    mean = one.library_sd**2 + (1 / one.n_cells + within) / 2
    freedom = 2 * one.n_samples - 2
    far = one.effect * one.share / np.sqrt(2 * mean / one.n_samples)
    limit = stats.t.ppf(1 - one.alpha / 2, freedom)
    return stats.nct.sf(limit, freedom, far) + stats.nct.cdf(-limit, freedom, far)


@pytest.mark.parametrize("n_samples", [2, 3, 6])
@pytest.mark.parametrize("effect", [0.5, 1.0])
def test_power_of_the_group_claim_is_that_of_the_t_test(n_samples, effect):
    one = design(n_samples=n_samples, effect=effect)
    assert group_power(one, 4000, 0) == pytest.approx(exact_power(one), abs=0.03)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("n_samples", [2, 4])
def test_without_an_effect_the_group_claim_keeps_its_level(n_samples, paired):
    one = design(effect=0.0, n_samples=n_samples, paired=paired)
    assert group_power(one, 4000, 1) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("paired", [False, True])
def test_the_test_is_that_of_the_group_claim(paired):
    values = np.random.default_rng(0).standard_normal(8)
    treated = np.arange(8) >= 4
    pair = np.tile(np.arange(4), 2) if paired else None
    claim = claim_group(values, treated, pair=pair)
    move = moderated_move(values[:, None], treated, prior=None, stratum=pair)
    assert move.pvalue[0] == pytest.approx(claim.pvalue)


def test_more_cells_do_not_help_where_libraries_differ():
    few, many = (
        group_power(design(effect=0.7, n_cells=n), 4000, 0) for n in (1000, 20000)
    )
    assert many - few < 0.05
    more = group_power(design(effect=0.7, n_samples=6, n_cells=1000), 4000, 0)
    assert more - few > 0.2


def test_one_sample_allows_no_claim():
    one = design(n_samples=1)
    assert np.isnan(group_power(one, 200, 0))
    assert all(np.isnan(value) for value in cell_power(one, 20, 0))


def test_calls_without_persisters_are_few():
    rng = np.random.default_rng(1)
    some = []
    for _ in range(60):
        both = [
            [0.1 * rng.standard_normal() + rng.standard_normal(200) for _ in range(3)]
            for _ in range(2)
        ]
        some.append(call_cells(*both, 0.05).any())
    assert np.mean(some) <= 0.15


def test_cells_are_called_where_they_are_far_and_many():
    near = cell_power(design(effect=1.0), 40, 0)
    far = cell_power(design(effect=4.0), 40, 0)
    rare = cell_power(design(effect=4.0, share=0.005), 40, 0)
    assert near[0] < 0.2
    assert far[0] > 0.95
    assert far[1] > 0.7
    assert far[2] < 0.08
    assert rare[0] < 0.5
    assert LEAST_CALLED == 0.25


def test_a_deeper_library_shows_more_of_an_effect():
    kwargs = {"reference_depth": 2000, "technical": 0.3}
    assert effect_at_depth(1.5, 2000, **kwargs) == pytest.approx(1.5)
    assert effect_at_depth(1.5, 1e12, **kwargs) == pytest.approx(1.5 / np.sqrt(0.7))
    assert effect_at_depth(1.5, 1000, **kwargs) == pytest.approx(1.5 / np.sqrt(1.3))


@pytest.mark.slow
def test_the_table_has_a_row_per_design_and_its_smallest_is_found():
    planned = dtp.plan(
        effect=1.0, n_samples=(2, 4), n_cells=(100, 400), depth=(1000, 4000)
    )
    table = planned.table
    assert len(table) == 8
    by_depth = table.drop_duplicates(["depth", "effect"]).set_index("depth")["effect"]
    assert list(by_depth.index) == [1000, 4000]
    assert by_depth[4000] > by_depth[1000]
    found = planned.smallest(0.8)
    assert not found.duplicated(["n_cells", "depth"]).any()
    assert (found["group_power"] >= 0.8).all()
    with pytest.raises(OptionError, match="claim must be"):
        planned.smallest(claim="wings")
    again = dtp.plan(
        effect=1.0, n_samples=(2, 4), n_cells=(100, 400), depth=(1000, 4000)
    )
    pd.testing.assert_frame_equal(again.table, table)
    panels = planned.plot(show=False)
    assert len(panels[0].get_lines()) == 1 + 4


def test_what_is_out_of_range_is_refused():
    with pytest.raises(OptionError, match="share must be above 0 and at most 1"):
        dtp.plan(effect=1.0, share=0)
    with pytest.raises(OptionError, match="must be 1 or more"):
        dtp.plan(effect=1.0, n_samples=(0, 2))
    with pytest.raises(OptionError, match="describe a pilot: give one"):
        dtp.plan(effect=1.0, groupby="condition")


def test_variance_of_libraries_without_what_cells_add():
    rng = np.random.default_rng(2)
    library = np.repeat(np.arange(400), 50)
    values = 2 * rng.standard_normal(len(library)) + 0.6 * np.repeat(
        rng.standard_normal(400), 50
    )
    variance, n = library_variance(values, library)
    assert n == 400
    assert np.sqrt(variance) == pytest.approx(0.3, abs=0.03)
    assert np.isnan(library_variance(values[:50], library[:50])[0])


@pytest.fixture(scope="module")
def pilot():
    return dtp.datasets.simulate(
        n_cells=600, n_genes=1500, days=(14,), holiday_day=None, seed=5
    )


DESIGN = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}


def test_a_pilot_gives_what_was_not_given(pilot):
    kwargs = {"effect": 1.5, "n_samples": 3, "n_cells": 200, "axis": "emt"}
    found = dtp.plan(pilot=pilot, **kwargs, **DESIGN)
    read = found.pilot
    assert read.n_libraries == 3
    untreated = pilot.X[(pilot.obs["condition"] == "parental").to_numpy()]
    assert read.depth == np.median(np.asarray(untreated.sum(axis=1)))
    assert 0 < read.technical < 1
    assert found.params["library_sd"] == read.library_sd
    assert found.params["reference_depth"] == read.depth
    assert "3 untreated libraries" in found.methods[-1]
    own = dtp.plan(pilot=pilot, library_sd=0.5, **kwargs, **DESIGN)
    assert own.params["library_sd"] == 0.5
    with pytest.raises(OptionError, match="needs groupby and reference"):
        dtp.plan(effect=1.0, pilot=pilot)


@pytest.mark.slow
def test_on_the_command_line(pilot, tmp_path, capsys):
    from dtpscore._cli import main

    pilot.write_h5ad(tmp_path / "pilot.h5ad")
    words = ["plan", "--effect", "1.5", "--n-samples", "2", "--n-samples", "3"]
    words += ["--n-cells", "200", "--json", "--quiet", "--axis", "emt"]
    words += ["--pilot", str(tmp_path / "pilot.h5ad"), "--groupby", "condition"]
    words += ["--reference", "parental", "--sample-key", "sample"]
    words += ["--csv", str(tmp_path / "a.csv"), "--plot", str(tmp_path / "a.svg")]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert [row["n_samples"] for row in said["table"]] == [2, 3]
    assert len(pd.read_csv(tmp_path / "a.csv")) == 2
    assert (tmp_path / "a.svg").stat().st_size > 1000


@pytest.mark.slow
def test_the_report_plans_with_the_libraries_of_the_experiment(pilot, tmp_path):
    scored = pilot.copy()
    dtp.tl.score(scored)
    page, tables = tmp_path / "r.html", tmp_path / "t"
    dtp.report(
        scored,
        page,
        groupby="condition",
        reference="parental",
        sample_key="sample",
        tables=tables,
    )
    text = page.read_text(encoding="utf-8")
    assert "How large the next experiment must be" in text
    assert "means of the 3 untreated libraries" in text
    table = pd.read_csv(tables / "planning.csv").set_index("effect")
    values = dtp.get.axes(scored)["consensus"].to_numpy(dtype=float)
    own = (scored.obs["condition"] == "parental").to_numpy()
    library = scored.obs["sample"].cat.codes.to_numpy().astype(int)[own]
    spread = toward_public(*library_variance(values[own], library))
    one = design(
        effect=0.5, share=1.0, library_sd=spread, n_samples=3, n_cells=own.sum() // 3
    )
    assert table.loc[0.5, "power_3"] == pytest.approx(group_power(one, 2000, 0))
    assert table.loc[1.0, "power_8"] >= table.loc[0.25, "power_8"]


def test_few_libraries_are_drawn_toward_public_ones():
    from dtpscore._statistics.public_libraries import public_libraries

    public = np.sqrt(public_libraries().level.variance)
    assert toward_public(float("nan"), 1) == pytest.approx(public)
    assert public < toward_public(1.0, 2) < 1.0
    assert toward_public(1.0, 2) < toward_public(1.0, 6)
