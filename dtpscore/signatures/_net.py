"""Signatures from the long table that decoupler reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore.errors import SignatureError
from dtpscore.signatures._own import GeneSet, Notes, finished, is_missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dtpscore._types import Species
    from dtpscore.signatures._model import Signature


def _column(columns: Mapping[str, str], name: str) -> str:
    if name.lower() in columns:
        return columns[name.lower()]
    there = ", ".join(map(repr, columns.values())) or "none"
    msg = (
        f"A net has one row per gene and set, with the columns 'source' (set), "
        f"'target' (gene) and, if there are weights, 'weight'. This frame has no "
        f"column {name!r}; its columns are {there}. Name them with "
        "dtpscore.signatures.from_net(frame, source=..., target=...)."
    )
    raise SignatureError(msg)


def from_net(
    net: Any,
    *,
    source: str = "source",
    target: str = "target",
    weight: str = "weight",
    species: Species | None = None,
) -> list[Signature]:
    """Signatures from the long table that decoupler reads, the reverse of `to_net`.

    Parameters
    ----------
    net
        Data frame with one row per gene and set.
    source, target, weight
        Columns with the set, the gene and its weight, in any case. Without a column of
        weights every weight is 1. A negative weight makes a down gene.
    species
        ``"human"`` or ``"mouse"``: species of the gene names. It is told from the
        names by default.

    Returns
    -------
    One signature per set, in the order of their first rows.

    Raises
    ------
    SignatureError
        A column is missing, or no set has a gene.

    Warns
    -----
    InputWarning
        A set or a gene is left out; see `from_dict`.

    See Also
    --------
    dtpscore.signatures.to_net : The reverse.
    dtpscore.signatures.from_dict : The same from a dictionary.

    Examples
    --------
    >>> import pandas as pd
    >>> import dtpscore as dtp
    >>> net = pd.DataFrame(
    ...     {"source": ["a", "a"], "target": ["VIM", "CDH1"], "weight": [1, -0.5]}
    ... )
    >>> dtp.signatures.from_net(net)[0].genes.down
    ('CDH1',)
    """
    columns = {str(name).lower(): name for name in net.columns}
    sets = net[_column(columns, source)]
    genes = net[_column(columns, target)]
    if weight.lower() in columns or weight != "weight":
        weights = net[_column(columns, weight)].astype(float)
    else:
        weights = [1.0] * len(net)
    found: dict[str, GeneSet] = {}
    for name, gene, number in zip(sets, genes, weights, strict=True):
        if isinstance(gene, str) and not is_missing(name):
            of_set = found.setdefault(str(name), GeneSet(str(name), []))
            of_set.genes.append((gene.strip(), float(number)))
    return finished(list(found.values()), Notes("The net"), species=species)
