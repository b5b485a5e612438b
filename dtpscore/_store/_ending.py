"""End a process at once, unless it has something to remove first."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What schedulers, closed terminals and Ctrl-\ send; Python turns Ctrl-C into an
# exception by itself.
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)
]


def _end(number: int, _frame: object) -> None:
    # An exception, so that half-written outputs are removed on the way out; a second
    # signal ends the process wherever it is.
    for one in _SIGNALS:
        if signal.getsignal(one) is _end:
            signal.signal(one, signal.SIG_DFL)
    sys.exit(128 + number)


@contextmanager
def cleaning_up() -> Iterator[None]:
    """Let signals that end the process run the ``finally`` blocks inside first.

    Without this, such a signal ends the process at once, even within a library that
    never comes back. A signal that is handled or ignored already stays so, and threads
    other than the main one change nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [one for one in _SIGNALS if signal.getsignal(one) == signal.SIG_DFL]
    for one in ours:
        signal.signal(one, _end)
    try:
        yield
    finally:
        for one in ours:
            if signal.getsignal(one) is _end:
                signal.signal(one, signal.SIG_DFL)
