"""What a scoring run leaves in ``uns``, and how it is told in a methods section."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._methods.registry import METHODS
from dtpscore._records import Record
from dtpscore._values import WORDS
from dtpscore.signatures import USER_AXIS

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._options.score import ScoreOptions
    from dtpscore._values import Values


@dataclass(frozen=True, kw_only=True)
class ScoreRecord(Record):
    """How scores were made, all but their numbers.

    Attributes
    ----------
    params
        Options that decide the numbers, and where the matrix came from.
    coverage
        One row per signature: genes listed, found, renamed, missing, ambiguous and
        duplicated, and whether the coverage is low.
    axes
        One row per axis: signatures it has and uses, whether their coverage is low,
        and whether it is an own signature.
    provenance
        Versions, the paper of the method, and the source of every signature.
    values
        What the values of the matrix were taken for; None until lazy scores are
        computed.
    """

    made_by: ClassVar[str] = "dtpscore.tl.score"

    params: dict[str, Any]
    coverage: pd.DataFrame
    axes: pd.DataFrame
    provenance: dict[str, Any]
    values: str | None = None


def methods(options: ScoreOptions, sources: pd.DataFrame, version: str) -> list[str]:
    """Sentences about a run, as far as they are decided before values are read.

    Parameters
    ----------
    options
        The options.
    sources
        The signatures, with the column ``axis``.
    version
        Version of dtpscore.
    """
    own = int((sources["axis"].astype(str) == USER_AXIS).sum())
    shipped = len(sources) - own
    kinds = [
        f"{n} {what} gene signature{'' if n == 1 else 's'}"
        for n, what in ((shipped, "published"), (own, "own"))
        if n
    ]
    told = [
        f"Cells were scored on {' and '.join(kinds)} with dtpscore {version}, method "
        f"{options.method} ({METHODS[options.method].citation}).",
        _sign(options),
    ]
    if options.normalize == "log1p":
        told.append(
            "The values of each cell were scaled to a sum of 10,000 and "
            "log(1 + x) was taken before scoring."
        )
    if options.species != "human":
        told.append(
            f"The data are from {options.species}; genes of human signatures were "
            "matched by one-to-one ortholog."
        )
    if shipped:
        told.append(
            "Signatures were averaged into axes, each turned so that high means "
            f"more of the axis; signatures with under {options.min_coverage:.0%} of "
            "their genes in the data were left out where the axis had others."
        )
    if options.control:
        told.append(
            "Each score was compared with that of random gene sets of like expression "
            f"in the same cell ({options.n_bins} expression bins; mean and variance of "
            "the sampling without replacement are exact)."
        )
    return told


def _sign(options: ScoreOptions) -> str:
    down = "1" if options.w_neg == 1 else f"{options.w_neg:g}"
    clip = (
        "and scores below 0 were set to 0."
        if options.clip
        else "and scores are not clipped."
    )
    return f"Up genes count positive and down genes negative with weight {down}, {clip}"


def matrix_sentence(params: dict[str, Any]) -> str:
    """Say which matrix was scored."""
    layer = params.get("layer")
    what = "X" if layer is None else f"layer {layer!r}"
    return (
        f"The matrix that was scored is {'raw.X' if params.get('use_raw') else what}."
    )


def judged(record: ScoreRecord, values: Values) -> ScoreRecord:
    """Add to a record what the values were taken for."""
    told = [*record.methods, values_sentence(values.kind)]
    return replace(record, methods=told, values=values.kind)


def values_sentence(kind: str) -> str:
    """Say what the values were taken for."""
    return f"The values of the matrix were taken for {WORDS[kind]}."
