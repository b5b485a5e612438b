"""Which method suits the values of a matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dtpscore._matrix.blocks import Normalize
    from dtpscore._types import MethodName
    from dtpscore._values import Values

# UCell looks at this many genes of a cell unless asked otherwise. Where half of the
# cells have values for more than four times as many, most genes count as not expressed.
UCELL_RANK = 1500
DEEP = 4


@dataclass(frozen=True)
class Advice:
    """A method that suits the values.

    Attributes
    ----------
    method, normalize
        Arguments of `dtpscore.tl.score`. ``method`` is None where no method suits.
    sentence
        What is advised, and why.
    """

    method: MethodName | None
    normalize: Normalize | None
    sentence: str

    @property
    def arguments(self) -> str:
        """The arguments as they are typed."""
        given = f"method={self.method!r}"
        return given + (f", normalize={self.normalize!r}" if self.normalize else "")


def is_deep(values: Values, max_rank: float = UCELL_RANK) -> bool:
    """Whether `max_rank` ranks leave out most of the genes that have a value."""
    return values.n_detected > DEEP * max_rank


def recommended(values: Values) -> Advice:
    """Choose the method that suits the values.

    Ranks suit shallow cells, whose values are few and noisy. In deep cells and bulk
    profiles the first 1,500 ranks hold the most abundant genes alone: of 118 changes
    of default signatures in bulk profiles of four melanoma lines, 82% went the way of
    their genes with UCell as it is, 97% with ``max_rank`` raised to 15,000, and 99%
    with the z-score.

    Parameters
    ----------
    values
        What the values are.

    Returns
    -------
    The method, or None for scaled values, which hold no expression level.
    """
    if values.kind == "scaled":
        return Advice(
            None,
            None,
            "No method suits scaled values. Score the layer (or raw) with counts or "
            "log values.",
        )
    if is_deep(values):
        chosen = Advice("zscore", values.normalize, "")
        why = (
            f"half of the cells (or profiles) have values for {values.n_detected:,.0f} "
            "genes or more, as bulk profiles and deep cells have"
        )
    else:
        chosen = Advice("ucell", None, "")
        why = "the cells are shallow, and ranks do not depend on depth or logarithm"
    return replace(chosen, sentence=f"{chosen.arguments} suits: {why}.")
