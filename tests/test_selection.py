"""Whether cells like the called ones were there before treatment."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dtpscore._calling.selection import before_treatment


def place(reference, treated, n_called):
    """Shift, called and reference cells; the last treated cells are called."""
    shift = np.r_[reference, treated].astype(float)
    is_reference = np.arange(len(shift)) < len(reference)
    return shift, np.arange(len(shift)) >= len(shift) - n_called, is_reference


def test_untreated_cells_beyond_the_median_of_the_called_are_counted():
    # The median of the called cells is 4.
    found = before_treatment(*place([0, 1, 4, 5, 3.9], [0, 3, 4, 9], 3))
    assert (found.n_like, found.n_reference) == (2, 5)
    # Clopper and Pearson, from the beta distribution.
    assert found.low == pytest.approx(stats.beta.ppf(0.025, 2, 4))
    assert found.high == pytest.approx(stats.beta.ppf(0.975, 3, 3))
    assert found.row()["like_before_share"] == pytest.approx(0.4)
    said = found.sentence()
    assert said.startswith("2 of 5 untreated cells (40.0%, 95% interval ")
    assert "selection cannot be excluded" in said


def test_none_before_gives_an_upper_bound():
    found = before_treatment(*place(np.zeros(300), [5, 5, 6], 3))
    assert found.n_like == 0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 300))
    assert "none of 300 untreated cells" in found.sentence()
    assert "under 1.2%" in found.sentence()
    assert "lineages" in found.sentence()


def test_nothing_is_said_without_called_cells():
    assert before_treatment(*place([0, 1], [2, 3], 0)) is None


def test_one_cell_is_one():
    found = before_treatment(*place([0.0] * 9 + [7], [5, 6], 2))
    assert "1 of 10 untreated cells" in found.sentence()
    assert ") is as far out" in found.sentence()
