"""Find the record that a step has left in ``uns``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import _keys
from dtpscore._results.elements import check_anndata
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData


class Fields:
    """A record read by attribute. A field that the step did not write is None.

    Parameters
    ----------
    entry
        What the step has left in ``uns``.
    """

    def __init__(self, entry: dict[str, Any]) -> None:
        self._entry = entry

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = self._entry.get(name)
        return Fields(value) if isinstance(value, dict) else value

    def texts(self, name: str) -> list[str]:
        """Sentences of a field; an empty list where there are none."""
        value = self._entry.get(name)
        return [] if value is None else [str(text) for text in value]


def _find(
    adata: AnnData, key: str, *, what: str, step: str, holds: str | None = None
) -> Fields:
    """Record under a key of ``uns``.

    Parameters
    ----------
    adata
        Data with the result.
    key
        Key of the record.
    what, step
        The result in words, and the function of ``dtpscore.tl`` that makes it.
    holds
        Field by which the record is known. Without it, a column of ``obs`` with the
        name of the record must exist.

    Raises
    ------
    DataError
        There is no such result.
    """
    check_anndata(adata)
    found = adata.uns.get(key)
    if isinstance(found, dict) and (holds in found if holds else key in adata.obs):
        return Fields(found)
    msg = f"No {what} under {key!r}. Run dtpscore.tl.{step} first."
    raise DataError(msg)


def call_record(adata: AnnData, key: str | None = None) -> Fields:
    """Record of `dtpscore.tl.call`; a DataError where the cells were not called."""
    return _find(adata, key or _keys.CALL, what="calls", step="call")


def order_record(adata: AnnData, key: str | None = None) -> Fields:
    """Record of `dtpscore.tl.pseudotime`; a DataError where there is no order."""
    return _find(adata, key or _keys.PSEUDOTIME, what="order", step="pseudotime")


def trends_record(adata: AnnData, key: str | None = None) -> Fields:
    """Record of `dtpscore.tl.trends`; a DataError where there are no trends."""
    key = key or _keys.TRENDS
    return _find(adata, key, what="trends", step="trends", holds="curves")


def enrich_record(adata: AnnData, key: str | None = None) -> Fields:
    """Record of `dtpscore.tl.enrich`; a DataError where nothing was tested."""
    key = key or _keys.ENRICHMENT
    return _find(adata, key, what="enrichment", step="enrich", holds="members")


def has_calls(adata: AnnData, key: str | None = None) -> bool:
    """Whether the cells were called."""
    key = key or _keys.CALL
    return key in adata.obs and isinstance(adata.uns.get(key), dict)


def has_order(adata: AnnData, key: str | None = None) -> bool:
    """Whether the cells were ordered."""
    key = key or _keys.PSEUDOTIME
    return key in adata.obs and isinstance(adata.uns.get(key), dict)


def methods(adata: AnnData, key: str) -> list[str]:
    """Sentences for a methods section that the step of a record wrote, if any."""
    found = adata.uns.get(key)
    return Fields(found).texts("methods") if isinstance(found, dict) else []
