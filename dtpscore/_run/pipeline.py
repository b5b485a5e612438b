"""Run the steps one after another, keep what is done, and write the outputs."""

from __future__ import annotations

import json
import logging
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtpscore import _store
from dtpscore._files.changes import changes, snapshot
from dtpscore._files.ready import Ready, check_run, more_arguments
from dtpscore._files.steps import STEPS, Step
from dtpscore._log import LineFormatter
from dtpscore._log import logger as package
from dtpscore._results.elements import Element, write
from dtpscore._run import provenance as origin
from dtpscore._run.folder import STAGING, RunFolder, look, opened
from dtpscore._run.outputs import (
    CONFIG,
    LOG,
    PROVENANCE,
    REPORT,
    TABLES,
    Input,
    Outputs,
    places,
    result_name,
    write_outputs,
)
from dtpscore._run.state import (
    DamagedStepError,
    StepFiles,
    StepRecord,
    file_sha256,
    fingerprint,
)
from dtpscore._run.summary import summarize
from dtpscore.errors import DataError, ResultError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anndata import AnnData

    from dtpscore._files.apply import Progress
    from dtpscore._options.run import RunOptions

logger = logging.getLogger(__name__)
STEPS_FOLDER = "steps"


@dataclass
class _Run:
    """One run under way: the data, the choices, and how the steps ended so far."""

    adata: AnnData
    config: RunOptions
    files: StepFiles
    base: dict[str, Any]
    records: dict[str, StepRecord]
    elements: list[Element]
    notes: list[str]
    ready: Ready


def _work(step: Step, run: _Run) -> tuple[str, str, tuple[str, ...]]:
    """Do one step; its status, the reason when refused, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            options = run.config.of_step(step.name)
            more = more_arguments(step.name, options, run.ready.signatures)
            step.work(run.adata, options, **more)
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
    """Checksum of everything that the numbers of a step depend on."""
    files = run.config.files_of_step(step.name)
    before = [*step.needs, *step.after]
    if step.name == "trends" and "genes" in files:
        # It follows the scores of the user's own signatures.
        before.append("score")
    # A step that this run was not asked for has no record.
    earlier = [run.records[name] for name in before if name in run.records]
    return fingerprint(
        {
            "step": step.name,
            "options": run.config.what_decides(step.name),
            "files": {name: file_sha256(Path(path)) for name, path in files.items()},
            "before": [[record.fingerprint, record.status] for record in earlier],
            **run.base,
        }
    )


def _blocked(step: Step, run: _Run) -> StepRecord | None:
    """Record of a step that an option or an earlier step keeps from starting."""
    mark = _fingerprint(step, run)
    if step.name in run.config.skip:
        reason = "Left out, as the configuration says."
        return StepRecord(step.name, mark, status="left out", reason=reason)
    missing = [name for name in step.needs if run.records[name].status != "done"]
    if missing:
        reason = f"It needs the step {missing[0]}, which has no result."
        return StepRecord(step.name, mark, status="left out", reason=reason)
    return None


def _found(step: Step, run: _Run, mark: str) -> tuple[StepRecord, list[Element]] | None:
    """Results of a step that an earlier run did, if its files are as it left them."""
    try:
        record = run.files.find(step.name, mark)
        return None if record is None else (record, run.files.load(record))
    except DamagedStepError as error:
        note = f"{error}, so the step {step.name!r} is done again."
        logger.warning("%s: %s", step.name, note)
        run.notes.append(note)
        return None


def _fresh(step: Step, run: _Run, mark: str) -> tuple[StepRecord, list[Element]]:
    """Do a step and keep its results.

    Results are always taken from the file, so that a run that was interrupted and one
    that was not go on from the same values.
    """
    before = snapshot(run.adata)
    status, reason, sentences = _work(step, run)
    made = changes(before, snapshot(run.adata)) if status == "done" else []
    record = StepRecord(
        step.name,
        mark,
        status=status,
        reason=reason,
        warnings=sentences,
        written=tuple(f"{e.slot}/{e.key}" for e in made if e.value is not None),
        removed=tuple(f"{e.slot}/{e.key}" for e in made if e.value is None),
    )
    kept = run.files.save(record, made, run.adata)
    return kept, run.files.load(kept)


def _do(step: Step, run: _Run) -> tuple[StepRecord, bool]:
    """Bring one step to its end; its record, and whether it was done before."""
    blocked = _blocked(step, run)
    if blocked is not None:
        return blocked, False
    mark = _fingerprint(step, run)
    found = _found(step, run, mark)
    record, elements = found or _fresh(step, run, mark)
    write(run.adata, elements)
    run.elements.extend(elements)
    return record, found is not None


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Write what the run and the functions say into a file.

    The person at the terminal reads how the steps end and the summary, so what the
    functions say in between goes to the file alone, unless more is asked for.
    """
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(message)s"))
    level, others = package.level, {one: one.level for one in package.handlers}
    for one in others:
        one.setLevel(level if level == logging.DEBUG else logging.ERROR)
    package.addHandler(handler)
    package.setLevel(min(level, logging.INFO))
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(level)
        for one, before in others.items():
            one.setLevel(before)
        handler.close()


