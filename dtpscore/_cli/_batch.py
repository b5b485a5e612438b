"""One file, or many files at the same time; a failure does not stop the rest."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import TYPE_CHECKING, Any

import typer

from dtpscore._cli._console import (
    cell_progress,
    explained,
    plain_warnings,
    say,
)
from dtpscore._files.scores import ScoreJob, score_file
from dtpscore._store import cleaning_up
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dtpscore._scoring.run import ScoreResult


@dataclass(frozen=True)
class Task:
    """One file to score: input, output, and folder of tables or None."""

    path_in: Path
    path_out: Path
    tables: Path | None


@dataclass(frozen=True)
class Outcome:
    """How a file ended: what to tell, the warnings, and the exit code."""

    text: str
    warned: tuple[str, ...] = ()
    code: int = 0


def plan(inputs: Sequence[Path], output: Path, csv: Path | None) -> list[Task]:
    """Name the output of every input.

    Raises
    ------
    DataError
        Several inputs would go to one output.
    """
    folder = output.is_dir() and output.suffix != ".zarr"
    if len(inputs) == 1 and not folder:
        return [Task(inputs[0], output, csv)]
    if output.suffix in {".h5ad", ".zarr"} or output.is_file():
        msg = (
            f"{len(inputs)} inputs cannot go to one output file {output}. Give a "
            "folder with -o."
        )
        raise DataError(msg)
    names = [path.name for path in inputs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        msg = (
            f"Several inputs are called {repeated[0]}, so their outputs would have "
            "one name. Rename them or score them in separate runs."
        )
        raise DataError(msg)
    stems = [path.stem for path in inputs]
    folders = [p.stem if stems.count(p.stem) == 1 else p.name for p in inputs]
    return [
        Task(path, output / path.name, None if csv is None else csv / folder)
        for path, folder in zip(inputs, folders, strict=True)
    ]


def _summary(path: Path, result: ScoreResult, seconds: float) -> str:
    low = int(result.coverage["low"].sum())
    few = f", {low} of them with few genes" if low else ""
    cells = _counted(len(result.scores), "cell", "cells")
    signatures = _counted(len(result.names), "signature", "signatures")
    axes = _counted(len(result.axis), "axis", "axes")
    method = result.record.params["method"]
    return f"{path}: {cells}, {signatures}{few}, {axes}, {method}, {seconds:.1f} s"


def _counted(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def score_all(
    inputs: Sequence[Path],
    output: Path,
    job: ScoreJob,
    *,
    csv: Path | None = None,
    quiet: bool = False,
) -> list[dict[str, Any]]:
    """Score every file and say how each ended.

    Returns
    -------
    Input, output and exit code of each file.

    Raises
    ------
    DtpscoreError
        The only file failed.
    typer.Exit
        One of several files failed; with the highest exit code of the failures.
    """
    tasks = plan(inputs, output, csv)
    if len(tasks) == 1:
        task, started = tasks[0], time.perf_counter()
        result = score_file(
            task.path_in,
            task.path_out,
            job,
            tables=task.tables,
            progress=partial(cell_progress, quiet=quiet),
        )
        taken = time.perf_counter() - started
        say(_summary(task.path_out, result, taken), quiet=quiet)
        return [_row(task, 0)]
    codes = _score_many(tasks, job, quiet=quiet)
    n_failed = sum(code != 0 for code in codes.values())
    if n_failed:
        say(f"{n_failed} of {len(tasks)} files failed.")
        raise typer.Exit(max(codes.values()))
    return [_row(task, codes[task]) for task in tasks]


def _row(task: Task, code: int) -> dict[str, Any]:
    return {"input": task.path_in, "output": task.path_out, "exit_code": code}


def _score_many(tasks: list[Task], job: ScoreJob, *, quiet: bool) -> dict[Task, int]:
    """Score files in processes that share the threads; exit code of each."""
    n_threads = job.options.n_jobs or os.cpu_count() or 1
    n_workers = min(len(tasks), n_threads)
    options = job.options.model_copy(update={"n_jobs": max(1, n_threads // n_workers)})
    shared = replace(job, options=options)
    # A fresh process, not a fork: numba's threads do not survive a fork.
    pool = ProcessPoolExecutor(
        n_workers, mp_context=get_context("spawn"), initializer=_end_with_parent
    )
    with cleaning_up(), pool:
        try:
            return _codes(pool, tasks, shared, quiet=quiet)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in active_children():
                worker.terminate()
            raise


def _codes(
    pool: ProcessPoolExecutor, tasks: list[Task], job: ScoreJob, *, quiet: bool
) -> dict[Task, int]:
    codes = {}
    running = {pool.submit(_outcome, task, job): task for task in tasks}
    for future in as_completed(running):
        task = running[future]
        try:
            outcome = future.result()
        except BrokenProcessPool:
            text = f"{task.path_in}: the process was ended, perhaps for memory."
            outcome = Outcome(text, code=1)
        for text in outcome.warned:
            say(f"Warning: {task.path_in.name}: {text}")
        say(outcome.text, quiet=quiet and outcome.code == 0)
        codes[task] = outcome.code
    return codes


def _end_with_parent() -> None:
    """Let this process end when the one that started it is killed."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _outcome(task: Task, job: ScoreJob) -> Outcome:
    warned: list[str] = []
    with plain_warnings(warned.append):
        started = time.perf_counter()
        try:
            result = score_file(task.path_in, task.path_out, job, tables=task.tables)
        except SystemExit:
            # A signal: what was half done is removed, and the pool would only go on.
            os._exit(1)
        except Exception as error:  # noqa: BLE001 - must not stop the other files
            code, text = explained(error)
            return Outcome(f"{task.path_in}: {text}", tuple(warned), code)
    taken = time.perf_counter() - started
    return Outcome(_summary(task.path_out, result, taken), tuple(warned))
