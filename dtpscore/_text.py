"""Names from the data as text that a person can read and no program takes for more."""

from __future__ import annotations

import unicodedata

# Characters that change the direction of what follows, so that a text looks like
# another one.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e") | frozenset(
    "\u2066\u2067\u2068\u2069"
)
_LONGEST = 48


def _visible(letter: str, keep: str) -> str:
    if letter in keep:
        return letter
    if letter in _DIRECTION or unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"}:
        return letter.encode("unicode_escape").decode("ascii")
    return letter


def visible(text: str, *, keep: str = "") -> str:
    r"""Write control characters out, such as a line break as ``\n``.

    Parameters
    ----------
    text
        Any text.
    keep
        Control characters that stay as they are.
    """
    return "".join(_visible(letter, keep) for letter in text)


def short(name: object, most: int = _LONGEST) -> str:
    """Name on one line, with its middle left out where it is long.

    Parameters
    ----------
    name
        Any name from the data.
    most
        Largest number of characters.
    """
    text = visible(str(name))
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail - 1]}\u2026{text[-tail:]}"