def _steps(run: _Run, progress: Progress | None) -> None:
    for step in STEPS:
        if not run.config.is_asked(step.name):
            continue
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


def _earlier(folder: RunFolder, config: RunOptions, source: Input) -> list[str]:
    """Say which choices an earlier run in the folder made otherwise."""
    try:
        content = json.loads((folder.path / PROVENANCE).read_text(encoding="utf-8"))
        old, file = dict(content["config"]), dict(content["input"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    new = config.model_dump(mode="json")
    other = [
        f"{k}: {old.get(k)!r}, now {v!r}" for k, v in new.items() if old.get(k) != v
    ]
    if file.get("sha256") != source.sha256:
        other.insert(0, f"input: {file.get('file')!r}, now {source.path.name!r}")
    if not other:
        return []
    return [
        f"The folder {folder.path} holds the results of an earlier run with other "
        f"choices ({'; '.join(other)}). This run replaces them."
    ]


def _steps_and_outputs(
    adata: AnnData,
    source: Input,
    folder: RunFolder,
    *,
    config: RunOptions,
    ready: Ready,
    progress: Progress | None,
) -> Outputs:
    """Do the steps on open data and write the outputs; see `run`."""
    under_way = _Run(
        adata=adata,
        config=config,
        files=StepFiles(folder.path / STEPS_FOLDER),
        base={"input": source.sha256, "versions": origin.versions()},
        records={},
        elements=[],
        notes=[*ready.notes, *_earlier(folder, config, source)],
        ready=ready,
    )
    for note in under_way.notes:
        logger.warning("%s", note)
    _steps(under_way, progress)
    if progress is not None:
        progress.start("write the report")
    records = tuple(under_way.records.values())
    kept = write_outputs(
        source,
        folder,
        adata,
        config=config,
        records=records,
        elements=under_way.elements,
    )
    if progress is not None:
        progress.end("write the report", "done")
    notes = (*under_way.notes, *kept)
    return replace(
        places(source.path, folder.path),
        records=records,
        notes=notes,
        summary=summarize(adata, config, records),
    )


def _check_places(path: Path, folder: RunFolder) -> None:
    """Check before any work that every output can be written.

    Raises
    ------
    DataError
        A file of somebody else stands in the place of one, or there is no room.
    """
    result = result_name(path)
    tables = [name for name in folder.entries if name.startswith(f"{TABLES}/")]
    for name in (TABLES, STEPS_FOLDER, STAGING):
        folder.refuse_links(name)
    folder.check([result, REPORT, PROVENANCE, CONFIG, LOG, *tables])
    _store.check_output(path, folder.path / result, overwrite=True)
    steps = [
        f"{STEPS_FOLDER}/{s.name}.{end}" for s in STEPS for end in ("h5ad", "json")
    ]
    folder.check(steps)
    folder.announce(LOG, *steps)


def run(
    path: Path,
    folder: Path,
    config: RunOptions,
    *,
    access: _store.Access | None = None,
    progress: Progress | None = None,
) -> Outputs:
    """Score, call, order, test and report one file of cells.

    The matrix stays on disk and is read by blocks; tables over cells and the genes
    that the order needs are in memory. Every step keeps its results in
    ``folder/steps`` with a checksum. A step that is there with the same input, choices
    and versions is not done again, so a run that was interrupted goes on where it
    stopped and ends with the same bytes. A step file that was damaged or changed is
    not used; its step is done again.

    Parameters
    ----------
    path
        An h5ad file or the folder of a zarr store; it is not changed.
    folder
        Folder of the outputs: one that does not exist, an empty one, or one that an
        earlier run made. Files in it that dtpscore did not write stay as they are.
    config
        Choices of the run.
    access
        What may be read of the input, and which damaged parts are left out.
    progress
        What is told about the steps.

    Returns
    -------
    The files written.

    Raises
    ------
    DataError
        The input cannot be used (file, columns, groups, genes or values), the folder
        belongs to somebody else, or another run is at work in it.
    """
    look(folder)
    access = access or _store.Access()
    with _store.open_cells(path, access=access) as adata:
        ready = check_run(adata, config)
        with opened(folder) as taken:
            _check_places(path, taken)
            with _log_to(folder / LOG):
                source = Input.of(path, access)
                logger.info("input %s, sha256 %s", path.name, source.sha256)
                outputs = _steps_and_outputs(
                    adata,
                    source,
                    taken,
                    config=config,
                    ready=ready,
                    progress=progress,
                )
                logger.info("report written")
    return outputs
