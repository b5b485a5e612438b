"""From the barcodes of cells to clones."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# What stands between several barcodes of a cell.
SEPARATORS = r"[;,|\s]+"
# What tables of cells write where no barcode was found, in small letters.
NO_BARCODE = frozenset(
    {"", "na", "nan", "none", "null", "<na>", "unassigned", "unknown", "-", ".", "0"}
)
# Two barcodes belong to one clone if this many cells hold both, and if these are at
# least this share of the cells that hold the rarer one.
TOGETHER = 2
TOGETHER_SHARE = 0.5

NONE, ONE, SEVERAL, UNCLEAR = "none", "one", "several", "unclear"


@dataclass(frozen=True)
class Clones:
    """The clone of each cell.

    Attributes
    ----------
    code
        int64 (cells,): place among the names; -1 for a cell without a clone.
    names
        Barcodes of each clone, joined by ``+``.
    kind
        Text (cells,): ``none`` without a barcode, ``one`` or ``several`` barcodes of
        one clone, ``unclear`` where the barcodes belong to several clones.
    """

    code: NDArray[np.int64]
    names: tuple[str, ...]
    kind: NDArray[np.str_]


def split(text: str, separator: str | None = None) -> tuple[str, ...]:
    """Barcodes in the text of a cell, each once, in alphabetical order.

    Parameters
    ----------
    text
        The text of the column.
    separator
        What stands between barcodes; by default any of ``;``, ``,``, ``|`` and space.
    """
    pattern = SEPARATORS if separator is None else re.escape(separator)
    parts = {part.strip() for part in re.split(pattern, text)}
    return tuple(sorted(one for one in parts if one.lower() not in NO_BARCODE))


def _roots(cells: Sequence[tuple[str, ...]]) -> dict[str, str]:
    """First barcode of the clone of each barcode."""
    alone = Counter(code for codes in cells for code in codes)
    both = Counter(
        pair for codes in cells if len(codes) > 1 for pair in combinations(codes, 2)
    )
    root = {code: code for code in alone}

    def find(code: str) -> str:
        while root[code] != code:
            code = root[code]
        return code

    for (first, second), n in both.items():
        rarer = min(alone[first], alone[second])
        if n >= TOGETHER and n >= TOGETHER_SHARE * rarer:
            low, high = sorted((find(first), find(second)))
            root[high] = low
    return {code: find(code) for code in root}


def find_clones(texts: Sequence[str], separator: str | None = None) -> Clones:
    """Find the clone of each cell.

    A virus can enter a cell more than once, and then all daughters carry the same
    barcodes. Two cells in one droplet show several barcodes too, of different clones.
    Barcodes that are seen together in at least two cells, and in at least half of the
    cells of the rarer one, are taken for one clone. A cell whose barcodes belong to
    several clones is left out.

    Parameters
    ----------
    texts
        Barcodes of each cell.
    separator
        What stands between barcodes; see `split`.
    """
    parsed = {text: split(text, separator) for text in set(texts)}
    cells = [parsed[text] for text in texts]
    root = _roots(cells)
    parts: dict[str, list[str]] = {}
    for code in sorted(root):
        parts.setdefault(root[code], []).append(code)
    clones = [{root[code] for code in codes} for codes in cells]
    used = sorted({next(iter(one)) for one in clones if len(one) == 1})
    place = {name: number for number, name in enumerate(used)}
    codes_of_cells = [place[next(iter(one))] if len(one) == 1 else -1 for one in clones]
    kind = [
        NONE
        if not codes
        else UNCLEAR
        if len(one) > 1
        else (ONE if len(codes) == 1 else SEVERAL)
        for codes, one in zip(cells, clones, strict=True)
    ]
    names = tuple("+".join(parts[name]) for name in used)
    return Clones(np.array(codes_of_cells, np.int64), names, np.array(kind, str))
