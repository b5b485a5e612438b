"""Do steps on a file of cells: write a copy of it with the results added."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from dtpscore import _keys, _store
from dtpscore._files.changes import changes, snapshot
from dtpscore._files.steps import ORDER
from dtpscore._results.elements import Element, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anndata import AnnData

    from dtpscore._files.outputs import Outputs
    from dtpscore._files.steps import Step
    from dtpscore._options.base import Options


class Progress(Protocol):
    """What is told about steps while they are done."""

    def start(self, title: str) -> None:
        """Hear that a step starts."""

    def end(self, title: str, outcome: str) -> None:
        """Hear how it ended: ``done``, ``done before``, ``refused: ...`` and so on."""


@dataclass(frozen=True)
class Job:
    """One step with its options.

    Attributes
    ----------
    step, options
        What to do, and how.
    """

    step: Step
    options: Options


def apply(
    jobs: Sequence[Job],
    outputs: Outputs,
    *,
    backed: bool = True,
    check: Callable[[AnnData], Any] | None = None,
    progress: Progress | None = None,
) -> AnnData:
    """Do steps one after another on a file, and write a copy with their results.

    Parameters
    ----------
    jobs
        The steps, in their order.
    outputs
        The input, which is not changed, and where the results go.
    backed
        Leave the matrices on disk and read them by pieces.
    check
        Looks at the data before the first step and raises where one cannot be done.
    progress
        What is told about the steps.

    Returns
    -------
    The data with the results; its matrices can no longer be read.

    Raises
    ------
    DataError
        The input cannot be used or an output cannot be written.
    ResultError
        A result cannot be computed.
    """
    outputs = replace(outputs, seen=_store.identity(outputs.path_in))
    with _store.open_cells(
        outputs.path_in, access=outputs.access, backed=backed
    ) as adata:
        outputs.check(name for job in jobs for name in job.step.tables)
        if check is not None:
            check(adata)
        before = snapshot(adata)
        for job in jobs:
            if progress is not None:
                progress.start(job.step.title)
            job.step.work(adata, job.options)
            if progress is not None:
                progress.end(job.step.title, "done")
        _take_away(adata, [job.step.name for job in jobs])
        made = changes(before, snapshot(adata))
        names = adata.obs_names
    outputs.write(made, names)
    return adata


def _take_away(adata: AnnData, done: Sequence[str]) -> None:
    """Take away trends of an earlier order, which say nothing about a new one."""
    if ORDER.name in done and "trends" not in done:
        write(adata, [Element("uns", _keys.TRENDS, None)])
