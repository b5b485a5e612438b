"""Read times and doses as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE = -1

# Units by their spelling, with the unit that all of a kind are brought to and how many
# of those one is. Doses keep their case: mM and MM are not the same.
_UNITS = {
    **dict.fromkeys(("d", "day", "days"), ("days", 1.0)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), ("days", 1 / 24)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("days", 1 / 1440)),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), ("days", 7.0)),
    **dict.fromkeys(("month", "months"), ("days", 30.4375)),
    "pM": ("µM", 1e-6),
    "nM": ("µM", 1e-3),
    "uM": ("µM", 1.0),
    "mM": ("µM", 1e3),
    "ng/ml": ("µg/ml", 1e-3),
    "ug/ml": ("µg/ml", 1.0),
    "mg/ml": ("µg/ml", 1e3),
}
_PREFIXES = r"days?|d|hours?|hrs?|h|weeks?|wks?|w|months?|time|t|dose"
_WRITTEN = re.compile(
    rf"^\s*(?:(?P<prefix>{_PREFIXES})[\s_.:=-]*)?"
    r"(?P<number>[+-]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:e[+-]?\d+)?)"
    r"[\s_-]*(?P<unit>[a-zA-Zµμ/]+)?\s*$",
    re.IGNORECASE,
)
_DASHED = re.compile(r"^[a-z]+[\s_.:=]*-", re.IGNORECASE)
_NO_UNIT = {"time", "t", "dose", None}


@dataclass(frozen=True)
class Times:
    """Times or doses of the cells.

    Attributes
    ----------
    numbers
        float64 per cell, in ``unit``; NaN where unknown. The rank for ordered
        categories that are no numbers.
    codes
        int64 per cell: place of the cell's time among ``names``, -1 where unknown.
    names
        The times in ascending order, as the column writes them.
    unit
        ``"days"``, ``"µM"``, ``"µg/ml"``, or ``""`` where the column gives no unit.
    ranked
        The column holds ordered categories that are no numbers.
    mapping
        Value that each text of the column was read as; empty for plain numbers.
    """

    numbers: NDArray[np.float64]
    codes: NDArray[np.int64]
    names: tuple[str, ...]
    unit: str
    ranked: bool
    mapping: dict[str, float]

    @property
    def days(self) -> NDArray[np.float64]:
        """Days on drug; NaN where the column holds doses or ranks."""
        if self.ranked or self.unit not in ("", "days"):
            return np.full_like(self.numbers, np.nan)
        return self.numbers

    @property
    def sentence(self) -> str:
        """Say how the texts were read; empty for plain numbers."""
        if not self.mapping:
            return ""
        unit = f" {self.unit}" if self.unit else ""
        parts = [f"{text} = {value:g}{unit}" for text, value in self.mapping.items()]
        return f"Times were read as {', '.join(parts)}."


def read_times(
    column: pd.Series, key: str, *, use: NDArray[np.bool_] | None = None
) -> Times:
    """Read times or doses: numbers, texts with a unit, or ordered categories.

    Parameters
    ----------
    column
        The column of ``obs``.
    key
        Its name, for messages.
    use
        Cells whose time counts; the times of others are not read.

    Raises
    ------
    DataError
        A text is no time, units of different kinds are mixed, or some values have a
        unit and others, beside 0, have none.
    """
    if use is not None:
        column = column.where(use)
    categorical = isinstance(column.dtype, pd.CategoricalDtype)
    if categorical and column.cat.ordered:
        return _of_ordered(column, key)
    plain = column.astype(object) if categorical else column
    known = plain.notna().to_numpy()
    texts = plain[known].map(_text)
    mapping, unit = _parse(list(dict.fromkeys(texts)), key)
    values = np.full(len(column), np.nan)
    values[known] = texts.map(mapping).to_numpy(dtype=np.float64)
    given = texts.map(_is_number).all()
    return _made(values, {} if given else mapping, unit)


def _of_ordered(column: pd.Series, key: str) -> Times:
    """Ordered categories: their numbers where these ascend, else their ranks."""
    used = column.cat.remove_unused_categories()
    names = [_text(name) for name in used.cat.categories]
    codes = used.cat.codes.to_numpy(dtype=np.int64)
    try:
        mapping, unit = _parse(names, key)
        numbers = np.array([mapping[name] for name in names])
    except DataError:
        numbers = np.empty(0)
    if numbers.size and np.all(np.diff(numbers) > 0):
        values = np.where(codes < 0, np.nan, numbers[codes])
        given = all(map(_is_number, names))
        return Times(values, codes, tuple(names), unit, False, {} if given else mapping)
    values = np.where(codes < 0, np.nan, codes.astype(np.float64))
    return Times(values, codes, tuple(names), "", True, {})


def _made(values: NDArray[np.float64], mapping: dict[str, float], unit: str) -> Times:
    known = np.unique(values[~np.isnan(values)])
    first = {value: text for text, value in reversed(mapping.items())}
    names = tuple(first.get(value, f"{value:g}") for value in known)
    codes = np.where(np.isnan(values), NONE, np.searchsorted(known, values))
    return Times(values, codes.astype(np.int64), names, unit, False, mapping)


def _text(value: object) -> str:
    return str(value).strip()


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _parse(texts: list[str], key: str) -> tuple[dict[str, float], str]:
    """Give each text its number, all in one unit."""
    _check_dashes(texts, key)
    found = {text: _number_and_unit(text, key) for text in texts}
    units = sorted({unit for number, unit in found.values() if unit})
    bare = [text for text, (number, unit) in found.items() if not unit and number != 0]
    if len(units) > 1 or (units and bare):
        mixed = ", ".join(repr(text) for text in list(found)[:6])
        msg = (
            f"obs[{key!r}] mixes units ({mixed}), so its times cannot be compared. "
            "Write all of them in one unit."
        )
        raise DataError(msg)
    unit = units[0] if units else ""
    return {text: number for text, (number, _) in found.items()}, unit


def _check_dashes(texts: list[str], key: str) -> None:
    """Refuse d-1 beside d1: the dash may be a minus."""
    lettered = [text for text in texts if text[:1].isalpha()]
    dashed = [text for text in lettered if _DASHED.match(text)]
    if dashed and len(dashed) < len(lettered):
        other = next(text for text in lettered if text not in dashed)
        msg = (
            f"obs[{key!r}] holds {dashed[0]!r} beside {other!r}: the dash may be a "
            "minus. Write the times as numbers."
        )
        raise DataError(msg)


def _number_and_unit(text: str, key: str) -> tuple[float, str]:
    match = _WRITTEN.match(text)
    if _is_number(text):
        return float(text), ""
    if match is not None:
        prefix = match["prefix"]
        number = float(match["number"].replace(",", "."))
        found = _unit(match["unit"])
        before = _unit(None if (prefix or "").lower() in _NO_UNIT else prefix)
        if match["unit"] is None and prefix is not None:
            unit, scale = before or ("", 1.0)
            return number * scale, unit
        # "day 7 h" says two things at once; "t 72 h" and "72 h" say one.
        if found is not None and before is None:
            return number * found[1], found[0]
    msg = (
        f"obs[{key!r}] must hold times or doses: numbers, texts such as 'd0', '72h', "
        f"'day 7' or '1 µM', or ordered categories; found {text!r}. Turn the column "
        "into numbers or into an ordered categorical."
    )
    raise DataError(msg)


def _unit(spelled: str | None) -> tuple[str, float] | None:
    if spelled is None:
        return None
    plain = spelled.replace("µ", "u").replace("μ", "u")
    dose = plain.replace("mL", "ml").replace("/ML", "/ml")
    return _UNITS.get(dose) or _UNITS.get(plain.lower() if "M" not in plain[1:] else "")
