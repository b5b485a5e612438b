"""What a hostile case is: a folder that a stranger filled, and commands to run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# The text of the private file, which must not come out anywhere.
SECRET = "q7Zk-private-words-of-somebody"
# Names of outputs that a command may make in the folder in which it runs.
OUTPUTS = ("out", "out.h5ad", "out.zarr", "out.html", "tables", "called.h5ad")
DESIGN = ("--groupby", "condition", "--reference", "parental", "--sample-key", "sample")
SIGNATURE = ("--signature", "tirosh2016_s_phase")
# A run that does one step only.
_LEFT_OUT = ("call", "pseudotime", "trends", "enrich", "compare", "vulnerabilities")
RUN = [
    *("run", "in.h5ad", "-o", "out", *DESIGN),
    *(word for step in _LEFT_OUT for word in ("--skip", step)),
]


@dataclass
class Place:
    """A folder with the files of a stranger, beside one with private files.

    Attributes
    ----------
    work
        Where the command runs.
    beside
        Files that no command may read or change.
    base
        Whole files to copy from: ``cells.h5ad`` and ``small`` in each format.
    environment
        Variables that are set for the command.
    """

    work: Path
    beside: Path
    base: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def secret(self) -> Path:
        """The private file."""
        return self.beside / "secret.txt"

    def cells(self, name: str = "in.h5ad") -> Path:
        """Copy a small file of cells into the folder: h5ad, or zarr of version 2."""
        path = self.work / name
        if name.endswith(".zarr"):
            shutil.copytree(self.base / "small.zarr", path)
        else:
            shutil.copyfile(self.base / "small.h5ad", path)
        return path


@dataclass(frozen=True)
class Case:
    """One hostile file, name or folder.

    Attributes
    ----------
    group, name
        What it belongs to, and what it is.
    make
        Fills the folder, and returns the commands to run there, one after another. A
        function among them is called between them.
    refused
        Whether the last command must end with an error.
    """

    group: str
    name: str
    make: Callable[[Place], Sequence[list[str] | Callable[[], None]]]
    refused: bool = False


def score(path: Path | str, *more: str) -> list[list[str]]:
    """Score a file on one signature."""
    ending = ".zarr" if str(path).endswith(".zarr") else ".h5ad"
    return [["score", str(path), "-o", f"out{ending}", *SIGNATURE, *more]]
