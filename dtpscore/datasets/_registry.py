"""The public data sets that dtpscore can fetch: what they are and where they lie."""

from __future__ import annotations

import difflib
import tomllib
from functools import cache
from importlib.resources import files as package_files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dtpscore.errors import DataError

REGISTRY = "registry.toml"

Value = str | int


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class File(_Frozen):
    """One file of a data set.

    Attributes
    ----------
    name
        File name, on the server, in the cache and in a local mirror.
    url
        Address; empty where the file is only in a local mirror.
    sha256
        Checksum; None where it could not be determined.
    size
        Bytes.
    obs
        Annotation of all cells of the file.
    cells
        Table that annotates the cells of this file.
    """

    name: Annotated[str, Field(pattern=r"^[\w.+-]+$")]
    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    size: Annotated[int, Field(gt=0)] | None = None
    obs: dict[str, Value] = {}
    cells: File | None = None

    def parts(self) -> list[File]:
        """List this file and the table of its cells."""
        return [self] if self.cells is None else [self, self.cells]


class Dataset(_Frozen):
    """One data set: its source, its files and how to read them.

    Attributes
    ----------
    title
        What it is, in one line.
    kind
        Whether a row is a cell or a bulk sample.
    accession, paper, doi, licence, platform, species
        Where it comes from, and how it may be used.
    n_obs, n_vars
        Shape after loading; None where it was never loaded.
    note
        What a user must know before reading anything from it.
    labels
        Column of ``obs`` to label to meaning.
    obs
        Annotation that all rows share.
    by_day
        Annotation that follows from the day.
    columns
        Columns kept of the tables of cells, with their name in ``obs``.
    keep
        Column of ``obs`` to the label of the cells that are kept.
    name_pattern
        Regular expression whose named groups annotate a row by its name.
    genes
        What the gene names in the files are.
    min_genes
        Cells with fewer detected genes are dropped.
    files
        The files.
    instead
        Files to download where ``files`` have no address and are not there.
    """

    title: str
    kind: Literal["single-cell", "bulk"]
    accession: str
    paper: str
    doi: Annotated[str, Field(pattern=r"^(10\.\d{4,}/\S+)?$")]
    licence: str
    platform: str
    species: Literal["human"]
    n_obs: int | None = None
    n_vars: int | None = None
    note: str
    labels: dict[str, dict[str, str]]
    obs: dict[str, Value] = {}
    by_day: dict[str, dict[str, Value]] = {}
    columns: dict[str, str] = {}
    keep: dict[str, str] = {}
    name_pattern: str | None = None
    genes: Literal["symbol", "ensembl"] = "symbol"
    min_genes: int = 0
    files: Annotated[tuple[File, ...], Field(min_length=1)]
    instead: tuple[File, ...] = ()

    @property
    def checked(self) -> bool:
        """Whether every file has a known checksum."""
        return all(part.sha256 for file in self.files for part in file.parts())

    @model_validator(mode="after")
    def _every_label_has_a_meaning(self) -> Dataset:
        rows = [self.obs, *self.by_day.values()]
        rows += [file.obs for file in (*self.files, *self.instead)]
        for column, meanings in self.labels.items():
            used = {str(row[column]) for row in rows if column in row}
            if used - set(meanings):
                msg = f"no meaning for {column} {sorted(used - set(meanings))}"
                raise ValueError(msg)
        return self


@cache
def registry() -> dict[str, Dataset]:
    """Read the registry, in its own order."""
    path = package_files("dtpscore.datasets") / REGISTRY
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        return {name: Dataset.model_validate(entry) for name, entry in content.items()}
    except ValidationError as error:
        msg = f"{REGISTRY} is malformed: {error}"
        raise DataError(msg) from error


def entry(name: str) -> Dataset:
    """Look up one data set.

    Raises
    ------
    DataError
        There is no such data set.
    """
    known = registry()
    if name not in known:
        parts = [key for key, one in known.items() if name.upper() in one.accession]
        near = parts or difflib.get_close_matches(name.lower(), known, n=1)
        hint = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
        msg = f"There is no data set {name!r}. {hint}Available: {', '.join(known)}."
        raise DataError(msg)
    return known[name]
