"""Error rates and power of ``tl.compare`` on genes.

    python benchmarks/compare_genes.py     about a minute on one core

Bulk samples are simulated with the truth known, and real samples that differ by nothing
but chance are compared: replicates of melanoma lines, and plates of one mixture of
cells. The tables go to ``compare_genes.md``. The data folder is found through
DTPSCORE_DATA_DIR.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import programs

import dtpscore as dtp

if TYPE_CHECKING:
    import anndata as ad
    import pandas as pd

HERE = Path(__file__).parent
N_GENES, N_MOVED, N_EXPERIMENTS = 3000, 300, 60
DESIGNS = {
    "2 v 2": (2, {}),
    "3 v 3": (3, {}),
    "6 v 6": (6, {}),
    "2 pairs": (2, {"pair_key": "pair"}),
    "3 pairs": (3, {"pair_key": "pair"}),
    "4 v 4, one covariate": (4, {"covariates": "run"}),
}
TEXT = """# Comparison of genes: error rates and power

Made by `python benchmarks/compare_genes.py`. The test is that of `tl.compare` with
`features="genes"`: log2 counts per million of samples, variances moderated among genes
of like expression.

## Simulated samples

{n_genes} genes with {n_experiments} experiments per row. Genes vary between samples by
0.1 or 0.25 in natural logarithms, unlike each other (6 degrees of freedom). Pairs are
patients that differ by 1, and a covariate is a batch that moves half of the genes
four-fold. In rows with an effect, {n_moved} genes are twice or half as high.

- **p at or below 0.05, 0.001**: share of genes without an effect.
- **false genes**: mean number of genes without an effect with q at or below 0.05.
- **found**: share of the genes with an effect that have such a q; **false among these**
  is the mean share of the others among all that have it.

{simulated}

One gene in twenty has p at or below 0.05 in every design. Far out in the tail, two
samples or two pairs give up to three times as many small p-values as they should: a
gene that is found with two pairs needs a second experiment.

## Real samples without a difference

Replicates of four melanoma lines are compared in pairs (one replicate of each line in
either arm, untreated or persisters), and plates of one mixture of cells two against
two.

{real}
"""


def made(
    n: int, *, noise: float, effect: bool, more: dict[str, str], seed: int
) -> ad.AnnData:
    """Samples of two arms, in pairs or with a batch where the design says so."""
    rng = np.random.default_rng(seed)
    base = np.log(rng.gamma(0.7, 150, N_GENES) + 5)
    spread = noise * np.sqrt(6 / rng.chisquare(6, N_GENES))
    log = base + spread * rng.standard_normal((2 * n, N_GENES))
    pair = np.arange(2 * n) % n
    if "pair_key" in more:
        log += rng.standard_normal((n, N_GENES))[pair]
    late = pair >= n // 2
    if "covariates" in more:
        log[np.ix_(late, np.arange(0, N_GENES, 2))] += np.log(4)
    if effect:
        sign = np.where(np.arange(N_MOVED) % 2, 1, -1)
        log[n:, :N_MOVED] += np.log(2) * sign
    genes = [f"G{k}" for k in range(N_GENES)]
    counts = rng.poisson(np.exp(log))
    adata = programs.of_counts(counts, genes, np.arange(2 * n) >= n, pair)
    adata.obs["run"] = np.where(late, "late", "early")
    return adata


def tested(adata: ad.AnnData, **more: Any) -> pd.DataFrame:
    given = {**programs.DESIGN, "features": "genes", **more}
    return dtp.get.compare(dtp.tl.compare(adata, copy=True, **given))


def null_row(tables: list[pd.DataFrame]) -> list[str]:
    """Shares of small p-values, and how many genes are found, without any effect."""
    shares = [
        np.mean([(one["pvalue"] <= level).mean() for one in tables])
        for level in (0.05, 0.001)
    ]
    false = [int((one["qvalue"] <= 0.05).sum()) for one in tables]
    return [*(f"{one:.4f}" for one in shares), f"{np.mean(false):.2f}"]


def power_row(tables: list[pd.DataFrame]) -> list[str]:
    """Share of the moved genes that are found, and of false ones among the found."""
    found, false = [], []
    for one in tables:
        moved = one["axis"].str[1:].astype(int) < N_MOVED
        told = one["qvalue"] <= 0.05
        found.append((told & moved).sum() / moved.sum())
        false.append((told & ~moved).sum() / max(told.sum(), 1))
    return [f"{np.mean(found):.3f}", f"{np.mean(false):.3f}"]


def simulated() -> str:
    lines: list[list[object]] = []
    for name, (n, more) in DESIGNS.items():
        for noise in (0.1, 0.25):
            given = {"noise": noise, "more": more}
            runs = [
                [
                    tested(made(n, effect=effect, seed=seed, **given), **more)
                    for seed in range(N_EXPERIMENTS)
                ]
                for effect in (False, True)
            ]
            lines.append([name, noise, *null_row(runs[0]), *power_row(runs[1])])
    head = ["samples", "genes vary by", "p at or below 0.05", "0.001", "false genes"]
    return programs.as_table([*head, "found", "false among these"], lines)


def real() -> str:
    kinds: dict[str, list[pd.DataFrame]] = {}
    for _, adata, more in programs.replicates():
        paired = {"pair_key": "pair"} if "pair_key" in more else {}
        kind = "4 pairs of replicates" if paired else "plates, 2 v 2"
        kinds.setdefault(kind, []).append(tested(adata, **paired))
    lines: list[list[object]] = [
        [kind, len(tables), *null_row(tables)] for kind, tables in kinds.items()
    ]
    head = ["samples", "comparisons", "p at or below 0.05", "0.001", "false genes"]
    return programs.as_table(head, lines)


def main() -> None:
    logging.disable(logging.INFO)
    text = TEXT.format(
        n_genes=f"{N_GENES:,}",
        n_experiments=N_EXPERIMENTS,
        n_moved=N_MOVED,
        simulated=simulated(),
        real=real(),
    )
    (HERE / "compare_genes.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
