"""Constants and rules of an order: each test fails when its constant is changed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from small_paths import holiday_cells, planted

from dtpscore import signatures
from dtpscore._options.order import OrderOptions
from dtpscore._ordering import (
    branches,
    by_method,
    checks,
    components,
    curves,
    diffusion,
    embedding,
    holiday,
    messages,
    ordinal,
    variable,
)
from dtpscore.errors import ResultError

PLAIN = OrderOptions(groupby="group", reference="ref")


def fake(**fields):
    """A record with a few fields, for messages that read no other."""
    return SimpleNamespace(**fields)


@pytest.mark.parametrize(("shift", "leads"), [(1.9, "cells"), (2.1, "samples")])
def test_differences_between_samples_count_half(shift, leads):
    """Two samples apart by twice the spread within them are as good as that spread."""
    rng = np.random.default_rng(0)
    samples = np.repeat([0, 1], 400)
    within = rng.normal(size=800)
    for sample in (0, 1):
        own = within[samples == sample]
        within[samples == sample] = (own - own.mean()) / own.std()
    between = shift * np.where(samples, 1.0, -1.0)
    noise = 0.01 * rng.normal(size=(800, 3))
    values = sp.csr_array(np.column_stack([within, between, noise]))
    loadings = components.principal(values, samples, 1)[1]
    assert ["cells", "samples"][np.abs(loadings[:, 0]).argmax()] == leads


def test_genes_of_one_cell_in_a_hundred_are_used():
    values = np.zeros((1000, 4))
    for column, n in enumerate((9, 10, 11, 500)):
        values[:n, column] = 1
    genes = variable.GeneMoments.of([sp.csr_array(values)], 4)
    assert list(variable.expressed(genes)) == [1, 2, 3]


@pytest.mark.slow
def test_optional_proliferation_and_every_nuisance_signature_are_left_out():
    axes = [name for name, axis in signatures.axes().items() if axis.kind == "nuisance"]
    for one in [
        *signatures.select(axes="slow_cycling", use="optional"),
        *signatures.select(axes=axes, use="nuisance"),
    ]:
        listed = [*one.genes.up, *one.genes.down]
        assert embedding.left_out(listed, species="human").all(), one.name


def test_dividing_cells_stand_out_by_two():
    cells = holiday_cells()
    order = np.linspace(0, 1, cells.n_cells)
    z = np.where(np.arange(cells.n_cells) % 2, 2.1, 1.9)
    cycle = pd.DataFrame({"s_phase": z, "g2m": 0.0})
    end, found = branches.ends(order, cycle, cells)
    late = end != ""
    np.testing.assert_array_equal(end[late] == branches.CYCLING, (z > 2)[late])
    # The upper third of the 150 cells on the drug.
    assert found["n_cells"].sum() == 50
    assert not found["exists"].any()


@pytest.mark.parametrize(("n", "exists"), [(29, False), (30, True)])
def test_an_end_has_thirty_cells(n, exists):
    cells = holiday_cells(n=3 * 60)
    z = np.zeros(cells.n_cells)
    z[np.flatnonzero(cells.moved)[-n:]] = 5
    cycle = pd.DataFrame({"s_phase": z, "g2m": 0.0})
    _, found = branches.ends(np.linspace(0, 1, cells.n_cells), cycle, cells)
    assert found.loc[branches.CYCLING, "n_cells"] == n
    assert found.loc[branches.CYCLING, "exists"] == exists


@pytest.mark.parametrize(
    ("rho", "verdict"),
    [
        (0.11, "agrees"),
        (0.09, "unresolved"),
        (-0.09, "unresolved"),
        (-0.11, "contradicts"),
    ],
)
def test_direction_is_resolved_from_a_tenth(rho, verdict):
    assert checks._verdict(rho) == verdict


@pytest.mark.parametrize(
    ("last", "verdict"), [(0.5, "rises and falls"), (0.6, "monotone")]
)
def test_a_fifth_of_the_variation_must_go_back(last, verdict):
    """Means 0, 1, x miss a monotone course by 25% (x 0.5) and 16% (x 0.6)."""
    rng = np.random.default_rng(0)
    found = checks._course(np.array([0, 1, last]), np.full(3, 1e-6), 10, rng)
    assert found["verdict"] == verdict


def test_a_turn_must_be_rare_by_chance():
    """A turn that chance makes in about one of 30 draws does not count."""
    rng = np.random.default_rng(0)
    found = checks._course(np.array([0, 1, 0.4]), np.full(3, 0.2), 1000, rng)
    assert 0.01 < found["p"] < 0.05
    assert found["gap"] > 0.2
    assert found["verdict"] == "monotone"


def test_every_sample_counts_once_in_the_direction():
    """The index agrees in two small samples and runs against it in a large one."""
    sizes = (200, 20, 20)
    samples = np.repeat([0, 1, 2], sizes)
    order = np.concatenate([np.arange(size) for size in sizes]).astype(float)
    index = np.where(samples == 0, -order, order)
    assert list(checks.within(order, index, samples)) == [-1, 1, 1]
    # Fewer than ten cells of a sample say nothing.
    assert checks.within(order[:9], index[:9], samples[:9]).size == 0
    assert checks.within(order[:10], index[:10], samples[:10]).size == 1


def test_root_is_among_the_lowest_third():
    index = np.arange(31.0)
    found = diffusion.low_index(np.ones(31, bool), index)
    assert list(found) == list(range(11))


@pytest.mark.parametrize(("lost", "refused"), [(40, False), (41, True)])
def test_a_tenth_of_the_cells_may_be_unreachable(lost, refused):
    cells = planted(n_series=1, n_times=5, n_each=100)[1]
    time = np.zeros(cells.n_cells)
    time[np.flatnonzero(~cells.root)[:lost]] = np.nan
    found = fake(time=time)
    if refused:
        with pytest.raises(ResultError, match="41 of 400 cells"):
            by_method._check_reached(found, cells)
    else:
        by_method._check_reached(found, cells)


def test_position_is_seven_tenths_of_the_neighbors():
    features = np.arange(31.0)[:, None]
    placed = np.zeros((31, 1))
    placed[0] = 1
    found = ordinal._with_neighbors(placed, features)
    assert found[0, 0] == pytest.approx(0.3)
    # Every other cell has the first one among its 30 neighbors.
    np.testing.assert_allclose(found[1:, 0], 0.7 / 30)
    wide = np.vstack([features, [[31.0]]])
    found = ordinal._with_neighbors(np.vstack([placed, [[0.0]]]), wide)
    assert found[31, 0] == 0


def test_course_and_direction_count_alike(monkeypatch):
    features, cells, _, _ = planted()
    monkeypatch.setattr(
        ordinal, "along_course", lambda f, order, others: np.zeros(len(others))
    )
    half = ordinal.cross_fit(features, cells, n_subsamples=1).time
    monkeypatch.setattr(ordinal, "_COURSE_WEIGHT", 0.0)
    whole = ordinal.cross_fit(features, cells, n_subsamples=1).time
    np.testing.assert_allclose(half, 0.5 * whole)


def test_a_fit_sees_four_fifths_of_every_sample():
    sample = np.repeat([0, 1, 2], [10, 100, 3000])
    drawn = ordinal._draw(sample, np.arange(sample.size), np.random.default_rng(0))
    assert list(np.bincount(sample[drawn])) == [8, 80, 1000]


@pytest.mark.parametrize(("apart", "given"), [(0.95, False), (1.05, True)])
def test_a_share_of_the_way_back_needs_ends_one_deviation_apart(apart, given):
    rng = np.random.default_rng(0)
    cells = holiday_cells()
    root = rng.normal(size=150)
    root = (root - np.median(root)) / root.std(ddof=1)
    order = np.concatenate([root, np.full(150, apart), np.full(150, apart / 2)])
    found = holiday.reversal(order, np.full(450, ""), cells)["returned"]
    assert found.notna().all() == given
    if given:
        np.testing.assert_allclose(found, 0.5)


@pytest.mark.parametrize(("p", "on_path"), [(0.049, False), (0.051, True)])
def test_a_cell_is_off_the_path_beyond_95_percent_of_both_ends(monkeypatch, p, on_path):
    cells = holiday_cells(n=30)
    found = iter([np.full(30, p), np.full(30, 0.01)])
    monkeypatch.setattr(holiday, "conformal_p", lambda *_: next(found))
    order = np.repeat([0.0, 1.0, 0.1], 30)
    place = holiday.places(np.zeros((90, 2)), order, cells)[cells.holiday]
    assert (place == ("parental-like" if on_path else "neither")).all()


def test_onset_is_half_of_the_way():
    grid = np.linspace(0, 1, 101)
    found = curves._onsets(np.clip(grid * 2, 0, 1)[None, :, None], grid)
    assert found[0, 0] == pytest.approx(0.25)


@pytest.mark.parametrize(("n", "said"), [(19, True), (20, False)])
def test_fewer_than_twenty_reference_cells_are_said(n, said):
    assert bool(messages._about_root(fake(n_root_cells=n))) == said


@pytest.mark.parametrize(("value", "said"), [(0.69, True), (0.71, False)])
def test_an_order_is_unstable_below_seven_tenths(value, said):
    roots = {"dpt_root_agreement": value}
    subsamples = {"dpt_root_agreement": 1.0, "dpt_subsample_rho": np.array([value])}
    for stability in (roots, subsamples):
        record = fake(method="dpt", stability=stability)
        assert bool(messages._about_stability(record)) == said


@pytest.mark.parametrize(("value", "word"), [(0.49, True), (0.51, False)])
def test_orders_disagree_below_a_half(value, word):
    record = fake(agreement={"rho": 0.9, "rho_within_samples": value})
    assert ("they disagree" in messages._about_orders(record)[0]) == word


@pytest.mark.parametrize(
    ("value", "n", "said"),
    [
        (0.19, 10_000, False),
        (0.21, 10_000, True),
        (0.29, 101, False),
        (0.31, 101, True),
    ],
)
def test_the_cell_cycle_is_said_from_a_fifth_and_beyond_chance(value, n, said):
    cycle = pd.DataFrame({"s_phase": [-value], "g2m": [0.0]}, index=["root group"])
    record = fake(cycle=cycle, n_root_cells=n)
    found = messages._about_cycle(record, PLAIN)
    assert bool(found) == said
    if said:
        assert "though its genes are left out" in found[0]
        graph = PLAIN.model_copy(update={"neighbors_key": "neighbors"})
        assert "may be in the representation" in messages._about_cycle(record, graph)[0]


@pytest.mark.parametrize(
    ("value", "said"), [(0.49, False), (0.51, True), (-0.51, True)]
)
def test_depth_that_runs_with_time_is_said(value, said):
    cells = planted()[1]
    basis = fake(cells=cells, depth=np.where(cells.time == 0, 4000.0, 1200.0))
    found = messages._about_depth(basis, fake(depth_rho=value))
    assert bool(found) == said
    if said:
        assert "4,000 at 0, 1,200 at 3" in found[0]


def test_depth_is_compared_with_time_outside_the_holiday():
    cells = planted()[1]
    assert checks.depth_rho(-cells.time.astype(float), cells) == pytest.approx(-1)
    assert checks.depth_rho(None, cells) is None
    assert checks.depth_rho(np.ones(cells.n_cells), cells) is None


def test_missing_keys_are_named():
    said = messages._about_missing_keys(fake(), PLAIN)[0]
    assert "time_key (the column with the time or dose) and replicate_key" in said
    timed = PLAIN.model_copy(update={"time_key": "day"})
    assert "because replicate_key (" in messages._about_missing_keys(fake(), timed)[0]
    asked = PLAIN.model_copy(update={"method": "dpt"})
    assert not messages._about_missing_keys(fake(), asked)


@pytest.mark.parametrize(
    ("asked", "n_series", "n_times", "progress", "method"),
    [
        (None, 2, 3, True, "ordinal"),
        (None, 1, 3, True, "dpt"),
        (None, 2, 1, True, "dpt"),
        (None, 2, 3, False, "dpt"),
        ("ordinal", 1, 3, False, "ordinal"),
        ("palantir", 2, 3, True, "palantir"),
    ],
)
def test_choice_of_the_method(asked, n_series, n_times, progress, method):
    cells = planted(n_series=n_series, n_times=3, n_each=5)[1]
    if n_times == 1:
        cells = replace(cells.only(cells.time == 2), times=cells.times[-1:])
    found, why = by_method.choose(asked, cells, is_progress=progress)
    assert found == method
    assert why.endswith(".")
