"""Clones: their fate, and what foretells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dtpscore.errors import DataError
from dtpscore.get._pick import check_kind
from dtpscore.get._records import lineage_record

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

KINDS = ("clones", "arms", "states", "cycling", "samples")


def lineages(
    adata: AnnData,
    *,
    kind: Literal["clones", "arms", "states", "cycling", "samples"] = "clones",
    key: str | None = None,
) -> pd.DataFrame:
    """Say what became of clones, whether replicates agree, and what foretold it.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.lineages`.
    kind
        Which frame: ``"clones"``, ``"arms"``, ``"states"``, ``"cycling"`` or
        ``"samples"``.
    key
        The ``key_added`` of that run; ``"dtp_lineages"`` by default.

    Returns
    -------
    A copy of the frame. `dtpscore.tl.lineages` describes all but ``"cycling"``, which
    has one row per arm: ``n_cells`` (persisters in clones with two or more of them),
    ``n_clones``, ``share`` (of these cells that cycle), ``only_cycling``,
    ``only_resting`` and ``both`` (clones), ``expected_both`` (if cycling had nothing to
    do with the clone), ``likeness`` (0: two persisters of one clone are no more alike
    than any two; 1: each clone is of one kind), ``pvalue``, and ``within``, what cells
    were exchanged within.

    Raises
    ------
    DataError
        There is no such result, or the frame could not be computed from these data.
    OptionError
        ``kind`` is none of these (a ValueError).

    See Also
    --------
    dtpscore.pl.lineages : A picture of these frames.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(
    ...     n_cells=900, n_genes=900, days=(14,), holiday_day=None, lineages=60
    ... )
    >>> dtp.tl.lineages(
    ...     adata, lineage_key="lineage", groupby="condition", reference="parental",
    ...     sample_key="sample", n_permutations=99,
    ... )
    >>> dtp.get.lineages(adata, kind="samples")["n_cells"].tolist()
    [150, 150, 150, 150, 150, 150]
    """
    check_kind(kind, KINDS)
    record = lineage_record(adata, key)
    frame: pd.DataFrame | None = getattr(record, kind)
    if frame is None:
        msg = (
            f"There is no frame of {kind} in this result. {' '.join(record.messages)}"
            if kind == "states"
            else "Cycling and resting persisters were not compared: the cells are not "
            "called and no cycling_key was given, or no clone has two persisters."
        )
        raise DataError(msg)
    return frame.copy()
