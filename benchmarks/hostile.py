"""Give the commands hostile files and names: nothing outside is read, written or run.

    python benchmarks/hostile.py --write benchmarks/hostile.md
    python benchmarks/hostile.py --groups "run folder" --show

Each case fills a folder as a stranger could (``hostile_files.py``,
``hostile_folders.py``, ``hostile_names.py``) and runs the real commands there, each in
a process of its own with limits of memory, of time and of the size of files. Beside
that folder lie private files. A case is ``harmless`` where

- the commands are done or end with a documented exit code, in time;
- no private file was opened, and nothing but the outputs has changed, neither beside
  nor in the folder nor in that of temporary files (Linux reports every opened file;
  Python every file that is written, program that is started, address that is called);
- the text of the private file is in no output, and no control character in any message
  or line of a log;
- pages have only elements, attributes and addresses that a page of plain cells has,
  and no cell of a CSV table starts a formula.

Results are appended to ``hostile.jsonl`` as they come.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import hostile_files
import hostile_folders
import hostile_names
import hostile_runs
from hostile_case import OUTPUTS, SECRET, Place
from hostile_look import Opened, plain_page, problem, shape, watch_python
from trials import Kept, run_command

import dtpscore as dtp

if TYPE_CHECKING:
    from hostile_case import Case

RESULTS = Path(__file__).with_name("hostile.jsonl")
CASES = (
    *hostile_files.CASES,
    *hostile_folders.CASES,
    *hostile_runs.CASES,
    *hostile_names.CASES,
)
PAGE = """
# Hostile files and names

Each case fills a folder as a stranger could, runs the real commands there, and looks at
what they did: which private files were opened, what was written, started or called, and
what came out on pages, in tables, in logs and on the terminal. The head of `hostile.py`
says when a case counts as harmless. A command may end with a clear error. Bombs have 3
GB of memory, files of 256 MB and 60 seconds of computing.
"""
RECORDS = {
    f"work/out/{name}"
    for name in (".dtpscore.lock", "dtpscore_run.json", "provenance.json")
}
# Documented exit codes of a command that cannot do what it was asked.
ERRORS = {2, 3, 4, 5, 6, 7, 8}
# Seconds of computing and of waiting; bytes of memory beyond those of this program, and
# of the largest file.
SECONDS, PATIENCE = 60, 300
MEMORY, LARGEST = 3 * 2**30, 2**28


def make_base(folder: Path) -> Path:
    """Write the whole files that cases start from."""
    folder.mkdir()
    cells = dtp.datasets.simulate(
        n_cells=240, n_genes=2500, seed=1, days=(7,), difficulty="easy"
    )
    small = dtp.datasets.simulate(n_cells=48, n_genes=900, seed=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cells.write_h5ad(folder / "cells.h5ad")
        small.write_h5ad(folder / "small.h5ad")
        ad.settings.zarr_write_format = 2
        small.write_zarr(folder / "small.zarr")
    return folder


def make_place(folder: Path, base: Path) -> Place:
    """Make a folder for a case, and the private files beside it."""
    shutil.rmtree(folder, ignore_errors=True)
    made = Place(folder / "work", folder / "beside", base)
    for one in (made.work, made.beside, folder / "tmp", folder / "home"):
        one.mkdir(parents=True)
    made.secret.write_text(f"{SECRET}\n" * 100)
    (made.beside / "victim.csv").write_text("a,b\n1,2\n")
    shutil.copyfile(base / "small.h5ad", made.beside / "victim.h5ad")
    return made


def _prepare(place: Place, events: Path) -> None:
    """Set the limits of the child, its folder, and who looks at what it does."""
    # Descriptors as they are where a command writes to a file.
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="strict")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace")
    above = place.work.parent
    os.chdir(place.work)
    os.environ.update(TMPDIR=str(above / "tmp"), HOME=str(above / "home"))
    os.environ.update(place.environment)
    tempfile.tempdir = None
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    used = pages * os.sysconf("SC_PAGESIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS,) * 2)
    watch_python(above, events)


def trial(case: Case, folder: Path, base: Path, plain: set[str]) -> tuple[str, str]:
    """Run the commands of a case: what was found, and what they said."""
    place = make_place(folder / "case", base)
    said, events = folder / "said", folder / "events"
    said.write_text("")
    events.write_text("")
    commands = case.make(place)
    before = shape(folder / "case")
    with Opened(place.beside) as opened:
        for words in commands:
            if not isinstance(words, list):
                words()
                continue
            code = run_command(
                words, said, partial(_prepare, place, events), patience=PATIENCE
            )
            if code not in {0, *ERRORS}:
                break
    text = said.read_text(errors="replace")
    if code == -signal.SIGXCPU:
        return "does not end", text
    if code < 0:
        return f"ended by signal {-code}", text
    if code not in {0, *ERRORS} or "fault in dtpscore" in text:
        return f"exit {code}", text
    if case.refused and code == 0:
        return "not refused", text
    if names := opened.names():
        return f"opened {names[0]}", text
    if done := events.read_text().splitlines():
        return done[0], text
    changed = _changed(before, shape(folder / "case"))
    if changed:
        return f"changed {changed[0]}", text
    outputs = [place.work / name for name in OUTPUTS]
    return problem(text, [one for one in outputs if one.exists()], plain), text


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Names whose file was changed, made or removed and is no output."""
    own = {f"work/{name}" for name in OUTPUTS}
    found = []
    for name in sorted(before.keys() | after.keys()):
        above = {str(one) for one in Path(name).parents} | {name}
        new = name not in before and above & own
        # A run keeps its record and its lock in a folder that it takes over.
        taken = name in RECORDS and not before.get(name, "").startswith("link")
        if before.get(name) != after.get(name) and not (new or taken):
            found.append(name)
    return [one for one in found if not one.endswith((".nbi", ".nbc"))]


