"""Whether cells like the called ones were there before treatment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CONFIDENCE = 0.95
METHOD = (
    "Untreated cells that had moved at least as far as half of the called cells were "
    "counted, with an exact binomial interval (Clopper and Pearson 1934, "
    "doi:10.1093/biomet/26.4.404)."
)


@dataclass(frozen=True)
class Before:
    """Untreated cells that are as far out as half of the called cells.

    Attributes
    ----------
    n_like, n_reference
        Their number, and that of all untreated cells.
    low, high
        Exact 95% interval of their share.
    """

    n_like: int
    n_reference: int
    low: float
    high: float

    def row(self) -> dict[str, Any]:
        """Columns of the calibration table."""
        return {
            "like_before": self.n_like,
            "like_before_share": self.n_like / self.n_reference,
            "like_before_low": self.low,
            "like_before_high": self.high,
        }

    def sentence(self) -> str:
        """Say what this means for selection and induction."""
        of = f"{self.n_like or 'none'} of {self.n_reference:,} untreated cells"
        far = "as far out as half of the called cells"
        if self.n_like:
            verb = "is" if self.n_like == 1 else "are"
            return (
                f"{of} ({self.n_like / self.n_reference:.1%}, 95% interval "
                f"{self.low:.1%} to {self.high:.1%}) {verb} {far}: cells that far out "
                "are there before treatment, so selection cannot be excluded."
            )
        return (
            f"{of} is {far}: cells that far out were not seen before treatment (under "
            f"{self.high:.1%}). Rarer ones could still have been selected; clones "
            "would tell (clone_key, tl.lineages)."
        )


NONE_CALLED: dict[str, Any] = {
    "like_before": np.nan,
    "like_before_share": np.nan,
    "like_before_low": np.nan,
    "like_before_high": np.nan,
}


def before_treatment(
    shift: NDArray[np.float64],
    called: NDArray[np.bool_],
    reference: NDArray[np.bool_],
) -> Before | None:
    """Count the untreated cells that are like the called ones.

    An untreated cell has the shift of a model that did not see its sample, so that it
    is not pulled back by having been a reference cell.

    Parameters
    ----------
    shift
        float64 (cells,): held-out shift of the reference cells and of a group.
    called, reference
        bool (cells,): called cells of the group, and reference cells.

    Returns
    -------
    The count and its interval; None without called cells.
    """
    from scipy.stats import binomtest

    if not called.any():
        return None
    typical = np.median(shift[called])
    like = int((shift[reference] >= typical).sum())
    n = int(reference.sum())
    interval = binomtest(like, n).proportion_ci(_CONFIDENCE, method="exact")
    return Before(like, n, float(interval.low), float(interval.high))
