"""A check that options outside of models share."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from dtpscore.errors import OptionError


def whole_at_least(name: str, value: Any, lowest: int) -> None:
    """Check that an option is a whole number of a least size.

    Raises
    ------
    OptionError
        It is not.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        msg = f"{name} must be a whole number, not {value!r}."
        raise OptionError(msg)
    _at_least(name, value, lowest)


def _at_least(name: str, value: Any, lowest: float) -> None:
    if not isinstance(value, Real) or not float(value) >= lowest:
        msg = f"{name} must be {lowest} or more, not {value!r}."
        raise OptionError(msg)
