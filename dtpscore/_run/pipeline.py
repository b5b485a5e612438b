"""Run the steps one after another, keep what is done, and write the outputs."""

from __future__ import annotations

import logging
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dtpscore import _store
from dtpscore._results.elements import Element, available, write
from dtpscore._run import provenance as origin
from dtpscore._run.outputs import Input, Outputs, write_outputs
from dtpscore._run.state import (
    Record,
    StepFiles,
    changes,
    file_sha256,
    fingerprint,
    snapshot,
)
from dtpscore._run.steps import STEPS, Step
from dtpscore.errors import DataError, ResultError
from dtpscore.get._groups import column, groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anndata import AnnData

    from dtpscore._run.config import RunConfig

logger = logging.getLogger(__name__)


class Progress(Protocol):
    """What is told about the steps while they run."""

    def start(self, title: str) -> None:
        """Hear that a step starts."""

    def end(self, title: str, outcome: str) -> None:
        """Hear how it ended: ``done``, ``done before``, ``refused: ...`` and so on."""


@dataclass
class _Run:
    """One run under way: the data, the choices, and how the steps ended so far."""

    adata: AnnData
    config: RunConfig
    files: StepFiles
    base: dict[str, Any]
    records: dict[str, Record]
    elements: list[Element]


def _columns(config: RunConfig) -> tuple[str | None, ...]:
    return (
        config.sample_key,
        config.batch_key,
        config.pair_key,
        config.cell_type_key,
        config.replicate_key,
        config.time_key,
        config.days_key,
    )


def _check(adata: AnnData, config: RunConfig) -> None:
    """Find wrong columns and groups before any work.

    Raises
    ------
    DataError
        A column or group does not exist.
    """
    member = groups(adata, config.groupby, config.reference)
    for key in _columns(config):
        if key is not None:
            column(adata, key)
    known = [str(name) for name in member.cat.categories]
    missing = [name for name in config.holiday if name not in known]
    if missing:
        msg = (
            f"obs[{config.groupby!r}] has no group {missing[0]!r}. "
            f"Groups there are: {available(known)}."
        )
        raise DataError(msg)


def _work(step: Step, run: _Run) -> tuple[str, str, tuple[str, ...]]:
    """Do one step; its status, the reason when refused, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            step.work(run.adata, run.config)
            status, reason = "done", ""
        except (DataError, ResultError) as error:
            if step.name == "score":
                raise
            status, reason = "refused", str(error)
    sentences = [
        str(one.message)
        for one in caught
        if one.category.__module__.startswith("dtpscore")
    ]
    return status, reason, tuple(dict.fromkeys(sentences))


def _fingerprint(step: Step, run: _Run) -> str:
    chosen = run.config.model_dump(mode="json", include=set(step.choices))
    if chosen.get("gmt") is not None:
        chosen["gmt"] = file_sha256(Path(chosen["gmt"]))
    earlier = [run.records[name] for name in (*step.needs, *step.after)]
    before = [[record.fingerprint, record.status] for record in earlier]
    return fingerprint(
        {"step": step.name, "choices": chosen, "before": before, **run.base}
    )


def _blocked(step: Step, run: _Run) -> Record | None:
    """Record of a step that cannot start, because of a choice or an earlier step."""
    mark = _fingerprint(step, run)
    if step.name in run.config.skip:
        reason = "Left out, as the configuration says."
        return Record(step.name, mark, status="left out", reason=reason)
    missing = [name for name in step.needs if run.records[name].status != "done"]
    if missing:
        reason = f"It needs the step {missing[0]}, which has no result."
        return Record(step.name, mark, status="left out", reason=reason)
    return None


def _do(step: Step, run: _Run) -> tuple[Record, bool]:
    """Bring one step to its end; its record, and whether it was done before."""
    blocked = _blocked(step, run)
    if blocked is not None:
        return blocked, False
    mark = _fingerprint(step, run)
    found = run.files.find(step.name, mark)
    if found is None:
        before = snapshot(run.adata)
        status, reason, sentences = _work(step, run)
        made = changes(before, snapshot(run.adata)) if status == "done" else []
        record = Record(
            step.name,
            mark,
            status=status,
            reason=reason,
            warnings=sentences,
            written=tuple(f"{e.slot}/{e.key}" for e in made if e.value is not None),
            removed=tuple(f"{e.slot}/{e.key}" for e in made if e.value is None),
        )
        run.files.save(record, made, run.adata)
    else:
        record = found
    # Results are always taken from the file, so that a run that was interrupted and
    # one that was not go on from the same values.
    elements = run.files.load(record)
    write(run.adata, elements)
    run.elements.extend(elements)
    return record, found is not None


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    package = logging.getLogger("dtpscore")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = package.level
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(level)
        handler.close()


def _steps(run: _Run, progress: Progress | None) -> None:
    for step in STEPS:
        if progress is not None:
            progress.start(step.title)
        logger.info("%s: start", step.name)
        started = time.perf_counter()
        record, before = _do(step, run)
        run.records[step.name] = record
        done_before = before and record.status == "done"
        outcome = "done before" if done_before else record.status
        outcome += f": {record.reason}" if record.reason else ""
        for sentence in record.warnings:
            logger.warning("%s: %s", step.name, sentence)
        logger.info(
            "%s: %s (%.1f s)", step.name, outcome, time.perf_counter() - started
        )
        if progress is not None:
            progress.end(step.title, outcome)


def _run_on(
    adata: AnnData,
    path: Path,
    folder: Path,
    *,
    config: RunConfig,
    progress: Progress | None,
) -> Outputs:
    """Do the steps on open data and write the outputs; see `run`."""
    with _log_to(folder / "run.log"):
        sha256 = file_sha256(path)
        logger.info("input %s, sha256 %s", path.name, sha256)
        under_way = _Run(
            adata=adata,
            config=config,
            files=StepFiles(folder / "steps"),
            base={"input": sha256, "versions": origin.versions()},
            records={},
            elements=[],
        )
        _steps(under_way, progress)
        if progress is not None:
            progress.start("write the report")
        outputs = write_outputs(
            Input(path, sha256),
            folder,
            adata,
            config=config,
            records=tuple(under_way.records.values()),
            elements=under_way.elements,
        )
        if progress is not None:
            progress.end("write the report", "done")
        logger.info("report written")
    return outputs


def run(
    path: Path,
    folder: Path,
    config: RunConfig,
    *,
    progress: Progress | None = None,
) -> Outputs:
    """Score, call, order, test and report one file of cells.

    The matrix stays on disk and is read by blocks; tables over cells and the genes
    that the order needs are in memory. Every step keeps its results in
    ``folder/steps``. A step that is there with the same input, choices and versions
    is not done again, so a run that was interrupted goes on where it stopped and ends
    with the same bytes.

    Parameters
    ----------
    path
        An h5ad file or the folder of a zarr store; it is not changed.
    folder
        Folder of the outputs.
    config
        Choices of the run.
    progress
        What is told about the steps.

    Returns
    -------
    The files written.

    Raises
    ------
    DataError
        The input cannot be used: file, columns, groups, genes or values.
    """
    with _store.open_cells(path) as adata:
        _check(adata, config)
        _store.make_folder(folder)
        return _run_on(adata, path, folder, config=config, progress=progress)
