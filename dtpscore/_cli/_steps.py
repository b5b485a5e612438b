"""Show the steps of a run while they run."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from dtpscore._cli._console import is_quiet, say, show_json, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.status import Status

    from dtpscore._run import FileRun, Outputs


class StepProgress:
    """A spinner on a terminal, and a line for every step that has ended.

    Parameters
    ----------
    status
        The spinner, or None where nobody watches.
    """

    def __init__(self, status: Status | None) -> None:
        self._status = status
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
        tell(f"  {title:<34} {first:<12} {seconds:6.1f} s")


@contextmanager
def step_progress() -> Iterator[StepProgress]:
    """Show steps as a spinner where stderr is a terminal, else as lines only."""
    from rich.console import Console

    console = Console(stderr=True)
    if is_quiet() or not console.is_terminal:
        yield StepProgress(None)
        return
    with console.status("read the file") as status:
        yield StepProgress(status)


def tell_outputs(outputs: Outputs) -> None:
    """Print notes, warnings, what was found, and which files were written."""
    for note in outputs.notes:
        say(f"Warning: {note}")
    said: set[str] = set()
    for record in outputs.records:
        for sentence in record.warnings:
            if sentence not in said:
                say(f"Warning ({record.name}): {sentence}")
        said.update(record.warnings)
        if record.status == "refused":
            say(f"Warning ({record.name}): This step has no result. {record.reason}")
    _tell_findings(outputs)
    tell("Written:")
    for written, what in (
        (outputs.report, "the report: open it in a browser"),
        (outputs.data, "the input with all results"),
        (outputs.tables, "every table of the report as CSV"),
        (outputs.provenance, "versions, hashes and parameters"),
        (outputs.config, "all options: --config repeats the run"),
        (outputs.log, "what happened when"),
    ):
        tell(f"  {written}  {what}")


def _tell_findings(outputs: Outputs) -> None:
    summary = outputs.summary
    if summary is None:
        return
    if summary.arms:
        tell(f"Calls (evidence level {summary.evidence_level}):")
    width = max((len(arm.name) for arm in summary.arms), default=0)
    for arm in summary.arms:
        tell(f"  {arm.name:<{width}}  {arm.sentence}")
    if summary.order:
        tell(f"Order: {summary.order}")
    missing = [
        f"{name} ({status})" for name, status, _ in summary.steps if status != "done"
    ]
    if missing:
        tell(f"Steps without a result: {', '.join(missing)}")


def tell_runs(runs: Sequence[FileRun], *, as_json: bool = False) -> None:
    """Print how every file ended.

    Raises
    ------
    typer.Exit
        A file failed, or a step of one was refused; with the highest exit code.
    """
    for one in runs:
        if len(runs) > 1:
            tell(f"{one.path}:")
        if one.outputs is not None:
            tell_outputs(one.outputs)
        else:
            say(f"Error: {one.path}: {one.error}")
    if as_json:
        content = [one.as_dict() for one in runs]
        show_json(content[0] if len(content) == 1 else content)
    code = max(one.code for one in runs)
    if code:
        raise typer.Exit(code)
