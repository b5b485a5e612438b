"""Neighbors within parts of the cells: one search equals a search in every part."""

from __future__ import annotations

import numpy as np
import pytest

from dtpscore._ordering import neighbors


def drawn(n, size, number=3):
    rng = np.random.default_rng(7)
    return [np.sort(rng.choice(n, size, replace=False)) for _ in range(number)]


@pytest.mark.parametrize(
    ("n", "size", "n_neighbors"),
    [(400, 320, 30), (400, 170, 10), (400, 60, 10), (40, 32, 30), (12, 10, 30)],
)
def test_parts_equal_a_search_in_each(n, size, n_neighbors):
    points = np.random.default_rng(n).normal(size=(n, 5))
    parts = drawn(n, size)
    found = list(neighbors.nearest_of_parts(points, parts, n_neighbors))
    assert len(found) == len(parts)
    for part, (distances, rows) in zip(parts, found, strict=True):
        expected = neighbors.nearest(points[part], None, n_neighbors)
        np.testing.assert_array_equal(distances, expected[0])
        np.testing.assert_array_equal(rows, expected[1])


def test_a_cell_whose_neighbors_were_all_left_out_is_searched_again():
    """Five cells far away, of which one stays: its neighbors are elsewhere."""
    points = np.random.default_rng(3).normal(size=(60, 2))
    points[:5] += 1000
    part = np.r_[0, 5:60]
    near = neighbors.nearest(points, None, 4)
    assert neighbors._within(*near, part, 4) is None
    found = next(neighbors.nearest_of_parts(points, [part], 4))
    np.testing.assert_array_equal(found[1], neighbors.nearest(points[part], None, 4)[1])


def test_large_parts_share_one_search_and_small_ones_do_not(monkeypatch):
    points = np.random.default_rng(3).normal(size=(500, 3))
    searched = []
    search = neighbors.nearest

    def counted(cells, others, n):
        searched.append(len(cells))
        return search(cells, others, n)

    monkeypatch.setattr(neighbors, "nearest", counted)
    for size, expected in ((200, [500]), (199, [199] * 3)):
        searched.clear()
        list(neighbors.nearest_of_parts(points, drawn(500, size), 10))
        assert searched == expected


def moved(size, n=400, seed=5):
    """Cells in a plane, and the same after a few of them moved one way."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, 3))
    along = np.where(rng.random(n) < 0.3, rng.random(n), 0)
    return points, points + size * along[:, None] * np.array([0.6, 0.8, 0])


@pytest.mark.parametrize("size", [0.0, 0.05, 0.3, 1.0, 30.0])
@pytest.mark.parametrize("n", [400, 8])
def test_neighbors_after_a_move_equal_a_search(size, n):
    before, after = moved(size, n)
    found = neighbors.Neighborhood.of(before, 10).nearest(after, 10)
    expected = neighbors.nearest(after, None, 10)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_small_moves_need_no_search_and_large_ones_do(monkeypatch):
    before, little = moved(0.05)
    far = moved(30.0)[1]
    kept = neighbors.Neighborhood.of(before, 10)
    searched = []
    search = neighbors.nearest
    monkeypatch.setattr(
        neighbors, "nearest", lambda *given: searched.append(1) or search(*given)
    )
    kept.nearest(little, 10)
    assert not searched
    kept.nearest(far, 10)
    assert searched


def test_one_cell_that_moved_far_is_compared_with_all(monkeypatch):
    """It comes next to cells that were out of its reach."""
    before = np.random.default_rng(1).normal(size=(300, 3))
    before[0] = 30
    after = before.copy()
    after[0] = 0
    expected = neighbors.nearest(after, None, 5)
    kept = neighbors.Neighborhood.of(before, 5)
    # Every cell is open then, so all may be.
    monkeypatch.setattr(neighbors, "_MOST_OPEN", 1.0)
    found = kept.nearest(after, 5)
    np.testing.assert_array_equal(found[1], expected[1])


def test_equal_distances_are_left_to_the_search(monkeypatch):
    """On a grid the last neighbor is as far away as the next cell."""
    grid = np.stack(np.meshgrid(range(12), range(12)), axis=-1).reshape(-1, 2) * 1.0
    kept = neighbors.Neighborhood.of(grid, 3)
    searched = []
    search = neighbors.nearest
    monkeypatch.setattr(
        neighbors, "nearest", lambda *given: searched.append(1) or search(*given)
    )
    kept.nearest(grid, 3)
    assert searched
