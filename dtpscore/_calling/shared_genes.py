"""Count a gene once among the axes that carry a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

METHOD = (
    "A gene that stands in signatures of several axes was counted once: axes were "
    "taken by the size of their contribution, the largest first, and the contribution "
    "of each was reduced by the share of its genes that an axis before it holds."
)


def gene_shares(
    parts: Sequence[float], genes: Sequence[Collection[str]]
) -> dict[str, float]:
    """Share of the contribution of one axis that rests on each of its genes.

    A signature is a mean over its genes, so its part is spread evenly over them. The
    size of a part counts and not its sign.

    Parameters
    ----------
    parts
        Contribution of each signature of the axis.
    genes
        Genes of each signature. A signature without genes shares none.

    Returns
    -------
    Share by gene. The shares add up to 1 where every signature has genes and some part
    is not 0, and to less otherwise.
    """
    total = float(np.abs(parts).sum())
    shares: dict[str, float] = {}
    for part, listed in zip(parts, genes, strict=True):
        # In one order: that of a set differs between processes, and sums with it.
        for gene in sorted(listed):
            more = abs(part) / total / len(listed) if total else 0.0
            shares[gene] = shares.get(gene, 0.0) + more
    return shares


def counted_once(
    parts: NDArray[np.float64],
    axis: Sequence[str],
    genes: Sequence[Collection[str]],
) -> dict[str, float]:
    """Contribution of each axis, in which a gene counts for one axis alone.

    Axes are taken one after the other. The next one is that whose contribution is the
    largest once the genes of the axes before it are taken off.

    Parameters
    ----------
    parts
        float64 (signatures,): contribution of each signature to the shift.
    axis
        Axis of each signature.
    genes
        Genes of each signature.

    Returns
    -------
    Contribution by axis, in the order in which the axes are taken. It has the sign of
    the sum of its parts and is at most as large.
    """
    names = list(dict.fromkeys(axis))
    places = {n: [i for i, own in enumerate(axis) if own == n] for n in names}
    whole = {name: float(parts[places[name]].sum()) for name in names}
    shares = {
        name: gene_shares(
            [float(parts[i]) for i in places[name]], [genes[i] for i in places[name]]
        )
        for name in names
    }
    taken: set[str] = set()
    found: dict[str, float] = {}
    left = names
    while left:
        now = {
            name: whole[name]
            * (1.0 - sum(s for gene, s in shares[name].items() if gene in taken))
            for name in left
        }
        first = max(left, key=lambda name: abs(now[name]))
        found[first] = now[first]
        taken |= shares[first].keys()
        left = [name for name in left if name != first]
    return found
