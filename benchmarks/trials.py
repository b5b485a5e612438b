"""Results of trials, kept as they are made: a program that is stopped loses none."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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
