"""Trials of commands, and their results, which a program that is stopped keeps."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from dtpscore import _cli

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def run_command(
    words: list[str], said: Path, before: Callable[[], None], *, patience: float
) -> int:
    """Run a command in a copy of this process: its exit code, or minus a signal.

    Parameters
    ----------
    words
        The command line.
    said
        What the command writes to its terminal is added to this file.
    before
        Done in the copy first: limits, and where it stands.
    patience
        Seconds after which the copy is ended.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with said.open("a") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            before()
            _cli.main(words)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    end = time.monotonic() + patience
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
    return os.waitstatus_to_exitcode(ended[1])


class Kept:
    """Rows of a file of JSON lines, one for each trial.

    Parameters
    ----------
    path
        The file. Rows that it holds already count.
    key
        Columns that tell trials apart. A trial that is made again replaces its row.
    """

    def __init__(self, path: Path, key: Sequence[str]) -> None:
        self._path, self._key = path, tuple(key)
        self.rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._take(json.loads(line))

    def _take(self, row: dict[str, Any]) -> None:
        self.rows[tuple(row[name] for name in self._key)] = row

    def add(self, **row: Any) -> None:
        """Keep the row of a trial."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._take(row)

    def counts(self, *columns: str) -> Counter[tuple[Any, ...]]:
        """How many trials have each combination of these columns."""
        return Counter(
            tuple(row[name] for name in columns) for row in self.rows.values()
        )


def table(head: Sequence[str], rows: Counter[tuple[Any, ...]]) -> str:
    """Counts in Markdown, a line for each combination."""
    lines = [f"| {' | '.join(head)} | trials |", "|" + " --- |" * (len(head) + 1)]
    for row, n in sorted(rows.items()):
        lines.append(f"| {' | '.join(map(str, row))} | {n:,} |")
    return "\n".join(lines)
