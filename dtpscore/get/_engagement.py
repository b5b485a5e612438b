"""Whether the target was hit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dtpscore.errors import OptionError
from dtpscore.get._records import engagement_record

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


def engagement(
    adata: AnnData,
    *,
    kind: Literal["arms", "samples"] = "arms",
    key: str | None = None,
) -> pd.DataFrame:
    """Say whether the output of the pathway that the drug hits fell, by arm or sample.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.engagement`.
    kind
        ``"arms"`` or ``"samples"``.
    key
        The ``key_added`` of that run; ``"dtp_engagement"`` by default.

    Returns
    -------
    A copy of the frame, as `dtpscore.tl.engagement` describes it.

    Raises
    ------
    DataError
        There is no such result.
    OptionError
        ``kind`` is neither of the two (a ValueError).

    See Also
    --------
    dtpscore.pl.engagement : A picture of these frames.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.score(adata)
    >>> dtp.tl.engagement(
    ...     adata, pathway="mapk_output", groupby="condition", reference="parental",
    ...     sample_key="sample",
    ... )
    >>> len(dtp.get.engagement(adata, kind="samples"))
    15
    """
    if kind not in ("arms", "samples"):
        msg = f"kind must be arms or samples, not {kind!r}."
        raise OptionError(msg)
    record = engagement_record(adata, key)
    frame: pd.DataFrame = record.arms if kind == "arms" else record.samples
    return frame.copy()
