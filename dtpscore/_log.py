"""One logger and one verbosity setting for all functions and commands."""

from __future__ import annotations

import logging
import sys
from copy import copy
from typing import Literal, TypeAlias, get_args

from dtpscore._text import visible
from dtpscore.errors import OptionError

Verbosity: TypeAlias = Literal["error", "warning", "info", "debug"]

logger = logging.getLogger("dtpscore")


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Write to the present standard error, which notebooks and tests exchange."""

    def emit(self, record: logging.LogRecord) -> None:
        # Set directly: setStream flushes the earlier stream, which may be closed.
        self.stream = sys.stderr
        super().emit(record)


class LineFormatter(logging.Formatter):
    """Write every line of a message with its own head, and control characters out.

    Names in a message come from files. One with a line break in it could otherwise add
    a line that nobody logged, and one with a code for terminals could run it.
    """

    def format(self, record: logging.LogRecord) -> str:
        made = []
        for line in visible(record.getMessage(), keep="\n").split("\n"):
            one = copy(record)
            one.msg, one.args = line, None
            made.append(super().format(one))
        return "\n".join(made)


class Settings:
    """Settings of dtpscore, for all its functions.

    Attributes
    ----------
    verbosity
        ``"error"``, ``"warning"``, ``"info"`` (the default: what a function found and
        what a reader should know of it) or ``"debug"``.

    See Also
    --------
    dtpscore.errors.InputWarning : Caveats, which are warnings and no messages.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> dtp.settings.verbosity = "warning"
    >>> dtp.settings.verbosity
    'warning'
    >>> dtp.settings.verbosity = "info"
    """

    @property
    def verbosity(self) -> Verbosity:
        """How much the functions say on standard error."""
        names: dict[int, Verbosity] = {
            getattr(logging, name.upper()): name for name in get_args(Verbosity)
        }
        return names[logger.level]

    @verbosity.setter
    def verbosity(self, value: Verbosity) -> None:
        if value not in get_args(Verbosity):
            allowed = ", ".join(map(repr, get_args(Verbosity)))
            msg = f"verbosity must be one of {allowed}, not {value!r}."
            raise OptionError(msg)
        logger.setLevel(value.upper())


settings = Settings()


def _set_up() -> None:
    """Give the logger its own handler, as long as the program has set up none."""
    if not logger.handlers:
        handler = _Handler()
        handler.setFormatter(LineFormatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel("INFO")
        logger.propagate = False


_set_up()
