"""Test gene sets along a ranking with GSEApy."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dtpscore._options.enrich import EnrichOptions
    from dtpscore._types import Net
    from dtpscore.signatures import Signature

_ENDINGS = ("_UP", "_DN")
_COLUMNS = {
    "ES": "es",
    "NES": "nes",
    "NOM p-val": "pvalue",
    "FDR q-val": "fdr",
    "FWER p-val": "fwer",
    "Lead_genes": "lead_genes",
}


def gene_sets(
    signatures: Sequence[Signature], net: Net, genes: Sequence[str]
) -> dict[str, list[str]]:
    """Gene sets of signatures in the names of the data.

    Parameters
    ----------
    signatures, net
        Signatures and where their genes are, in the same order.
    genes
        Names of the columns.

    Returns
    -------
    Up genes as ``NAME_UP`` and down genes as ``NAME_DN``, as in the GMT file that
    `dtpscore.signatures.write_gmt` writes; halves without genes are left out.
    """
    sets = {}
    for place, signature in enumerate(signatures):
        for half, ending in enumerate(_ENDINGS):
            first, last = net.offsets[2 * place + half : 2 * place + half + 2]
            if last > first:
                columns = net.genes[first:last]
                sets[signature.name + ending] = [genes[column] for column in columns]
    return sets


def run(ranking: pd.Series, sets: dict[str, list[str]], options: EnrichOptions) -> Any:
    """Run ``gseapy.prerank`` in memory; the result of GSEApy as it is.

    Parameters
    ----------
    ranking
        Statistic of each gene, indexed by gene.
    sets
        Genes of each set.
    options
        How to test.
    """
    import gseapy

    with _quiet():
        return gseapy.prerank(
            rnk=ranking,
            gene_sets=sets,
            outdir=None,
            no_plot=True,
            permutation_num=options.n_permutations,
            weight=options.weight,
            min_size=options.min_size,
            max_size=options.max_size,
            seed=options.seed,
            threads=1,
            verbose=False,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the log of GSEApy, which warns of ties that are in a fixed order here.

    Its logger has a new name in every call, so no filter can be put on it.
    """
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def tidy(result: pd.DataFrame, sets: dict[str, list[str]]) -> pd.DataFrame:
    """Bring the table of GSEApy into columns that data files can hold.

    Parameters
    ----------
    result
        ``res2d`` of GSEApy.
    sets
        Genes of each set.

    Returns
    -------
    One row per set, strongest first: ``term``, ``n_genes``, ``es``, ``nes``,
    ``pvalue``, ``fdr``, ``fwer`` and ``lead_genes``.
    """
    frame = result.rename(columns=_COLUMNS)
    numbers = ["es", "nes", "pvalue", "fdr", "fwer"]
    out = pd.DataFrame({"term": frame["Term"].astype(str)})
    out["n_genes"] = [len(set(sets[term])) for term in out["term"]]
    for name in numbers:
        out[name] = frame[name].astype(np.float64)
    out["lead_genes"] = frame["lead_genes"].astype(str)
    order = np.argsort(-out["nes"].abs().to_numpy(), kind="stable")
    return out.iloc[order].reset_index(drop=True)


def running_sum(
    ranking: NDArray[np.float64], member: NDArray[np.bool_], weight: float
) -> NDArray[np.float64]:
    """Compute the running enrichment score along a ranking, highest statistic first.

    Subramanian et al. 2005 (doi:10.1073/pnas.0506580102): a member adds the power of
    its statistic over the sum of these, any other gene subtracts 1 over their number.

    Parameters
    ----------
    ranking
        Statistic of each gene in descending order.
    member
        Whether the gene is in the set.
    weight
        Exponent of the statistic.
    """
    step = np.where(member, np.abs(ranking) ** weight, 0.0)
    miss = np.where(member, 0.0, 1.0 / np.count_nonzero(~member))
    return np.cumsum(step / step.sum() - miss)
