"""Compression that HDF5 knows through plugins alone, such as zstd and blosc."""

from __future__ import annotations

from importlib import import_module, util
from typing import Any

import h5py


def load_plugins() -> None:
    """Make the filters of hdf5plugin known to HDF5, where that package is installed."""
    if util.find_spec("hdf5plugin") is not None:
        import_module("hdf5plugin")


def missing_filter(stored: Any) -> str:
    """Name of a filter that a stored part needs and HDF5 does not have; or ``""``."""
    if isinstance(stored, h5py.Group):
        # Comes to each object once, also where groups hold each other.
        return stored.visititems(lambda _, one: missing_filter_of(one) or None) or ""
    return missing_filter_of(stored)


def missing_filter_of(array: Any) -> str:
    """Name of a filter that one array needs and HDF5 does not have; or ``""``."""
    if not isinstance(array, h5py.Dataset):
        return ""
    made = array.id.get_create_plist()
    for number in range(made.get_nfilters()):
        code, _, _, name = made.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            # Some plugins add where they are described.
            called = name.decode(errors="replace").partition(";")[0]
            return called or f"filter {code}"
    return ""
