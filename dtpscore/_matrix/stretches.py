"""Read an array on disk a stretch at a time, for readers that go from front to back."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Values of a stretch: few calls into the library of the file, and little memory.
_VALUES = 2_000_000


class Stretches:
    """An array on disk of which the last stretches that were read are kept.

    A stretch has whole chunks, so that each chunk is decompressed once for all the
    pieces that lie in it.

    Parameters
    ----------
    stored
        One-dimensional array of an HDF5 file or a zarr store.
    n_values
        Values of a stretch, at least.
    """

    def __init__(self, stored: Any, n_values: int = _VALUES) -> None:
        self.size = int(stored.shape[0])
        chunk = int((stored.chunks or (1,))[0])
        self._length = chunk * -(-n_values // chunk)
        self._stretch = lru_cache(maxsize=2)(
            lambda start: np.asarray(stored[start : start + self._length])
        )

    def __getitem__(self, values: slice) -> NDArray[Any]:
        """Read consecutive values."""
        start, stop, _ = values.indices(self.size)
        first = start - start % self._length
        last = max(stop, first + 1)
        parts = [self._stretch(at) for at in range(first, last, self._length)]
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return joined[start - first : max(stop - first, 0)]
