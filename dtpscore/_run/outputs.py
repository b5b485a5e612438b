"""Write what a run ends with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dtpscore import _report, _store
from dtpscore._run import provenance as origin
from dtpscore._run.config import to_toml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData

    from dtpscore._results.elements import Element
    from dtpscore._run.config import RunConfig
    from dtpscore._run.state import Record


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
    """

    report: Path
    data: Path
    tables: Path
    provenance: Path
    config: Path
    log: Path
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Input:
    """The file that a run started from.

    Attributes
    ----------
    path, sha256
        Where it is, and its hash.
    """

    path: Path
    sha256: str


def _write_tables(data: _report.ReportData, folder: Path) -> None:
    """Write the tables, and take away those of an earlier run that are no more."""
    written = set(_report.write_tables(data, folder))
    for path in folder.glob("*.csv"):
        if path not in written:
            path.unlink()


def write_outputs(
    source: Input,
    folder: Path,
    adata: AnnData,
    *,
    config: RunConfig,
    records: Sequence[Record],
    elements: Sequence[Element],
) -> Outputs:
    """Write the data with all results, the tables, the record and the report.

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

    Raises
    ------
    DataError
        A file cannot be written.
    """
    outputs = Outputs(
        report=folder / "report.html",
        data=folder / f"result{'.zarr' if source.path.is_dir() else '.h5ad'}",
        tables=folder / "tables",
        provenance=folder / "provenance.json",
        config=folder / "run.toml",
        log=folder / "run.log",
        records=tuple(records),
    )
    content = origin.provenance(
        adata, config, records, path=source.path, sha256=source.sha256
    )
    last = {(e.slot, e.key): e for e in elements}
    _store.write_with(source.path, outputs.data, list(last.values()), overwrite=True)
    data = _report.collect(
        adata,
        groupby=config.groupby,
        reference=config.reference,
        sample_key=config.sample_key,
        title=config.title,
        provenance=content,
    )
    _write_tables(data, outputs.tables)
    for target, text in (
        (outputs.config, to_toml(config)),
        (outputs.provenance, origin.as_text(content)),
        (outputs.report, _report.render(data)),
    ):
        with _store.beside(target) as part:
            part.write_text(text, encoding="utf-8")
    return outputs
