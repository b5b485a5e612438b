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
