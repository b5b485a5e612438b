"""Write what a run ends with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dtpscore import _store
from dtpscore._run import provenance as origin
from dtpscore._run.config import to_toml
from dtpscore._run.state import file_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData

    from dtpscore._options.run import RunOptions
    from dtpscore._results.elements import Element
    from dtpscore._run.folder import RunFolder
    from dtpscore._run.state import StepRecord
    from dtpscore._run.summary import Summary


@dataclass(frozen=True)
class Outputs:
    """Files that a run wrote.

    Attributes
    ----------
    report, data, tables, provenance, config, log
        The report, the input with the results added, the folder of CSV tables, the
        record of the run, its choices, and what happened when.
    records
        How each step ended.
    notes
        Sentences to tell, such as that the file of a step was damaged.
    summary
        What was found.
    """

    report: Path
    data: Path
    tables: Path
    provenance: Path
    config: Path
    log: Path
    records: tuple[StepRecord, ...]
    notes: tuple[str, ...] = ()
    summary: Summary | None = None

    def as_dict(self) -> dict[str, Any]:
        """Files, notes and findings as plain values."""
        names = ("report", "data", "tables", "provenance", "config", "log")
        found = {"files": {name: str(getattr(self, name)) for name in names}}
        warnings = dict.fromkeys(s for one in self.records for s in one.warnings)
        return {
            **found,
            "notes": list(self.notes),
            "warnings": list(warnings),
            **({} if self.summary is None else self.summary.as_dict()),
        }


@dataclass(frozen=True)
class Input:
    """The file that a run started from.

    Attributes
    ----------
    path, sha256
        Where it is, and its hash.
    seen
        Its identity before the hash was taken, which differs once another file has
        its name or it is written to.
    access
        What may be read of it.
    """

    path: Path
    sha256: str
    seen: str
    access: _store.Access

    @classmethod
    def of(cls, path: Path, access: _store.Access) -> Input:
        """Look at a file now."""
        seen = _store.identity(path)
        return cls(path, file_sha256(path), seen, access)


REPORT, PROVENANCE, CONFIG, LOG = (
    "report.html",
    "provenance.json",
    "run.toml",
    "run.log",
)
TABLES = "tables"


def result_name(source: Path) -> str:
    """Name of the file with all results, which has the format of the input."""
    return f"result{'.zarr' if source.is_dir() else '.h5ad'}"


def places(source: Path, folder: Path) -> Outputs:
    """Where the outputs of a run go."""
    return Outputs(
        report=folder / REPORT,
        data=folder / result_name(source),
        tables=folder / TABLES,
        provenance=folder / PROVENANCE,
        config=folder / CONFIG,
        log=folder / LOG,
        records=(),
    )


def write_outputs(
    source: Input,
    folder: RunFolder,
    adata: AnnData,
    *,
    config: RunOptions,
    records: Sequence[StepRecord],
    elements: Sequence[Element],
) -> list[str]:
    """Write the data with all results, the tables, the record and the report.

    Everything is written into a folder beside the outputs first. The outputs of an
    earlier run are replaced when all of the new ones are whole, so that report,
    record and result always belong together.

    Parameters
    ----------
    source
        The input.
    folder
        Where to.
    adata
        The data with all results.
    config
        Choices of the run.
    records, elements
        How each step ended, and what all of them wrote.

    Returns
    -------
    Sentences about tables of an earlier run that stay because somebody changed them.

    Raises
    ------
    DataError
        A file cannot be written.
    DamagedError
        The input was changed meanwhile.
    """
    # It loads everything that draws, which a run that is refused does not need.
    from dtpscore import _report

    name = result_name(source.path)
    last = {(e.slot, e.key): e for e in elements}
    with folder.staging() as new:
        _store.write_with(
            source.path,
            new / name,
            list(last.values()),
            access=source.access,
            seen=source.seen,
        )
        content = origin.provenance(
            adata, config, records, path=source.path, sha256=source.sha256
        )
        content["result"] = {"file": name, "sha256": file_sha256(new / name)}
        data = _report.collect(
            adata,
            groupby=config.groupby,
            reference=config.reference,
            sample_key=config.sample_key,
            title=config.title,
            provenance=content,
            setting=config.context,
        )
        tables = _report.write_tables(data, new / TABLES)
        for target, text in (
            (CONFIG, to_toml(config)),
            (REPORT, _report.render(data)),
            (PROVENANCE, origin.as_text(content)),
        ):
            (new / target).write_text(text, encoding="utf-8")
        written = [name, *(f"{TABLES}/{t.name}" for t in tables)]
        written += [CONFIG, REPORT, PROVENANCE]
        folder.publish({one: new / one for one in written})
    old = [one for one in folder.entries if one.startswith(f"{TABLES}/")]
    kept = folder.remove(one for one in old if one not in written)
    return [
        f"{folder.path / one} is a table of an earlier run. Somebody changed it, so it "
        "was left where it is."
        for one in kept
    ]
