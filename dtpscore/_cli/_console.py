"""What a person reads while a command runs: all of it goes to stderr."""

from __future__ import annotations

import errno
import json
import logging
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from dtpscore._text import escaped, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pandas as pd

# Exit code where the system does not give what is needed.
NO_ROOM = 8
_NO_MEMORY = (
    "There is not enough memory. Close other programs, use a machine with more, or "
    "leave the matrix on disk (without --in-memory)."
)
_NO_FILES = (
    "The system allows too few open files. Raise the limit, for example with 'ulimit "
    "-n 1024', and run the command again."
)
# What libraries say that could not be loaded, or could not get memory.
_OF_MEMORY = (
    "cannot allocate memory",
    "failed to map segment",
    "could not find/load shared object",
    "unable to allocate",
    "can't start new thread",
)
# Sentences that were told while the present command was at work.
_heard: set[str] = set()
_NUMBA_CACHE = (
    "The folder for compiled code cannot be written to. Set the environment variable "
    "NUMBA_CACHE_DIR to a folder of yours and run the command again."
)


def say(text: str, *, quiet: bool = False) -> None:
    """Write a line for the person at the terminal.

    Names in it come from files, so that control characters are written out.
    """
    if not quiet:
        typer.echo(visible(text, keep="\n"), err=True)


def put(text: str, *, end: str = "\n", keep: str = "\n") -> None:
    """Write a result to standard output, with control characters written out."""
    typer.echo(visible(text, keep=keep) + end, nl=False)


def tell(text: str) -> None:
    """Write a line for the person at the terminal, unless --quiet was given."""
    say(text, quiet=is_quiet())


def tell_new(texts: Iterable[str]) -> None:
    """Write sentences that neither a warning nor the logger has told yet."""
    for text in texts:
        if text not in _heard:
            tell(text)


class _Listener(logging.Handler):
    """Remember what the functions of the package tell through the logger."""

    def emit(self, record: logging.LogRecord) -> None:
        _heard.update(record.getMessage().splitlines())


@contextmanager
def listening() -> Iterator[None]:
    """Remember what is told while a command is at work, so that nothing comes twice."""
    # Imported here: the package sets its logger up, unless it has a handler already.
    from dtpscore._log import logger as package

    listener = _Listener()
    _heard.clear()
    package.addHandler(listener)
    try:
        yield
    finally:
        package.removeHandler(listener)


def is_quiet() -> bool:
    """Whether --quiet was given."""
    from dtpscore._log import settings

    return settings.verbosity in ("error", "warning")


def show_json(content: Any) -> None:
    """Write a result as JSON to standard output."""
    text = json.dumps(content, indent=2, ensure_ascii=False, default=_as_json)
    typer.echo(escaped(text))


def json_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame for `show_json`, with null where a value is missing."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]


def _as_json(value: Any) -> Any:
    """Values of numpy and paths as JSON holds them."""
    for method in ("item", "tolist"):
        if hasattr(value, method):
            return getattr(value, method)()
    return str(value)


def _out_of_memory(error: Exception) -> bool:
    """Whether there was too little memory, for values or for a library to be loaded."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return any(words in str(error).lower() for words in _OF_MEMORY)


def explained(error: Exception) -> tuple[int, str]:
    """Exit code that stands for an error, and what to say about it."""
    code = getattr(error, "exit_code", 1)
    if code != 1:
        return code, f"Error: {error}"
    if _out_of_memory(error):
        return NO_ROOM, f"Error: {_NO_MEMORY}"
    if getattr(error, "errno", None) in {errno.EMFILE, errno.ENFILE}:
        return NO_ROOM, f"Error: {_NO_FILES}"
    if "cannot cache function" in str(error):
        return code, f"Error: {_NUMBA_CACHE}"
    return code, (
        f"Unexpected error: {type(error).__name__}: {error}\n"
        "This is a fault in dtpscore or in a package that it uses. Run the same "
        "command with --debug and report what it shows."
    )


def report_failure(error: Exception) -> int:
    """Say what went wrong, and return the exit code that stands for it."""
    code, text = explained(error)
    say(text)
    return code


def _say_warning(text: str) -> None:
    say(f"Warning: {text}")


@contextmanager
def plain_warnings(tell: Callable[[str], None] = _say_warning) -> Iterator[None]:
    """Hand on the text of every warning of dtpscore, once; hide those of others."""

    def show(message: Warning | str, category: type[Warning], *_: Any) -> None:
        text = str(message)
        ours = category.__module__.startswith("dtpscore")
        # Old names of flags and arguments are said with a class of Python itself.
        ours = ours or (category is FutureWarning and "is now called" in text)
        if ours and text not in shown:
            shown.add(text)
            _heard.add(text)
            tell(text)

    shown: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show  # type: ignore[assignment]
        yield


@contextmanager
def cell_progress(
    total: int, *, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """Show a bar over cells on a terminal, nothing where stderr is a file.

    Yields
    ------
    A function that is told how many more cells are done.
    """
    # stderr may be closed.
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        # No thread that looks after the bar: where memory is short it never starts,
        # and Python waits for it for ever.
        monitor_interval = 0

    with Bar(total=total, unit=" cells", unit_scale=True, file=sys.stderr) as bar:
        yield bar.update
