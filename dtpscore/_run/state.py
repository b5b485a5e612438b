"""The file of a step: keep its results with a checksum, find them, put them back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast, get_args

from pydantic import TypeAdapter

from dtpscore import _store
from dtpscore._files.changes import stored
from dtpscore._results.elements import Element, Slot
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anndata import AnnData


# What reading a record raises that is damaged, or that somebody made up.
NO_RECORD = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
)


class DamagedStepError(DataError):
    """The file of a step is not the one that the step wrote."""


@dataclass(frozen=True)
class StepRecord:
    """How one step ended.

    Attributes
    ----------
    name
        Name of the step.
    fingerprint
        SHA-256 of all that decides the result.
    status
        ``"done"``, ``"refused"`` (the data do not allow it) or ``"left out"``.
    reason
        Why it was refused or left out; empty when done.
    warnings
        Sentences that the step warned with.
    removed
        Entries that it took away, as ``slot/key``.
    written
        Entries that it wrote, in their order.
    sha256
        Checksum of the file that holds them; empty before there is one.
    """

    name: str
    fingerprint: str
    status: str = "done"
    reason: str = ""
    warnings: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    written: tuple[str, ...] = field(default=())
    sha256: str = ""


def fingerprint(content: Mapping[str, Any]) -> str:
    """SHA-256 of plain values, the same for the same values."""
    text = json.dumps(content, sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of the files of a folder."""
    digest = hashlib.sha256()
    files = (
        sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    )
    for file in files:
        if path.is_dir():
            digest.update(str(file.relative_to(path)).encode())
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    return digest.hexdigest()


def stamp(path: Path) -> str:
    """Return a short text that changes whenever a file, or one of a folder, does."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        found = file.stat()
        if file.is_file():
            line = f"{file.name} {found.st_size} {found.st_mtime_ns}\n"
            digest.update(line.encode())
    return digest.hexdigest()


class StepFiles:
    """The folder in which every finished step keeps its results.

    Parameters
    ----------
    folder
        The folder; it is made when the first step ends.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Checksums of files that this process wrote.
        self._ours: set[str] = set()

    def _paths(self, name: str) -> tuple[Path, Path]:
        return self._folder / f"{name}.h5ad", self._folder / f"{name}.json"

    def find(self, name: str, fingerprint_now: str) -> StepRecord | None:
        """StepRecord of a step that ended with the same fingerprint, if there is one.

        Raises
        ------
        DamagedStepError
            The record was damaged or changed since the step wrote it.
        """
        described = self._paths(name)[1]
        if not described.is_file():
            return None
        try:
            content = json.loads(described.read_text(encoding="utf-8"))
            checksum = content.pop("checksum")
            record = TypeAdapter(StepRecord).validate_python(content)
            for name in (*record.written, *record.removed):
                _place(name)
        except NO_RECORD as error:
            raise DamagedStepError(_damaged(described)) from error
        if checksum != fingerprint(content):
            raise DamagedStepError(_damaged(described))
        return record if record.fingerprint == fingerprint_now else None

    def save(
        self, record: StepRecord, elements: list[Element], adata: AnnData
    ) -> StepRecord:
        """Keep the results of a step; the record comes last, so it vouches for them.

        Returns
        -------
        The record with the checksum of the file that holds the results.
        """
        import anndata as ad

        self._folder.mkdir(parents=True, exist_ok=True)
        data, described = self._paths(record.name)
        described.unlink(missing_ok=True)
        small = ad.AnnData(obs=adata.obs[[]].copy())
        for element in elements:
            if element.value is not None:
                getattr(small, element.slot)[element.key] = element.value
        with _store.beside(data) as part:
            small.write_h5ad(part)
            kept = replace(record, sha256=file_sha256(part))
        self._ours.add(kept.sha256)
        content = json.loads(json.dumps(asdict(kept)))
        content["checksum"] = fingerprint(content)
        with _store.beside(described) as part:
            part.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        return kept

    def load(self, record: StepRecord) -> list[Element]:
        """Read the results of a step back, in the order in which it wrote them.

        Raises
        ------
        DamagedStepError
            The file is not the one that the step wrote.
        """
        import anndata as ad

        data = self._paths(record.name)[0]
        if not data.is_file() or file_sha256(data) != record.sha256:
            raise DamagedStepError(_damaged(data))
        try:
            if record.sha256 not in self._ours:
                # The folder may come from somebody else, with a checksum that fits.
                _store.probe(data, _store.Access(), parts=True)
            small = ad.read_h5ad(data)
        except (DataError, OSError) as error:
            # Also where somebody removes the folder at this moment.
            raise DamagedStepError(_damaged(data)) from error
        return [
            *(
                Element(slot, key, stored(slot, getattr(small, slot)[key]))
                for slot, key in map(_place, record.written)
            ),
            *(Element(slot, key, None) for slot, key in map(_place, record.removed)),
        ]


def _place(written: str) -> tuple[Slot, str]:
    slot, key = written.split("/", 1)
    if slot not in get_args(Slot):
        msg = f"no step writes into {slot!r}"
        raise ValueError(msg)
    return cast("Slot", slot), key


def _damaged(path: Path) -> str:
    return f"{path.parent.name}/{path.name} was changed or damaged after it was written"
