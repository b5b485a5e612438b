"""What a step wrote into an AnnData."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dtpscore._results.elements import Element, Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData

_SLOTS = ("obs", "obsm", "obsp", "uns")


def stored(slot: str, value: Any) -> Any:
    """Values of an ``obs`` column without its index; other entries as they are."""
    if slot != "obs":
        return value
    return value.to_numpy() if isinstance(value.dtype, np.dtype) else value.array


def snapshot(adata: AnnData) -> dict[tuple[str, str], Any]:
    """Every entry that a step might replace, by slot and key."""
    return {
        (slot, str(key)): getattr(adata, slot)[key]
        for slot in _SLOTS
        for key in getattr(adata, slot)
    }


def _same(slot: str, before: Any, after: Any) -> bool:
    # obs hands out a new series each time; the other slots the object itself.
    return bool(before.equals(after)) if slot == "obs" else before is after


def changes(
    before: Mapping[tuple[str, str], Any], after: Mapping[tuple[str, str], Any]
) -> list[Element]:
    """Entries that are new or replaced, in their order, then those gone (None)."""
    found = [
        Element(cast("Slot", slot), key, stored(slot, value))
        for (slot, key), value in after.items()
        if (slot, key) not in before or not _same(slot, before[slot, key], value)
    ]
    gone = [
        Element(cast("Slot", slot), key, None)
        for slot, key in before
        if (slot, key) not in after
    ]
    return [*found, *gone]
