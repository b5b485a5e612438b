"""What could be tried, and on what evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dtpscore.errors import DataError
from dtpscore.get._pick import check_kind, rows_with
from dtpscore.get._records import vulnerability_record

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

KINDS = ("table", "axes", "genes", "drugs")


def vulnerabilities(
    adata: AnnData,
    *,
    kind: Literal["table", "axes", "genes", "drugs"] = "table",
    group: str | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """List published vulnerabilities by arm, with what speaks for and against each.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.vulnerabilities`.
    kind
        ``"table"`` for the vulnerabilities, ``"axes"`` for the moves of axes,
        ``"genes"`` for the target genes, ``"drugs"`` for your own drug signatures.
    group
        Group to keep. By default all are kept.
    key
        The ``key_added`` of that run; ``"dtp_vulnerabilities"`` by default.

    Returns
    -------
    A copy of the frame, as `dtpscore.tl.vulnerabilities` describes it.

    Raises
    ------
    DataError
        There is no such result or group, or no drug signatures were given.
    OptionError
        ``kind`` is none of these (a ValueError).

    See Also
    --------
    dtpscore.signatures.vulnerabilities : The published table alone.
    dtpscore.pl.vulnerabilities : A picture of the target genes.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=3000, seed=0)
    >>> dtp.tl.vulnerabilities(
    ...     adata, groupby="condition", reference="parental", sample_key="sample"
    ... )
    >>> int(dtp.get.vulnerabilities(adata)["rank"].iloc[0])
    1
    """
    check_kind(kind, KINDS)
    frame: pd.DataFrame | None = getattr(vulnerability_record(adata, key), kind)
    if frame is None:
        msg = (
            "No drug signatures were given: run dtpscore.tl.vulnerabilities(drugs=...)."
        )
        raise DataError(msg)
    return rows_with(frame, {"group": group})
