"""Where cells off the drug are on the path."""

from __future__ import annotations

import numpy as np
import pytest
from small_paths import holiday_cells

from dtpscore._ordering import holiday
from dtpscore._statistics.intervals import mean_interval


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_reversal_counts_a_known_mixture(share):
    rng = np.random.default_rng(7)
    cells, n = holiday_cells(), 150
    center = np.repeat([0.0, 10.0], n)
    back = np.where(np.arange(n) < share * n, 0.0, 10.0)
    features = rng.normal(size=(3 * n, 3))
    features[:, 0] += np.concatenate([center, back])
    order = features[:, 0]
    place = holiday.places(features, order, cells)
    found = place[cells.holiday]
    assert np.mean(found == "parental-like") == pytest.approx(share, abs=0.1)
    table = holiday.reversal(order, place, cells)
    assert table.loc["all samples", "n_cells"] == n
    if share in (0.0, 1.0):
        assert table.loc["all samples", "returned"] == pytest.approx(share, abs=0.1)


def test_cells_off_the_path_are_neither():
    rng = np.random.default_rng(8)
    cells, n = holiday_cells(), 150
    features = rng.normal(size=(3 * n, 3))
    features[n : 2 * n, 0] += 10
    features[2 * n :, 2] += 12
    place = holiday.places(features, features[:, 0], cells)
    assert np.mean(place[cells.holiday] == "neither") > 0.95
    assert (place[~cells.holiday] == "").all()


def test_conformal_p_is_the_count_written_out():
    rng = np.random.default_rng(9)
    anchor, points = rng.normal(size=(30, 2)), rng.normal(size=(7, 2)) + 1
    sample = np.repeat([0, 1, 2], 10)

    def mean_of_ten(point, cells):
        return np.sort(np.linalg.norm(cells - point, axis=1))[:10].mean()

    own = [
        mean_of_ten(point, anchor[sample != s])
        for point, s in zip(anchor, sample, strict=True)
    ]
    expected = [
        (1 + sum(o >= mean_of_ten(point, anchor) for o in own)) / 31 for point in points
    ]
    found = holiday.conformal_p(points, anchor, sample)
    np.testing.assert_allclose(found, expected)


def test_no_ratio_where_ends_are_not_apart():
    rng = np.random.default_rng(10)
    cells = holiday_cells()
    features = rng.normal(size=(450, 2))
    place = holiday.places(features, features[:, 0], cells)
    found = holiday.reversal(features[:, 0], place, cells)
    assert found["returned"].isna().all()
    assert found["position"].notna().all()


def test_the_interval_of_all_samples_is_students_t_over_samples():
    rng = np.random.default_rng(11)
    cells, n = holiday_cells(), 150
    order = rng.normal(size=3 * n) + np.repeat([0.0, 10.0, 5.0], n)
    place = holiday.places(order[:, None], order, cells)
    found = holiday.reversal(order, place, cells)
    own = found.drop(index="all samples")["position"]
    row, expected = found.loc["all samples"], mean_interval(own.to_numpy())
    assert (row["low"], row["high"]) == (expected.low, expected.high)
