"""Numbers as text, the same way everywhere in the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dtpscore._text import visible

if TYPE_CHECKING:
    from dtpscore._report.model import Format

NOT_AVAILABLE = "n/a"
_MINUS = "\u2212"
# Letters that stay as they are in the address of a file that the page carries. None of
# them ends an attribute between double quotes, starts a tag or names an entity.
_STAY = " ='/:;,.-+()*!?@$~_{}[]|^"


def number(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """Write fixed digits with a true minus sign, and no minus before zero."""
    if math.isnan(value):
        return NOT_AVAILABLE
    rounded = round(float(value), digits) + 0.0
    text = f"{rounded:+.{digits}f}" if sign and rounded else f"{rounded:.{digits}f}"
    return text.replace("-", _MINUS)


def count(value: float) -> str:
    """Whole number with a comma between thousands."""
    return f"{int(value):,}"


def share(value: float) -> str:
    """Share as percent, one digit."""
    if math.isnan(value):
        return NOT_AVAILABLE
    return f"{100 * float(value):.1f}%"


def pvalue(value: float, floor: float = 0.001) -> str:
    """Probability with three digits, or that it is below the floor."""
    if math.isnan(value):
        return NOT_AVAILABLE
    return f"< {floor:g}" if value < floor else f"{value:.3f}"


def plain(value: Any) -> Any:
    """Write out control characters of a text, which HTML has no place for."""
    # A part of the page that is HTML already went through here piece by piece.
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return visible(value, keep="\n")


def data_uri(kind: str, text: str) -> str:
    """Address of a file that the page carries in itself, to stand in double quotes.

    Parameters
    ----------
    kind
        Its media type.
    text
        What is in the file. Base64 would make it a third longer.
    """
    # A search of the page for what it may load finds no "url(" within its pictures.
    stay = quote(text, safe=_STAY).replace("url(", "url%28")
    return f"data:{kind};charset=utf-8,{stay}"


def shown(value: Any, how: Format, floor: float = 0.001) -> str:
    """Text of one cell of a table."""
    if how in {"text", "doi", "verdict"}:
        return "" if value is None or value != value else str(value)
    if how == "count":
        return NOT_AVAILABLE if value != value else count(value)
    if how == "share":
        return share(value)
    if how == "pvalue":
        return pvalue(value, floor)
    return number(float(value), sign=how == "signed")


def sort_key(value: Any) -> str:
    """Write the number by which the page sorts, with full precision."""
    return "" if value != value else repr(float(value))


# With more groups than this a sentence counts them.
MOST_NAMED = 5


def by_group(counts: dict[str, int], what: str) -> str:
    """Say how many there are in each group, or from how many to how many in all.

    Parameters
    ----------
    counts
        Number of each group.
    what
        What is counted.
    """
    if len(counts) > MOST_NAMED:
        low, high = min(counts.values()), max(counts.values())
        span = f"{low}" if low == high else f"{low} to {high}"
        return f"{span} {what} in each of {len(counts)} groups"
    return listed(
        [
            f"{n}{'' if place else f' {what}'} in {group}"
            for place, (group, n) in enumerate(counts.items())
        ]
    )


def listed(names: list[str]) -> str:
    """Names as in a sentence; semicolons part names with a comma or an "and"."""
    if len(names) < 2:
        return "".join(names)
    if any(", " in name or " and " in name for name in names):
        return f"{'; '.join(names[:-1])}; and {names[-1]}"
    return f"{', '.join(names[:-1])} and {names[-1]}"
