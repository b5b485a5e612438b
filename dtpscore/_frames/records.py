"""Find the record of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore._results.elements import check_anndata
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData


def find(
    adata: AnnData, key: str, *, what: str, step: str, holds: str | None = None
) -> dict[str, Any]:
    """Return the record of a result in ``uns``.

    Parameters
    ----------
    adata
        Data with the result.
    key
        Key of the record.
    what, step
        The result in words, and the function of ``dtpscore.tl`` that makes it.
    holds
        Entry of the record by which the result is known; without it, a column of
        ``obs`` of the name of the record.

    Raises
    ------
    DataError
        There is no such result.
    """
    check_anndata(adata)
    found = adata.uns.get(key)
    if isinstance(found, dict) and (holds in found if holds else key in adata.obs):
        return found
    msg = f"No {what} under {key!r}. Run dtpscore.tl.{step} first."
    raise DataError(msg)