def main(arguments: list[str] | None = None) -> int:
    """Run the cases and print the table; 1 where one is not harmless."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", nargs="+", help="only these groups of cases")
    parser.add_argument("--names", nargs="+", help="only cases of these names")
    parser.add_argument("--again", action="store_true", help="make all of them again")
    parser.add_argument("--show", action="store_true", help="show what commands say")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--write", type=Path, help="also write the table here")
    options = parser.parse_args(arguments)
    kept = Kept(options.results, ("group", "name"))
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder:
        base = make_base(Path(folder) / "base")
        plain = plain_page(base)
        for case in CASES:
            if options.groups and case.group not in options.groups:
                continue
            if options.names and case.name not in options.names:
                continue
            old = kept.rows.get((case.group, case.name), {})
            if old.get("found") == "harmless" and not options.again:
                continue
            if time.monotonic() > end:
                break
            found, said = trial(case, Path(folder), base, plain)
            kept.add(group=case.group, name=case.name, found=found)
            if found != "harmless" or options.show:
                print(f"{case.group}, {case.name}: {found[:300]}", flush=True)
                print(f"    {said[-600:]!a}", flush=True)
    text = table(kept)
    print(text)
    if options.write:
        options.write.write_text(f"{PAGE.strip()}\n\n{text}\n", "utf-8")
    return int(any(row["found"] != "harmless" for row in kept.rows.values()))


def table(kept: Kept) -> str:
    """Cases and harmless ones by group, in Markdown."""
    known = {(case.group, case.name) for case in CASES}
    rows = [row for key, row in kept.rows.items() if key in known]
    lines = ["| cases | tried | harmless |", "| --- | --- | --- |"]
    for group in [*dict.fromkeys(case.group for case in CASES), "all"]:
        found = [r["found"] for r in rows if group in {r["group"], "all"}]
        lines.append(f"| {group} | {len(found)} | {found.count('harmless')} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
