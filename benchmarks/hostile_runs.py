"""Hostile folders that look like those of earlier runs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import h5py
from hostile_case import RUN, Case, Place

from dtpscore._processes import machine
from dtpscore._run.state import file_sha256, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = "run folder"


def _run_folder(
    name: str, change: Callable[[Path, Place], None], *, refused: bool = False
) -> Case:
    """Run into a folder that looks like one of an earlier run."""

    def make(place: Place) -> list[list[str]]:
        place.cells()
        out = place.work / "out"
        out.mkdir()
        _record(out, {})
        change(out, place)
        return [RUN]

    return Case(FOLDER, name, make, refused)


def _record(out: Path, files: dict[str, dict[str, str]], **other: Any) -> None:
    content = {"format": "dtpscore run folder", "version": 1, "files": files}
    _write(out, json.dumps(content | other))


def _write(out: Path, text: str) -> None:
    (out / "dtpscore_run.json").write_text(text)


def _lists(name: str) -> Callable[[Path, Place], None]:
    """The record lists a file of somebody as one of dtpscore."""

    def change(out: Path, place: Place) -> None:
        _record(out, {name.format(beside=place.beside): {"sha256": "", "stamp": ""}})

    return change


def _listed_link(name: str, target: str) -> Callable[[Path, Place], None]:
    """The record lists a link that leads out of the folder."""

    def change(out: Path, place: Place) -> None:
        _record(out, {name: {"sha256": "", "stamp": ""}})
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).symlink_to(target.format(beside=place.beside))

    return change


def _folder_link(name: str) -> Callable[[Path, Place], None]:
    def change(out: Path, place: Place) -> None:
        (out / name).symlink_to(place.beside)

    return change


def _lock(content: Any) -> Callable[[Path, Place], None]:
    def change(out: Path, _: Place) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        (out / ".dtpscore.lock").write_text(text)

    return change


def _lock_pipe(out: Path, _: Place) -> None:
    os.mkfifo(out / ".dtpscore.lock")


def _record_pipe(out: Path, _: Place) -> None:
    (out / "dtpscore_run.json").unlink()
    os.mkfifo(out / "dtpscore_run.json")


def _provenance(out: Path, _: Place) -> None:
    _record(out, {"provenance.json": {"sha256": "", "stamp": ""}})
    content = {"config": {"layer": "\x1b]52;c;x\x07"}, "input": {"file": "a\nERROR b"}}
    (out / "provenance.json").write_text(json.dumps(content))


def _step_outside(place: Place) -> list[Any]:
    """A file of a step, with a checksum that fits, has a link to a file beside."""
    place.cells()

    def change() -> None:
        data = place.work / "out" / "steps" / "score.h5ad"
        described = data.with_suffix(".json")
        with h5py.File(data, "r+") as file:
            del file["obsm/dtp_scores"]
            file["obsm/dtp_scores"] = h5py.ExternalLink(
                str(place.beside / "victim.h5ad"), "/obs"
            )
        content = json.loads(described.read_text())
        content["sha256"] = file_sha256(data)
        del content["checksum"]
        content["checksum"] = fingerprint(content)
        described.write_text(json.dumps(content))
        record = place.work / "out" / "dtpscore_run.json"
        listed = json.loads(record.read_text())
        for name in ("steps/score.h5ad", "steps/score.json"):
            listed["files"][name] = {"sha256": "", "stamp": ""}
        record.write_text(json.dumps(listed))

    return [RUN, change, RUN]


_HERE = {"machine": machine(), "pid": 1, "started": 0}
CASES = [
    _run_folder("lists tables/../../../beside/victim.csv",
                _lists("tables/../../../beside/victim.csv"), refused=True),
    _run_folder("lists an absolute path",
                _lists("{beside}/victim.csv"), refused=True),
    _run_folder("lists ../in.h5ad", _lists("tables/../../in.h5ad"), refused=True),
    *(
        _run_folder(f"{name} is a link to a file beside",
                    _listed_link(name, "{beside}/victim.csv"), refused=True)
        for name in ("run.log", "report.html", "result.h5ad", "steps/score.json",
                     "tables/axes.csv", "provenance.json")
    ),
    *(
        _run_folder(f"{name} is a link to a folder beside", _folder_link(name),
                    refused=True)
        for name in ("tables", "steps", ".dtpscore_new")
    ),
    _run_folder("lock that is a pipe", _lock_pipe),
    _run_folder("record that is a pipe", _record_pipe, refused=True),
    _run_folder("lock of no process", _lock({**_HERE, "pid": 10**30})),
    _run_folder("lock whose process is a word", _lock({**_HERE, "pid": "-1; rm"})),
    _run_folder("lock whose process is a list", _lock({**_HERE, "pid": [1]})),
    _run_folder("lock of 100,000 lists in one another", _lock("[" * 100_000)),
    _run_folder("lock of another machine with escapes",
                _lock({**_HERE, "machine": "x", "host": "\x1b[2J\x07"}), refused=True),
    _run_folder("record of 100,000 lists in one another", refused=True,
                change=lambda out, _: _write(out, "[" * 100_000)),
    _run_folder("record of another version with escapes", refused=True,
                change=lambda out, _: _record(out, {}, version="\x1b[2J")),
    _run_folder("provenance with escapes and a forged line", _provenance),
    Case(FOLDER, "file of a step with a link to a file beside", _step_outside),
]  # fmt: skip
