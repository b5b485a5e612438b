"""Names from the data as text that a person can read and no program takes for more."""

from __future__ import annotations

import re

# Control characters, line and paragraph separators, halves of surrogate pairs, and
# characters that change the direction of what follows, so that a text looks like
# another one.
_ODD = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LONGEST = 48


def visible(text: str, *, keep: str = "") -> str:
    r"""Write control characters out, such as a line break as ``\n``.

    Parameters
    ----------
    text
        Any text.
    keep
        Control characters that stay as they are.
    """

    def written(found: re.Match[str]) -> str:
        letter = found[0]
        return letter if letter in keep else ascii(letter)[1:-1]

    return _ODD.sub(written, text)


def escaped(text: str) -> str:
    r"""Write control characters of JSON text as ``\u001b``, but for line breaks.

    ``json.dumps`` does so for some of them only.
    """

    def written(found: re.Match[str]) -> str:
        return found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}"

    return _ODD.sub(written, text)


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
