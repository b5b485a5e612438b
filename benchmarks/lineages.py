"""Error rates and power of the tests of clones, with the truth known.

Clones and cells are drawn as arrays, without genes: sizes are log-normal, each clone
has a state before the drug that its cells share in part, and treated replicates drift.
``python benchmarks/lineages.py`` prints the tables of ``lineages.md``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from dtpscore._lineages.cycling import within_clones
from dtpscore._lineages.fate import clone_means, foretell
from dtpscore._lineages.survival import change, drift, inherited


@dataclass(frozen=True)
class World:
    """How clones behave: see `dtpscore.datasets.simulate`."""

    n_clones: int = 300
    before: int = 1500
    after: int = 1500
    replicates: int = 3
    likeness: float = 0.5  # share of the variance of the state between clones
    fate: float = 0.0
    fitness: float = 0.5
    drift: float = 0.3
    cycling: float = 0.0


@dataclass(frozen=True)
class Drawn:
    """One experiment."""

    state: np.ndarray  # of each untreated cell
    clone: np.ndarray  # of each untreated cell
    before: np.ndarray  # (clones,)
    after: np.ndarray  # (clones, replicates)


def draw(world: World, rng: np.random.Generator) -> Drawn:
    """Draw one experiment."""
    size = np.exp(rng.standard_normal(world.n_clones))
    inner = rng.standard_normal(world.n_clones)
    clone = rng.choice(world.n_clones, world.before, p=size / size.sum())
    part = np.sqrt([world.likeness, 1 - world.likeness])
    state = part[0] * inner[clone] + part[1] * rng.standard_normal(world.before)
    growth = world.fate * inner + world.fitness * rng.standard_normal(world.n_clones)
    after = np.empty((world.n_clones, world.replicates), int)
    for column in range(world.replicates):
        noise = world.drift * rng.standard_normal(world.n_clones)
        weight = size * np.exp(growth + noise)
        after[:, column] = rng.multinomial(world.after, weight / weight.sum())
    before = np.bincount(clone, minlength=world.n_clones)
    return Drawn(state, clone, before, after)


def fate_pvalues(drawn: Drawn, n_permutations: int, seed: int) -> tuple[float, float]:
    """p-value with the clone as the unit, and with the cell as the unit."""
    means = clone_means(drawn.state[:, None], drawn.clone, len(drawn.before))
    seen = drawn.before > 0
    share = (drawn.after.sum(axis=1) + 0.5) / (drawn.before + 0.5)
    fate = np.log(share)
    own = foretell(
        means[seen],
        fate[seen],
        drawn.before[seen],
        np.zeros(int(seen.sum()), np.int64),
        n_permutations=n_permutations,
        seed=seed,
    )
    by_cell = stats.spearmanr(drawn.state, fate[drawn.clone]).pvalue
    return float(own.pvalue[0]), float(by_cell)


def fates(world: World, n: int, seed: int) -> tuple[float, float]:
    """Share of experiments with p <= 0.05: clones, cells."""
    rng = np.random.default_rng(seed)
    found = [fate_pvalues(draw(world, rng), 499, k) for k in range(n)]
    return tuple((np.array(found) <= 0.05).mean(axis=0))


def changes(world: World, n: int, seed: int) -> tuple[float, float]:
    """Share of clones called changed at p <= 0.05: with drift, and from cells alone."""
    rng = np.random.default_rng(seed)
    hits, total = np.zeros(2), 0
    for _ in range(n):
        one = draw(world, rng)
        after, seen = one.after.sum(axis=1), one.before > 4
        totals = int(after.sum()), int(one.before.sum())
        spread = drift(one.after) / world.replicates
        for place, value in enumerate((spread, 0.0)):
            found = change(after, one.before, totals=totals, spread=value)
            hits[place] += (found.pvalue[seen] <= 0.05).sum()
        total += int(seen.sum())
    return tuple(hits / total)


def selections(world: World, n: int, seed: int) -> tuple[float, float, float]:
    """Median of the variance; share of intervals above 0; share that hold the truth."""
    rng = np.random.default_rng(seed)
    # A clone of relative fitness exp(f) changes by exp(f) / mean - 1.
    f = world.fitness**2 + world.fate**2
    truth = np.exp(f) - 1
    rows = []
    for k in range(n):
        one = draw(world, rng)
        found = inherited(one.after, one.before, n_draws=400, seed=k)
        rows.append((found.variance, found.low > 0, found.low <= truth <= found.high))
    table = np.array(rows)
    return float(np.nanmedian(table[:, 0])), table[:, 1].mean(), table[:, 2].mean()


def cyclings(world: World, n: int, seed: int) -> tuple[float, float]:
    """Share of experiments with p <= 0.05, and the mean likeness."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        one = draw(world, rng)
        clone = np.repeat(np.arange(world.n_clones), one.after[:, 0])
        chance = np.full(world.n_clones, 0.2)
        if world.cycling:
            total = 1 / world.cycling - 1
            chance = rng.beta(total * 0.2, total * 0.8, world.n_clones)
        kind = rng.random(len(clone)) < chance[clone]
        found = within_clones(
            kind, clone, np.zeros_like(clone), n_permutations=199, seed=k
        )
        rows.append((found.pvalue <= 0.05, found.likeness))
    return tuple(np.mean(rows, axis=0))


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=400)
    n = parser.parse_args().experiments
    base = World()
    print(f"{n} experiments per row\n")
    print("| fate per state | clones | cells before | clone as unit | cell as unit |")
    print("|---|---|---|---|---|")
    for fate in (0.0, 0.2, 0.4, 0.8):
        for clones, before in ((100, 500), (300, 1500), (1000, 1500)):
            world = replace(base, n_clones=clones, before=before, fate=fate)
            by_clone, by_cell = fates(world, n, 1)
            print(f"| {fate} | {clones} | {before} | {by_clone:.3f} | {by_cell:.3f} |")
    print("\n| drift | clones changed, drift measured | cells alone |\n|---|---|---|")
    for size in (0.0, 0.3, 0.6):
        with_drift, alone = changes(replace(base, fitness=0.0, drift=size), n // 4, 2)
        print(f"| {size} | {with_drift:.3f} | {alone:.3f} |")
    print("\n| fitness | replicates | cells | found | truth | above 0 | holds truth |")
    print("|---|---|---|---|---|---|---|")
    for fitness in (0.0, 0.3, 0.6):
        for replicates, cells in ((2, 500), (3, 1500)):
            world = replace(
                base, fitness=fitness, replicates=replicates, before=cells, after=cells
            )
            middle, above, holds = selections(world, n, 3)
            truth = np.exp(fitness**2) - 1
            print(
                f"| {fitness} | {replicates} | {cells} | {middle:.3f} | {truth:.3f} | "
                f"{above:.3f} | {holds:.3f} |"
            )
    print("\n| likeness of a clone | p <= 0.05 | likeness found |\n|---|---|---|")
    for cycling in (0.0, 0.05, 0.2):
        power, likeness = cyclings(replace(base, cycling=cycling), n // 2, 4)
        print(f"| {cycling} | {power:.3f} | {likeness:.3f} |")


if __name__ == "__main__":
    main()
