"""The format of a signature file and of the list of axes."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from dtpscore._types import Direction, Species  # noqa: TC001 (pydantic reads them)

# Names that a table in an h5ad or zarr file cannot give to a column.
RESERVED = frozenset({".", "..", "_index"})


def _column(name: str) -> str:
    if name in RESERVED or name != name.strip():
        msg = f"a table in a data file cannot have a column {name!r}"
        raise ValueError(msg)
    return name


Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=60)]
SetName = Annotated[
    str, Field(pattern=r"^[^/\x00-\x1f\x7f]+$"), AfterValidator(_column)
]
Text = Annotated[str, Field(min_length=1)]
# Genes of a user may have any name: a peak, a clone, a name in another script.
Symbol = Annotated[str, Field(pattern=r"^[^\s]([^\x00-\x1f]*[^\s])?$")]
Use = Literal["default", "optional", "lineage_gated", "nuisance", "evaluation"]

# What a spreadsheet makes of SEPT1, MARCH1 or DEC1.
DATE = re.compile(
    r"^(\d{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"|\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{2,4})$",
    re.IGNORECASE,
)

# Axis of signatures whose mechanism is not known: genes of a user.
USER_AXIS = "user"

_UNKNOWN = "Not known: these are genes of the user."
# What a signature says about itself where its maker says nothing.
_DEFAULTS: dict[str, Any] = {
    "axis": USER_AXIS,
    "direction": "two-sided",
    "direction_evidence": _UNKNOWN,
    "use": "optional",
    "context": _UNKNOWN,
    "provenance": {
        "citation": "genes of the user",
        "table": "none",
        "retrieved_from": "none",
        "version": "as given",
        "licence": "not stated",
        "redistributable": False,
        "derivation": "as listed",
        "confidence": "low",
    },
}
_HALVES = ("up", "down", "weights")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Provenance(_Frozen):
    """Where a list comes from.

    Parameters
    ----------
    citation
        Authors, year, journal.
    doi, pmid
        Identifiers of the paper, where the source gives them.
    table
        Table, sheet or set name in the source.
    retrieved_from
        File that the list was read from, with its version.
    version
        Release or commit of that file.
    licence
        Terms of the list.
    redistributable
        Whether the list may ship with the package.
    derivation
        What was done between the source and this file.
    confidence
        How sure it is that the list is what the paper reports.
    studies
        Keys of the persister studies whose data the list was made from. An
        evaluation on one of them must not use the list.

    See Also
    --------
    dtpscore.signatures.Signature : What has such a source.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> dtp.signatures.load("hallmark_hypoxia").provenance.licence
    'MSigDB, CC BY 4.0'
    """

    citation: Text
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    pmid: Annotated[str, Field(pattern=r"^\d+$")] | None = None
    table: Text
    retrieved_from: Text
    version: Text
    licence: Text
    redistributable: bool = True
    derivation: Text
    confidence: Literal["high", "medium", "low"]
    studies: tuple[Name, ...] = ()


class Genes(_Frozen):
    """Genes of a signature, by direction.

    Parameters
    ----------
    up, down
        Symbols. The score is that of ``up`` minus that of ``down``.
    weights
        Weights of some or all of them; 1 for the others.
    renamed
        Current symbol to the symbol that the source prints, where they differ.

    See Also
    --------
    dtpscore.signatures.Signature : What has such genes.

    Examples
    --------
    >>> from dtpscore.signatures import Genes
    >>> Genes(up=["VIM", "ZEB1"], down=["CDH1"]).up
    ('VIM', 'ZEB1')
    """

    up: tuple[Symbol, ...] = ()
    down: tuple[Symbol, ...] = ()
    weights: dict[Symbol, Annotated[float, Field(gt=0)]] | None = None
    renamed: dict[Symbol, str] | None = None

    @model_validator(mode="after")
    def _check(self) -> Genes:
        listed = [*self.up, *self.down]
        if not listed:
            msg = "a signature needs at least one gene in up or down"
            raise ValueError(msg)
        for label, genes in (("up", self.up), ("down", self.down)):
            repeated = sorted(gene for gene, n in Counter(genes).items() if n > 1)
            if repeated:
                msg = f"listed more than once in {label}: {', '.join(repeated)}"
                raise ValueError(msg)
        both = sorted(set(self.up) & set(self.down))
        if both:
            msg = f"in up and in down: {', '.join(both)}"
            raise ValueError(msg)
        dates = [gene for gene in listed if DATE.match(gene)]
        if dates:
            msg = (
                f"a spreadsheet turned gene names into dates: {', '.join(dates)}. "
                "Take the names from the source again (SEPTIN1, MARCHF1, ...)"
            )
            raise ValueError(msg)
        for label in ("weights", "renamed"):
            unlisted = sorted(set(getattr(self, label) or {}) - set(listed))
            if unlisted:
                msg = f"{label} names genes that are not listed: {', '.join(unlisted)}"
                raise ValueError(msg)
        return self


class Signature(_Frozen):
    """A gene signature with its source and what it is expected to do.

    ``Signature(name="mine", up=["VIM", "ZEB1"], down=["CDH1"])`` is enough for genes
    of your own. What is left out gets the value that says "not known": the axis
    ``user``, the direction ``two-sided``, and a source that is the user. Files that
    ship with the package state every field.

    Parameters
    ----------
    schema_version
        Version of the file format.
    name
        Unique name; the stem of the file. Any text that can name a column of a data
        file: without ``/`` and control characters.
    title
        One line for people; the name where none is given.
    axis
        Mechanism it belongs to, a key of ``axes.toml``.
    orientation
        Whether a high score means more (``with``) or less (``against``) of the axis.
    direction
        How its score is expected to move from parental to persister cells.
    direction_evidence
        The published contrasts behind ``direction``.
    use
        ``default`` and ``nuisance`` signatures are scored unless others are asked
        for; ``lineage_gated`` ones make sense in one lineage only; ``evaluation``
        ones exist so that a method can be tested without circularity.
    species, gene_id
        Species and kind of the gene names.
    context
        Tumor, cells, drug and contrast of the source.
    provenance, genes
        Source and content. ``up``, ``down`` and ``weights`` may be given in the place
        of ``genes``.

    See Also
    --------
    dtpscore.signatures.load : A shipped signature.
    dtpscore.signatures.from_dict : Several of your own.

    Examples
    --------
    >>> from dtpscore.signatures import Signature
    >>> mine = Signature(name="mine", up=["VIM", "ZEB1"], down=["CDH1"])
    >>> mine.genes.down
    ('CDH1',)
    """

    schema_version: Literal[1] = 1
    name: SetName
    title: Text
    axis: Name
    orientation: Literal["with", "against"] = "with"
    direction: Direction
    direction_evidence: Text
    use: Use
    species: Species = "human"
    gene_id: Literal["symbol"] = "symbol"
    context: Text
    provenance: Provenance
    genes: Genes

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        content = {"title": given.get("name"), **_DEFAULTS, **given}
        if "genes" not in content:
            content["genes"] = {k: content.pop(k) for k in _HALVES if k in content}
        return content

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the content; layout and comments of the file do not count."""
        content = json.dumps(
            self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(content.encode()).hexdigest()


class Axis(_Frozen):
    """A mechanism that signatures are grouped under.

    Parameters
    ----------
    name, title
        Key and a title for people.
    kind
        ``persister`` mechanism, ``engagement`` (whether the drug hits its target),
        ``lineage`` (meaningful in one lineage only), ``ambiguous`` (claimed as a
        mechanism and known as a confounder) or ``nuisance`` (technical or
        confounding).
    direction
        Expected direction of the axis in persisters; ``two-sided`` where published
        contrasts disagree.
    proxy
        The mechanism is not itself visible in RNA; what is scored stands in for it.
    summary
        What the reviews claim and what the contrasts show.
    confounders
        What else moves the axis.

    See Also
    --------
    dtpscore.signatures.axes : All axes.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> dtp.signatures.axes()["hypoxia"].kind
    'ambiguous'
    """

    name: Name
    title: Text
    kind: Literal["persister", "engagement", "lineage", "ambiguous", "nuisance"]
    direction: Direction
    proxy: bool = False
    summary: Text
    confounders: tuple[Text, ...] = ()


def problems(error: ValidationError) -> str:
    """Everything that a failed validation found, in one line."""
    return "; ".join(
        f"{'.'.join(str(part) for part in entry['loc']) or 'file'}: "
        f"{entry['msg'].removeprefix('Value error, ')}"
        for entry in error.errors()
    )


def json_schema() -> dict[str, Any]:
    """JSON schema of a signature file.

    Returns
    -------
    The schema (draft 2020-12) as a dictionary that ``json.dump`` writes.

    See Also
    --------
    dtpscore.signatures.Signature : The model that the schema describes.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> dtp.signatures.json_schema()["title"]
    'dtpscore signature'
    """
    schema = Signature.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "dtpscore signature"
    return schema
