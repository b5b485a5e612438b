"""What surrounds the statistic: depth, quality, units, states, evidence, reasons."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from dtpscore._calling import depth, quality, reasons
from dtpscore._calling.cells import reference_units
from dtpscore._calling.panel import INDEX, choose
from dtpscore._calling.result import mixture_note
from dtpscore._calling.states import (
    Grounds,
    evidence_level,
    states,
)
from dtpscore.errors import SignatureError


def test_kept_share_gives_all_libraries_one_distribution():
    rng = np.random.default_rng(10)
    library = np.repeat([0, 1, 2], 300)
    counts = np.exp(rng.normal(8, 0.4, 900)) * np.array([1, 0.3, 2])[library]
    share = depth.kept_share(counts, library)
    assert ((share > 0) & (share <= 1)).all()
    left = counts * share
    quantiles = [np.quantile(left[library == one], [0.1, 0.5, 0.9]) for one in range(3)]
    assert np.allclose(quantiles[0], quantiles[1], rtol=0.02)
    assert np.allclose(quantiles[0], quantiles[2], rtol=0.02)
    assert share[library == 1] == pytest.approx(1)


def test_thinning_is_binomial_and_depends_on_names_alone():
    counts = sp.csr_matrix(np.full((40, 50), 20, dtype=np.float32))
    names = [f"cell{i}" for i in range(40)]
    share = np.full(40, 0.3)
    share[0] = 1

    def values(matrix, names, share, chunk):
        source = depth.thinned(matrix, share, names, seed=5)
        blocks = [source.read(a, b).toarray() for a, b in source.bounds(chunk)]
        return np.vstack(blocks)

    once = values(counts, names, share, 7)
    assert (once[0] == 20).all()
    part = once[1:].ravel()
    assert part.mean() == pytest.approx(6, abs=0.15)
    assert part.var() == pytest.approx(20 * 0.3 * 0.7, rel=0.1)
    assert np.array_equal(once, values(counts.toarray(), names, share, 40))
    turned = values(counts, names[::-1], share[::-1], 3)
    assert np.array_equal(once, turned[::-1])


def test_quality_counts_what_is_there():
    dense = np.array([[0, 3, 1.0], [2, 0, 2]])
    found = quality.measure(dense, ["A", "mt-B", "C"])
    assert found.counts == pytest.approx([4, 4])
    assert found.genes.tolist() == [2, 2]
    assert found.mitochondrial == pytest.approx([0.75, 0])
    assert not found.negative
    assert np.isnan(quality.measure(dense, ["A", "B", "C"]).mitochondrial).all()
    assert quality.measure(dense - 1, ["A", "B", "C"]).negative


def test_reference_units_are_robust():
    values = np.r_[np.arange(11.0), 1000.0]
    found = reference_units(values, np.arange(12) < 11)
    assert found[5] == 0
    assert found[8] == pytest.approx(
        3 / (stats.median_abs_deviation(range(11), scale="normal"))
    )


def make_grounds(**changes):
    n = 8
    fields = {
        "reference": np.arange(n) < 4,
        "called": np.arange(n) >= 5,
        "index": np.array([-1, 0, 0, 1, 0, 3, 3, -9.0]),
        "proliferation": np.array([-1, 0, 0, 1, 0, -2, 2, -2.0]),
        "named": True,
        "early": np.zeros(n, bool),
        "unstable": False,
    }
    return Grounds(**{**fields, **changes})


def test_states_follow_the_rules_in_order():
    state, reason = states(make_grounds())
    assert state.tolist() == [
        *["parental-like"] * 5,
        "DTP-like",
        "DTP-like cycling",
        "shifted",
    ]
    assert reason[7].endswith("index of the cell is low")
    for change, words in (
        ({"early": np.ones(8, bool)}, "too early"),
        ({"named": False}, "too few published contrasts agree"),
    ):
        state, reason = states(make_grounds(**change))
        assert state[5] == state[6] == "shifted"
        assert words in reason[5]
    state, reason = states(make_grounds(unstable=True))
    assert state[5] == state[6] == "uncertain"
    assert "reference samples differ" in reason[5]


def test_where_nothing_can_be_told_cells_are_not_decided():
    for change, words in (
        ({"one_library": True}, "one untreated library"),
        ({"too_few": True}, "too few reference cells"),
    ):
        state, reason = states(make_grounds(**change))
        grounds = make_grounds()
        quiet = ~grounds.called & ~grounds.reference
        assert quiet.any()
        assert set(state[quiet]) == {"not decided"}
        assert all(words in one for one in reason[quiet])
        # What moved, and what it is compared with, is told all the same.
        assert set(state[grounds.reference]) == {"parental-like"}
        assert "not decided" not in state[grounds.called]


def test_evidence_climbs_without_gaps():
    def at(*met):
        names = ("has_reference", "held_out", "survival", "reverts")
        return evidence_level(**dict(zip(names, met, strict=True)))

    assert at(False, False, False, False) == "E0"
    assert at(True, False, True, True) == "E1"
    assert at(True, True, False, True) == "E2"
    assert at(True, True, True, True) == "E4"


def test_contributions_add_up_to_the_linear_part():
    rng = np.random.default_rng(11)
    features, weights = rng.normal(size=(30, 5)), rng.normal(size=5)
    reference = np.arange(30) < 15
    parts, names = reasons.contributions(
        features, weights, ["a", "b", "a", "c", "b"], reference
    )
    assert names == ["a", "b", "c"]
    whole = features @ weights
    difference = parts.sum(axis=1) - whole
    assert difference == pytest.approx(difference[0] * np.ones(30), abs=1e-5)


def test_the_study_of_the_data_has_no_vote_about_the_direction_of_an_axis():
    names = ["slow_cycling", "emt", "own_axis"]
    assert reasons.published_directions(names, ()) == ["up", "up", "two-sided"]
    # Without two of the five studies that say up, too few say anything.
    without = reasons.published_directions(names, {"stauffer2024", "moghal2023"})
    assert without[0] == "two-sided"
    assert without[2] == "two-sided"
    # A study that made a signature and has no contrast changes no vote.
    assert reasons.published_directions(names, {"wiecek2023"}) == [
        "up",
        "up",
        "two-sided",
    ]


def test_a_study_that_was_only_measured_can_be_left_out():
    panel = choose(exclude_studies=["stauffer2024"])
    assert panel.excluded == {"stauffer2024"}
    assert panel.index.name == INDEX
    both = choose(exclude_studies=["stauffer2024", "duy2021"])
    assert both.index.name == f"{INDEX}_without_duy2021"
    with pytest.raises(SignatureError, match="no direction was made from a study 'x'"):
        choose(exclude_studies=["x"])


def test_axis_reading_compares_with_what_is_published():
    bounds = (-0.1, 0.1)
    assert reasons.reading(0.5, "up", bounds) == "agrees"
    assert reasons.reading(-0.5, "up", bounds) == "opposite"
    assert reasons.reading(0.05, "up", bounds) == "not beyond random gene sets"
    assert "disagree" in reasons.reading(0.5, "two-sided", bounds)


def test_mixture_note_sees_two_parts_where_there_are_two():
    rng = np.random.default_rng(14)
    one = rng.normal(size=600)
    assert mixture_note(one, seed=0)[0] < 0
    gain, sentence = mixture_note(np.r_[one, one + 6], seed=0)
    assert gain > 0
    assert "two parts" in sentence
    assert "not calibrated" in sentence
