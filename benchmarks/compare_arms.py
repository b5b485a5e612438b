"""Error rates and power of the comparison of arms, with the truth known.

``python benchmarks/compare_arms.py`` prints the tables of ``compare_arms.md`` in long
form: one row per design, library difference and effect. The means of samples are drawn
as arrays. Libraries differ by 0.1 to 0.2 standard deviations of cells, as public ones
do, by more in some axes than in others, and partly in all axes together.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from dtpscore._compare.arms import FEWEST_AXES, compare_arm

N_AXES, N_MOVED, CELLS = 40, 10, 300
# How alike the library variances of axes are (as measured in public libraries), and
# the share of a library difference that all axes have in common.
ALIKE, COMMON = 4.7, 0.5


@dataclass(frozen=True)
class Design:
    """One kind of experiment."""

    name: str
    n_reference: int
    n_treated: int
    paired: bool = False
    wider: float = 1.0


DESIGNS = (
    Design("2 v 2", 2, 2),
    Design("3 v 3", 3, 3),
    Design("3 pairs", 3, 3, paired=True),
    Design("2 v 4", 2, 4),
    Design("4 v 4", 4, 4),
    Design("3 v 3, treated libraries differ twice as much", 3, 3, wider=2.0),
)


def draw(
    design: Design, library: float, effect: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Means of samples: libraries, patients, cells, and the effect in some axes."""
    treated = np.arange(design.n_reference + design.n_treated) >= design.n_reference
    n = len(treated)
    spread = library * np.sqrt(ALIKE / rng.chisquare(ALIKE, N_AXES))
    # Every second axis goes down with the common part of a library.
    sign = np.where(np.arange(N_AXES) % 2, -1.0, 1.0)
    means = np.sqrt(COMMON) * rng.standard_normal((n, 1)) * sign
    means += np.sqrt(1 - COMMON) * rng.standard_normal((n, N_AXES))
    means *= spread * np.where(treated, design.wider, 1.0)[:, None]
    means += rng.standard_normal((n, N_AXES)) / np.sqrt(CELLS)
    means[np.ix_(treated, np.arange(N_MOVED))] += effect
    if not design.paired:
        return means, treated, None
    pair = np.concatenate([np.arange(design.n_reference)] * 2)
    means += 0.5 * rng.standard_normal((design.n_reference, N_AXES))[pair]
    return means, treated, pair


def plain(means: np.ndarray, treated: np.ndarray, pair: np.ndarray | None) -> float:
    """Share of the moved axes that the plain t test finds at 5%."""
    few = FEWEST_AXES - 1
    found = compare_arm(means[:, :few], treated, pair)
    return float((found.pvalue <= 0.05).mean())


def one(
    design: Design, library: float, effect: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """Shares of axes of one experiment.

    Returns
    -------
    Moved axes with p at or below 0.05, the same by the plain t test, moved axes with q
    at or below 0.05, and the share of axes with such a q that did not move.
    """
    means, treated, pair = draw(design, library, effect, rng)
    found = compare_arm(means, treated, pair)
    moved = np.arange(N_AXES) < N_MOVED
    if effect == 0:
        moved[:] = True
    told = found.qvalue <= 0.05
    truth = moved if effect else ~moved
    return (
        float((found.pvalue[moved] <= 0.05).mean()),
        plain(means, treated, pair),
        float(told[moved].mean()),
        float((told & ~truth).sum() / max(told.sum(), 1)),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=1000)
    n = parser.parse_args().experiments
    rng = np.random.default_rng(1)
    print(
        "| samples | libraries differ by (SD) | effect (SD) | p at or below 0.05 | "
        "plain t test | q at or below 0.05 | false among these |"
    )
    print("|---|---|---|---|---|---|---|")
    for design in DESIGNS:
        for library in (0.1, 0.2):
            for effect in (0.0, 0.25, 0.5, 1.0):
                table = [one(design, library, effect, rng) for _ in range(n)]
                values = " | ".join(f"{x:.3f}" for x in np.mean(table, axis=0))
                print(f"| {design.name} | {library} | {effect} | {values} |")


if __name__ == "__main__":
    main()
