"""Error rates and power of the tests behind three questions, with the truth known.

``python benchmarks/questions.py`` prints the tables of ``questions.md``. Values are
drawn as arrays: libraries differ by 0.1 standard deviations, as public ones do.
"""

from __future__ import annotations

import argparse

import numpy as np

from dtpscore._engagement import hits
from dtpscore._resistance import evidence
from dtpscore._statistics.samples import claim_group
from dtpscore._vulnerabilities.moves import (
    against_like_genes,
    claims,
    signature_values,
)

LIBRARY = 0.1
CELLS = 300


def drug(change: float, n: int, rng: np.random.Generator) -> float:
    """Share of reversed signatures that are found: n samples in each arm."""
    treated = np.arange(2 * n) >= n
    base = rng.uniform(2, 10, 2000)
    profiles = base + 0.4 * rng.standard_normal((2 * n, 2000))
    up, down = np.arange(0, 50), np.arange(50, 100)
    profiles[np.ix_(treated, up)] -= change
    profiles[np.ix_(treated, down)] += change
    values = signature_values(against_like_genes(profiles, ~treated), up, down)
    return float(claims(values[:, None], treated, None).pvalue[0])


def engaged(shift: float, share: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """p-value of the arm, and share of cells that count as hit."""
    sample = np.repeat(np.arange(2 * n), CELLS)
    output = LIBRARY * rng.standard_normal(2 * n)[sample]
    output += rng.standard_normal(len(sample))
    treated = sample >= n
    output[treated] += shift * (rng.random(int(treated.sum())) < share)
    means = np.array([output[sample == one].mean() for one in range(2 * n)])
    claim = claim_group(means, np.arange(2 * n) >= n)
    own = ~treated
    level = hits.limit(output[own], sample[own], 0.05)
    return np.array([claim.pvalue, (output[treated] <= level).mean()])


def side(difference: float, n: int, rng: np.random.Generator) -> str:
    """Side that the cycling of late samples speaks for."""
    spread = np.sqrt(LIBRARY**2 + 1 / CELLS)
    both = spread * rng.standard_normal((2, n))
    return evidence.divides(
        evidence.Arms(both[0] + difference, both[1]), 0.05
    ).speaks_for


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=1000)
    n = parser.parse_args().experiments
    rng = np.random.default_rng(1)
    print("| drug signature: log2 change | 2 v 2 | 3 v 3 | 4 v 4 |\n|---|---|---|---|")
    for change in (0.0, 0.1, 0.2):
        found = [
            np.mean([drug(change, k, rng) <= 0.05 for _ in range(n // 2)])
            for k in (2, 3, 4)
        ]
        print(f"| {change} | " + " | ".join(f"{one:.3f}" for one in found) + " |")
    print(
        "\n| shift of hit cells | share hit | arm fell (3 v 3) | cells counted as hit |"
    )
    print("|---|---|---|---|")
    for shift, share in ((0.0, 0.0), (-1.0, 0.5), (-2.0, 0.5), (-2.0, 1.0)):
        table = np.array([engaged(shift, share, 3, rng) for _ in range(n)])
        print(
            f"| {shift} | {share} | {(table[:, 0] <= 0.05).mean():.3f} | "
            f"{table[:, 1].mean():.3f} |"
        )
    print("\n| slow cycling of late cells | persister | neither | resistant |")
    print("|---|---|---|---|")
    for difference in (-0.5, 0.0, 0.25, 0.5, 1.0):
        sides = [side(difference, 3, rng) for _ in range(n)]
        shares = [
            sides.count(one) / n
            for one in (evidence.PERSISTER, evidence.NEITHER, evidence.RESISTANT)
        ]
        row = " | ".join(f"{one:.3f}" for one in shares)
        print(f"| {difference} | {row} |")


if __name__ == "__main__":
    main()
