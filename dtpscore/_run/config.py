"""Every choice of a run, as one record that is read from and written to TOML."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dtpscore.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class RunConfig(BaseModel):
    """Choices of ``dtpscore run``.

    Attributes
    ----------
    groupby, reference
        Column of ``obs`` with the groups, and its reference group.
    sample_key, batch_key, pair_key, replicate_key, time_key, days_key
        Columns of ``obs`` with samples, tumors or batches, patients, replicate
        series, times or doses, and days on drug.
    cell_type_key, malignant
        Column with cell types, and those that are tumor cells.
    survival
        How it is known that treated cells survived, in words.
    holiday
        Groups after a drug holiday or at relapse.
    layer, gene_symbols, species
        Matrix, column of gene names and species of the data.
    method
        Scoring method.
    alpha
        False discovery rate of the calls.
    gmt
        A GMT file of further gene sets for the enrichment.
    permutations
        Random gene sets of the enrichment.
    seed
        Seed of every step that draws.
    title
        Title of the report.
    skip
        Steps to leave out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    groupby: str = "condition"
    reference: str
    sample_key: str | None = None
    batch_key: str | None = None
    pair_key: str | None = None
    cell_type_key: str | None = None
    malignant: tuple[str, ...] = ()
    days_key: str | None = None
    survival: str | None = None
    replicate_key: str | None = None
    time_key: str | None = None
    holiday: tuple[str, ...] = ()
    layer: str | None = None
    gene_symbols: str | None = None
    species: Literal["human", "mouse"] = "human"
    method: Literal["ucell", "aucell", "tirosh", "zscore", "mean", "ssgsea"] = "ucell"
    alpha: float = Field(default=0.05, gt=0, lt=1)
    gmt: str | None = None
    permutations: int = Field(default=1000, ge=10)
    seed: int = Field(default=0, ge=0)
    title: str = "Drug-tolerant persister states"
    skip: tuple[Literal["call", "pseudotime", "trends", "enrich"], ...] = ()


def _toml_value(value: Any) -> str:
    # JSON writes strings, numbers, booleans and flat lists as TOML does.
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def to_toml(config: RunConfig) -> str:
    """Text of a TOML file from which `load_config` makes the same record."""
    lines = [
        f"{name} = {_toml_value(value)}"
        for name, value in config.model_dump().items()
        if value is not None
    ]
    return "\n".join(lines) + "\n"


def load_config(path: Path | None, given: Mapping[str, Any]) -> RunConfig:
    """Read the choices of a run.

    Parameters
    ----------
    path
        A TOML file with the fields of `RunConfig`, or None.
    given
        Choices that win over the file.

    Raises
    ------
    DataError
        The file does not exist or is malformed.
    OptionError
        A choice is missing, unknown or out of range.
    """
    content: dict[str, Any] = {}
    if path is not None:
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            msg = f"{path} cannot be read: {error.strerror}."
            raise DataError(msg) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            msg = f"{path} is not a valid TOML file: {error}."
            raise DataError(msg) from error
    try:
        config = RunConfig.model_validate({**content, **given})
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}"
            for entry in error.errors()
        )
        where = "The run" if path is None else f"The run ({path})"
        known = ", ".join(RunConfig.model_fields)
        msg = f"{where} cannot start. {wrong}. Known choices: {known}."
        raise OptionError(msg) from error
    return config
