"""Runs in which there is nothing to find."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from calling_arrays import arrays, components_of, keys_of
from calling_data import LINES, SUBCLONES, held_out_runs, pool, read, score
from calling_methods import cells_of, prepare

import dtpscore as dtp
from dtpscore import _keys
from dtpscore._calling.cells import reference_units
from dtpscore._calling.group import call_group

if TYPE_CHECKING:
    from collections.abc import Iterator

    import anndata as ad

    from dtpscore._calling.cells import Cells
    from dtpscore._calling.features import Features

ALPHA = 0.05
DTP = ("DTP-like", "DTP-like cycling")


def run_call(adata: ad.AnnData, **choices: Any) -> dict[str, float]:
    """Run ``tl.call`` as a user would, and count."""
    arguments = {
        "groupby": "arm",
        "reference": "reference",
        "sample_key": "library",
        "check_reference": False,
        # Thinned replicates differ less than libraries of cells do.
        "check_replicates": False,
        **choices,
    }
    found = dtp.tl.call(adata, copy=True, **arguments)
    query = found.obs["arm"] == "query"
    called = found.obs.loc[query, _keys.QVALUE] <= ALPHA
    persister = found.obs.loc[query, _keys.CALL].isin(DTP)
    return {
        "any": float(called.any()),
        "any_dtp": float(persister.any()),
        "called": called.mean(),
        "dtp": persister.mean(),
        "small_p": (found.obs.loc[query, _keys.PVALUE] <= ALPHA).mean(),
    }


def with_arms(adata: ad.AnnData, query: np.ndarray, library: np.ndarray) -> ad.AnnData:
    """Copy with the columns ``arm`` and ``library``."""
    result = adata.copy()
    result.obs["arm"] = np.where(query, "query", "reference")
    result.obs["library"] = np.asarray(library).astype(str)
    return result


def plates() -> ad.AnnData:
    """Single cells of five untreated lines on three CEL-seq2 plates."""
    cells = read("sc_mixology_nsclc")
    keep = cells.obs["sample"].astype(str).str.contains("5cl")
    keep &= cells.obs["demuxlet_class"] == "SNG"
    return cells[keep.to_numpy()].copy()


def thin_rows(
    adata: ad.AnnData, rows: np.ndarray, share: float, seed: int
) -> ad.AnnData:
    """Copy with the counts of some cells thinned."""
    rng = np.random.default_rng(seed)
    # A copy: dropping zeros below would change the arrays of ``adata`` as well.
    counts = sp.csr_matrix(adata.X, copy=True)
    keep = np.repeat(np.where(rows, share, 1.0), np.diff(counts.indptr))
    data = rng.binomial(counts.data.astype(np.int64), keep)
    result = adata.copy()
    result.X = sp.csr_matrix((data, counts.indices, counts.indptr), counts.shape)
    result.X.eliminate_zeros()
    return result


def with_doublets(adata: ad.AnnData, rows: np.ndarray, seed: int) -> ad.AnnData:
    """Copy in which a fifth of some cells are sums with another one of them."""
    rng = np.random.default_rng(seed)
    pool_rows = np.flatnonzero(rows)
    chosen = rng.permutation(pool_rows)[: len(pool_rows) // 5]
    partner = rng.choice(pool_rows, len(chosen))
    move = sp.identity(adata.n_obs, format="lil")
    move[chosen, partner] = 1
    result = adata.copy()
    result.X = sp.csr_matrix(move.tocsr() @ sp.csr_matrix(adata.X))
    return result


def real_replicates() -> Iterator[dict[str, Any]]:
    """One real library of a state against the others."""
    cells = plates()
    library = cells.obs["sample"].astype(str).to_numpy()
    for one in np.unique(library):
        query = library == one
        arms = with_arms(cells, query, library)
        yield {"null": "CEL-seq2 plates", "run": one, **run_call(arms)}
        yield from shallow_queries(arms, query, "CEL-seq2 plates", one)
        double = with_doublets(arms, query, 0)
        name = "CEL-seq2 plates, doublets in the query"
        yield {"null": name, "run": one, **run_call(double)}
        resting = score(cells).proliferation
        keep = ~query | (resting < np.median(resting[query]))
        name = "CEL-seq2 plates, resting half as the query"
        yield {"null": name, "run": one, **run_call(arms[keep])}
    persisters = read("pc9_erlotinib_d11")
    library = persisters.obs["sample"].astype(str).to_numpy()
    for one in np.unique(library):
        arms = with_arms(persisters, library == one, library)
        name = "PC9 day 11, one library each (index)"
        yield {"null": name, "run": one, **run_call(arms)}


def thinned_replicates(
    contexts: tuple[str, ...], umi: int, *, draws: int = 1, shallow: bool = False
) -> Iterator[dict[str, Any]]:
    """Parental replicate against the other two, through ``tl.call`` itself.

    Every draw thins the profiles anew; the first is made shallow as well on request.
    """
    for context in contexts:
        for draw in range(1, draws + 1):
            cells = pool(context, umi, seed=draw)
            for run in held_out_runs(cells, 0.0, seed=10 + draw):
                part = cells[run.rows].copy()
                arms = with_arms(part, ~run.reference, run.sample)
                name = f"thinned parental replicate, {umi} UMI"
                label = f"{run.label} {draw}"
                yield {"null": name, "run": label, **run_call(arms)}
                if shallow and draw == 1:
                    yield from shallow_queries(arms, ~run.reference, name, label)


def shallow_queries(
    arms: ad.AnnData, query: np.ndarray, name: str, label: str
) -> Iterator[dict[str, Any]]:
    """Half of the query, and all of it, at 30% depth, with and without matching."""
    half = query & (np.arange(len(query)) % 2 == 0)
    for what, rows in (("half", half), ("all of the query", query)):
        shallow = thin_rows(arms, rows, 0.3, 0)
        for match in (True, False):
            null = f"{name}, {what} at 30% depth"
            null += "" if match else ", not matched"
            counted = run_call(shallow, match_depth=match)
            yield {"null": null, "run": label, **counted}


def split_cells(
    found: Features, placed: np.ndarray, library: np.ndarray, query: np.ndarray
) -> tuple[Cells, np.ndarray]:
    """Arrays of a call in which libraries are split into reference and query."""
    code = np.unique(
        [f"{name}{arm}" for name, arm in zip(library, query, strict=True)],
        return_inverse=True,
    )[1]
    index = reference_units(found.index, ~query)
    keys = keys_of(np.arange(len(query)))
    cells = arrays(
        found.values, placed, index, sample=code, reference=~query, keys=keys
    )
    return cells, index


def count_called(cells: Cells, _: np.ndarray) -> dict[str, float]:
    """Calls of one run on arrays; the direction is not asked."""
    found = call_group(cells, alpha=ALPHA)
    called = found.qvalue[~cells.reference] <= ALPHA
    small = (found.pvalue[~cells.reference] <= ALPHA).mean()
    return {
        "any": float(called.any()),
        "any_dtp": np.nan,
        "called": called.mean(),
        "dtp": np.nan,
        "small_p": small,
    }


def random_splits(n_splits: int) -> Iterator[dict[str, Any]]:
    """Halves of untreated cells: tests the code, not the calibration."""
    five = plates()
    blood = read("pbmc3k")
    drop = read("sc_mixology_nsclc")
    drop = drop[(drop.obs["sample"] == "sc_dropseq").to_numpy()].copy()
    groups = {
        "CEL-seq2, three plates": (five, five.obs["sample"]),
        "Drop-seq, one library": (drop, drop.obs["sample"]),
        "PBMC CD4 T, one library": (
            blood[blood.obs["cell_type"].astype(str).str.contains("CD4").to_numpy()],
            None,
        ),
        "PBMC monocytes, one library": (
            blood[(blood.obs["cell_type"] == "CD14+ Mono").to_numpy()],
            None,
        ),
        "PC9 day 11, two libraries": (
            (cells := read("pc9_erlotinib_d11")),
            cells.obs["sample"],
        ),
    }
    for name, (cells, sample) in groups.items():
        found = score(cells.copy())
        library = np.full(cells.n_obs, "a") if sample is None else sample.astype(str)
        code = np.unique(library, return_inverse=True)[1]
        keys = keys_of(np.arange(cells.n_obs))
        placed = components_of(sp.csr_matrix(cells.X), code, keys)
        for split in range(n_splits):
            rng = np.random.default_rng(split)
            query = rng.permutation(cells.n_obs) < cells.n_obs // 2
            split_up = split_cells(found, placed, np.asarray(library), query)
            null = f"random halves, {name}"
            yield {"null": null, "run": split, **count_called(*split_up)}


def random_gene_sets(contexts: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Parental replicates with random gene sets for features."""
    for context in contexts:
        cells = pool(context, 2000)
        scored = prepare(cells)
        found = scored.features
        scored = replace(scored, features=replace(found, values=found.random))
        for run in held_out_runs(cells, 0.0, seed=0):
            counted = count_called(*cells_of(scored, run))
            yield {"null": "random gene sets, 2000 UMI", "run": run.label, **counted}


def permuted_samples() -> Iterator[dict[str, Any]]:
    """Simulated day 14: labels exchanged between samples, three against three."""
    for seed in range(2):
        cells = dtp.datasets.simulate(
            n_cells=900, days=(14,), holiday_day=None, seed=seed
        )
        library = cells.obs["sample"].astype(str).to_numpy()
        names = np.unique(library)
        treated = {name for name in names if name.startswith("treated")}
        for chosen in combinations(names, 3):
            if len(set(chosen) & treated) in (0, 3):
                continue
            arms = with_arms(cells, np.isin(library, chosen), library)
            name = "labels permuted between samples (simulated)"
            yield {"null": name, "run": f"{seed} {chosen}", **run_call(arms)}


def all_nulls(*, short: bool) -> pd.DataFrame:
    """Every null, or a few of them."""
    if short:
        return pd.DataFrame(thinned_replicates(("SKMEL5",), 2000))
    contexts = LINES + SUBCLONES
    rows = [
        *thinned_replicates(contexts, 2000, draws=5, shallow=True),
        *thinned_replicates(contexts, 8000),
        *real_replicates(),
        *random_gene_sets(contexts),
        *permuted_samples(),
        *random_splits(200),
    ]
    return pd.DataFrame(rows)
