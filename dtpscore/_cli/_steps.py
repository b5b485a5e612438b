"""Show the steps of a run while they run."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dtpscore._cli._console import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.status import Status

    from dtpscore._run import Outputs


class StepProgress:
    """A spinner on a terminal, and a line for every step that has ended.

    Parameters
    ----------
    status
        The spinner, or None where nobody watches.
    quiet
        Print nothing.
    """

    def __init__(self, status: Status | None, *, quiet: bool) -> None:
        self._status = status
        self._quiet = quiet
        self._started = 0.0

    def start(self, title: str) -> None:
        """Show that a step starts."""
        self._started = time.perf_counter()
        if self._status is not None:
            self._status.update(title)

    def end(self, title: str, outcome: str) -> None:
        """Print how a step ended, and how long it took."""
        seconds = time.perf_counter() - self._started
        first = outcome.split(":", 1)[0]
        say(f"  {title:<34} {first:<12} {seconds:6.1f} s", quiet=self._quiet)


@contextmanager
def step_progress(*, quiet: bool = False) -> Iterator[StepProgress]:
    """Show steps as a spinner where stderr is a terminal, else as lines only."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield StepProgress(None, quiet=quiet)
        return
    with console.status("read the file") as status:
        yield StepProgress(status, quiet=quiet)


def tell_outputs(outputs: Outputs, *, quiet: bool = False) -> None:
    """Print the warnings of each step, each once, and which files were written."""
    said: set[str] = set()
    for note in outputs.notes:
        say(f"Warning: {note}")
    for record in outputs.records:
        for sentence in record.warnings:
            if sentence not in said:
                say(f"Warning ({record.name}): {sentence}")
        said.update(record.warnings)
        if record.status == "refused":
            say(f"Warning ({record.name}): no result. {record.reason}")
    say("Written:", quiet=quiet)
    for written, what in (
        (outputs.report, "the report: open it in a browser"),
        (outputs.data, "the input with all results"),
        (outputs.tables, "every table of the report as CSV"),
        (outputs.provenance, "versions, hashes and parameters"),
        (outputs.config, "all choices: --config repeats the run"),
        (outputs.log, "what happened when"),
    ):
        say(f"  {written}  {what}", quiet=quiet)
