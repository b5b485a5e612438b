"""A gene counts once among the axes that carry a call."""

from __future__ import annotations

import numpy as np
import pytest

from dtpscore._calling.shared_genes import counted_once, gene_shares


def test_a_signature_spreads_its_part_evenly_over_its_genes():
    shares = gene_shares([3.0, -1.0], [{"A", "B"}, {"B", "C", "D", "E"}])
    assert shares["A"] == pytest.approx(3 / 4 / 2)
    assert shares["B"] == pytest.approx(3 / 4 / 2 + 1 / 4 / 4)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert gene_shares([0.0], [{"A"}]) == {"A": 0.0}


def test_a_shared_gene_counts_for_the_strongest_axis_alone():
    """Axes of 4 and 3; two of the three genes of the second are in the first."""
    found = counted_once(
        np.array([4.0, -3.0]), ["one", "two"], [{"A", "B"}, {"A", "B", "C"}]
    )
    assert list(found) == ["one", "two"]
    assert found == {"one": 4.0, "two": pytest.approx(-1.0)}


def test_what_is_left_decides_which_axis_comes_next():
    """The second axis lies wholly within the first, so the third overtakes it."""
    found = counted_once(
        np.array([4.0, 3.0, 1.0]), ["one", "two", "three"], [{"A", "B"}, {"A"}, {"Z"}]
    )
    assert list(found) == ["one", "three", "two"]
    assert found["two"] == 0.0


def test_a_gene_of_three_axes_is_not_counted_three_times():
    """Three axes of the same genes carry one contribution, not three."""
    found = counted_once(np.array([2.0, 2.0, 2.0]), list("abc"), [{"A", "B"}] * 3)
    assert sum(found.values()) == pytest.approx(2.0)


def test_signatures_of_one_axis_share_genes_freely():
    found = counted_once(np.array([2.0, 1.0]), ["one", "one"], [{"A"}, {"A"}])
    assert found == {"one": 3.0}


def test_scores_of_unknown_genes_keep_all_of_their_contribution():
    found = counted_once(np.array([2.0, 1.0]), ["one", "two"], [set(), {"A"}])
    assert found == {"one": 2.0, "two": 1.0}
