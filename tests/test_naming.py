"""The name of cells that moved, and the claim about whole groups."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dtpscore._calling import naming
from dtpscore._calling.features import Published
from dtpscore._calling.group_move import group_move
from dtpscore._calling.naming import Agreement, agreement, unexplained_rise
from dtpscore._calling.shared_genes import gene_shares


def test_the_rule_of_the_name():
    """Three quarters of five studies or more, and the index beyond 2."""
    assert Agreement(8, 6, 2.1).named
    assert not Agreement(8, 5, 9.0).named
    assert not Agreement(8, 8, 2.0).named
    assert not Agreement(4, 4, 9.0).named
    assert Agreement(5, 4, 9.0).named
    assert not naming.NOT_MOVED.named


def cells_with(rise, *, of_nuisance=0.0, n=400, seed=0):
    """Nine lists that rise, with cells of which the second half moved."""
    rng = np.random.default_rng(seed)
    moved = np.arange(n) >= n // 2
    nuisance = rng.normal(size=(n, 2)) + np.outer(moved, [of_nuisance, 0])
    values = rng.normal(size=(n, 9)) + nuisance[:, :1] + np.outer(moved, rise)
    random = rng.normal(size=(n, 40)) + 0.3 * np.outer(moved, rng.normal(size=40))
    index = rng.normal(size=n) + moved * max(rise)
    published = Published(values, tuple("abcdefghi"), nuisance)
    sample = (np.arange(n) // (n // 4)).astype(np.int64)
    return agreement(
        published, index, random, called=moved, reference=~moved, sample=sample
    )


def test_lists_that_rise_are_counted_by_study():
    found = cells_with([2.0] * 7 + [0.0] * 2)
    assert (found.n_studies, found.n_agree) == (9, 7)
    assert found.named
    assert not cells_with([2.0] * 5 + [0.0] * 4).named


def test_what_division_or_stress_explains_does_not_count():
    found = cells_with([0.0] * 9, of_nuisance=3.0)
    assert found.n_agree <= 2
    assert not found.named


def test_lists_of_one_study_have_one_vote():
    n = 200
    moved = np.arange(n) >= 100
    rng = np.random.default_rng(1)
    values = rng.normal(size=(n, 6)) + 3 * np.outer(moved, [1, 1, 1, 1, 1, 0])
    published = Published(values, ("a",) * 5 + ("b",), np.zeros((n, 1)))
    found = agreement(
        published,
        rng.normal(size=n),
        rng.normal(size=(n, 40)),
        called=moved,
        reference=~moved,
        sample=np.zeros(n, np.int64),
    )
    assert (found.n_studies, found.n_agree) == (2, 1)


def test_the_rise_equals_a_regression_by_hand():
    rng = np.random.default_rng(2)
    n = 120
    sample = np.repeat([0, 1, 2], 40)
    reference, called = sample < 2, (sample == 2) & (np.arange(n) % 2 == 0)
    nuisance = rng.normal(size=(n, 1)) + sample[:, None]
    values = 2 * nuisance + rng.normal(size=(n, 1)) + 3 * called[:, None]
    found = unexplained_rise(
        values, nuisance, called=called, reference=reference, sample=sample
    )
    x = np.concatenate(
        [nuisance[sample == s] - nuisance[sample == s].mean() for s in (0, 1)]
    )
    y = np.concatenate(
        [values[sample == s] - values[sample == s].mean() for s in (0, 1)]
    )
    slope = float((x * y).sum() / (x**2).sum())

    def gap(of):
        means = [of[sample == s].mean() for s in (0, 1)]
        return of[called].mean() - np.mean(means)

    assert found[0] == pytest.approx(gap(values) - slope * gap(nuisance))


def test_the_stated_rates_are_those_of_the_benchmark(repository):
    path = repository / "benchmarks" / "naming.md"
    if not path.is_file():
        pytest.skip("benchmarks are in the repository only, and are not here")
    text = path.read_text(encoding="utf-8")
    for words, rate in (
        ("within one line or cell type", naming.WITHIN),
        ("between lines or cell types", naming.BETWEEN),
    ):
        row = re.search(rf"\*\*{words}\*\* \| (\d+) \| (\d+) ", text)
        assert row is not None
        assert (int(row[2]), int(row[1])) == (rate.named, rate.shifts)
    row = re.search(r"persisters \| (\d+) \| (\d+) ", text)
    assert (int(row[2]), int(row[1])) == (
        naming.PERSISTERS.named,
        naming.PERSISTERS.shifts,
    )
    said = naming.rate_in_words()
    assert "8 of 186 (4%; up to 8% with 95% confidence)" in said
    assert "3 are named" in said


def moved_groups(move, *, n_reference=3, n_treated=3, library=0.15, seed=0):
    rng = np.random.default_rng(seed)
    n = n_reference + n_treated
    sample = np.repeat(np.arange(n), 60)
    values = (
        rng.normal(size=(len(sample), 50)) + library * rng.normal(size=(n, 50))[sample]
    )
    reference = sample < n_reference
    values[~reference] += move * rng.choice([-1, 1], 50)
    pair = np.full(len(sample), "all")
    return group_move(values, sample, reference, pair)


def test_a_move_of_the_group_is_found_and_measured():
    found = moved_groups(0.6)
    assert found.pvalue < 0.01
    assert found.low < 0.6 < found.high
    assert "the group moved as a whole" in found.sentence(0.05)
    assert not found.assumed


def test_no_move_is_seldom_found():
    hits = [moved_groups(0.0, seed=seed).pvalue <= 0.05 for seed in range(40)]
    # At a true rate of 5% more than 6 of 40 come about once in 100.
    assert sum(hits) <= 6
    assert "do not show" in moved_groups(0.0).sentence(0.05)


def test_one_sample_in_each_arm_rests_on_an_assumption():
    found = moved_groups(0.6, n_reference=1, n_treated=1)
    assert found.assumed
    assert "assumed from public replicate libraries, not measured here" in (
        found.sentence(0.05)
    )


def test_shares_of_genes_do_not_depend_on_the_order_of_a_set():
    """Sums of floats follow the order, and that of a set differs between processes."""
    genes = [f"G{n}" for n in range(300)]
    parts = [0.1, 0.7, 0.3]
    lists = [genes[:200], genes[100:], genes[50:250]]
    forward = gene_shares(parts, lists)
    backward = gene_shares(parts, [one[::-1] for one in lists])
    assert list(forward) == list(backward)
    assert forward == backward
