"""Run several files: one folder per file, and one table of all of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from dtpscore import _store
from dtpscore._files.ready import check_run
from dtpscore._run import cohort
from dtpscore._run.folder import opened
from dtpscore._run.pipeline import run
from dtpscore._run.summary import REFUSED
from dtpscore.errors import DataError, DtpscoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dtpscore._files.apply import Progress
    from dtpscore._options.run import RunOptions
    from dtpscore._run.outputs import Outputs

logger = logging.getLogger(__name__)
SUMMARIES = (
    cohort.SUMMARY,
    cohort.AXES,
    cohort.PICTURE,
    cohort.MQC_TABLE,
    cohort.MQC_BARS,
)


@dataclass(frozen=True)
class FileRun:
    """How the run of one file ended.

    Attributes
    ----------
    path, folder
        The input, and the folder of its results.
    outputs
        The files written; None where the run failed.
    error, code
        Why it failed, and the exit code that stands for the end.
    """

    path: Path
    folder: Path
    outputs: Outputs | None = None
    error: str = ""
    code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the end of the run as plain values."""
        found: dict[str, Any] = {"input": str(self.path), "exit_code": self.code}
        if self.outputs is None:
            return {**found, "error": self.error}
        return {**found, **self.outputs.as_dict()}


def _ended(path: Path, folder: Path, outputs: Outputs) -> FileRun:
    code = REFUSED if outputs.summary is not None and outputs.summary.refused else 0
    return FileRun(path, folder, outputs, code=code)


def _folders(inputs: Sequence[Path], output: Path) -> list[Path]:
    """Folder of each input.

    Raises
    ------
    DataError
        Two inputs would have one folder.
    """
    stems = [path.stem for path in inputs]
    names = [p.stem if stems.count(p.stem) == 1 else p.name for p in inputs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = (
            f"Several inputs are called {twice[0]}, so their results would have one "
            "folder. Rename them, or give them to runs of their own."
        )
        raise DataError(msg)
    return [output / name for name in names]


def run_files(
    inputs: Sequence[Path],
    output: Path,
    options: RunOptions,
    *,
    access: _store.Access | None = None,
    progress: Progress | None = None,
) -> list[FileRun]:
    """Run every file; a failure does not stop the others.

    Every file is checked before the first step of the first one.

    Parameters
    ----------
    inputs
        h5ad files or folders of zarr stores.
    output
        Folder of the results of the only file; or the folder that gets a folder per
        file, and the summary: ``summary.csv``, ``summary_axes.csv``, ``summary.svg``
        and two files that MultiQC reads.
    options
        Options of all runs.
    access
        What may be read of the inputs, and which damaged parts are left out.
    progress
        What is told about the steps.

    Returns
    -------
    How each file ended.

    Raises
    ------
    DtpscoreError
        The only file failed.
    """
    if len(inputs) == 1:
        outputs = run(inputs[0], output, options, access=access, progress=progress)
        return [_ended(inputs[0], output, outputs)]
    folders = _folders(inputs, output)
    one_run = partial(run, access=access, progress=progress)
    with opened(output) as taken:
        taken.check(SUMMARIES)
        errors = {path: _check(path, options, access) for path in inputs}
        runs = [
            _one(path, folder, partial(one_run, config=options), errors[path])
            for path, folder in zip(inputs, folders, strict=True)
        ]
        with taken.staging() as new:
            names = cohort.write(runs, new)
            taken.publish({name: new / name for name in names})
        # An earlier run may have known of axes where this one does not.
        taken.remove(set(SUMMARIES) - set(names))
    return runs


def _check(
    path: Path, options: RunOptions, access: _store.Access | None
) -> DtpscoreError | None:
    """Why a file cannot be run, found without any work."""
    try:
        with _store.open_cells(path, access=access) as adata:
            check_run(adata, options)
    except DtpscoreError as error:
        return error
    return None


def _one(
    path: Path,
    folder: Path,
    one_run: Callable[[Path, Path], Outputs],
    error: DtpscoreError | None,
) -> FileRun:
    if error is None:
        try:
            outputs = one_run(path, folder)
        except DtpscoreError as raised:
            error = raised
        else:
            return _ended(path, folder, outputs)
    logger.error("%s: %s", path, error)
    return FileRun(path, folder, error=str(error), code=error.exit_code)
