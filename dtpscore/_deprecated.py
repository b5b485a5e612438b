"""Keep the old names of arguments working for one release."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def renamed(**names: str | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Accept arguments under their old names, with a FutureWarning.

    Parameters
    ----------
    **names
        The new name of each old name; None where the argument has no effect any more.

    Raises
    ------
    OptionError
        A call gives an argument under both names.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> R:
            for old in [name for name in kwargs if name in names]:
                value, new = kwargs.pop(old), names[old]
                where = f"dtpscore.{function.__name__}"
                if new is None:
                    msg = f"{where}: {old} has no effect any more. Leave it out."
                elif new in kwargs:
                    msg = f"{where}: {new} was given twice, once as {old} (old name)."
                    raise OptionError(msg)
                else:
                    msg = f"{where}: {old} is now called {new}."
                    kwargs[new] = value
                warnings.warn(msg, FutureWarning, stacklevel=2)
            return function(*args, **kwargs)

        return wrapper

    return decorate
