"""Whether a group moved as a whole: a claim about samples, not about cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._statistics.moves import whole_move
from dtpscore._statistics.public_libraries import ASSUMED, public_libraries
from dtpscore._statistics.samples import sample_means, units_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

METHOD = (
    "Whether a group moved as a whole was tested with the sample as the unit: the mean "
    "square over signatures of the difference between the arms was compared with the "
    "variance between samples of one arm (F test), which was drawn toward that of "
    "public replicate libraries (Smyth 2004, doi:10.2202/1544-6115.1027)."
)


@dataclass(frozen=True)
class GroupMove:
    """What the samples say of a move of the whole group.

    Attributes
    ----------
    size, low, high
        Root mean square over signatures of the difference between the arms, less what
        samples differ by chance, in standard deviations of the cells of a sample, and
        its 95% interval.
    pvalue
        p-value of the null hypothesis that the arms do not differ.
    n_reference, n_samples
        Samples (or patients) of each arm that the test rests on.
    assumed
        Whether the variance between samples is an assumption, because each arm has one
        sample.
    """

    size: float
    low: float
    high: float
    pvalue: float
    n_reference: int
    n_samples: int
    assumed: bool

    def row(self) -> dict[str, Any]:
        """Columns of the table of what calls rest on."""
        return {
            "move": self.size,
            "move_low": self.low,
            "move_high": self.high,
            "move_pvalue": self.pvalue,
            "move_assumed": self.assumed,
        }

    def sentence(self, alpha: float) -> str:
        """Say what was found; it begins in lower case."""
        how = (
            f"{self.size:.2f} SD per signature (95% interval {self.low:.2f} to "
            f"{self.high:.2f}, p = {self.pvalue:.2g}; {self.n_reference} untreated and "
            f"{self.n_samples} treated samples)"
        )
        found = (
            "the group moved as a whole"
            if self.pvalue <= alpha
            else ("the samples do not show that the group moved as a whole")
        )
        text = f"{found}: {how}"
        if self.assumed:
            text += f". How much two samples differ is {ASSUMED}, not measured here"
        return f"{text}."


def _sample_means_in_sd(
    values: NDArray[np.float64], sample: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mean of each sample in SD of the cells of a sample, and a row of each.

    Every sample counts once, in the unit as well.
    """
    names, first = np.unique(sample, return_index=True)
    parts = [values[sample == name] for name in names]
    unit = np.sqrt(np.mean([part.var(axis=0) for part in parts], axis=0))
    means = sample_means(values, sample)[:, unit > 0]
    return means / unit[unit > 0], first


def group_move(
    values: NDArray[np.float64],
    sample: NDArray[np.int64],
    reference: NDArray[np.bool_],
    pair: NDArray[np.str_],
    *,
    exclude_studies: Iterable[str] = (),
) -> GroupMove:
    """Test whether the samples of a group moved, over all signatures together.

    Parameters
    ----------
    values
        float64 (cells, signatures): scores of the reference and the group.
    sample, reference, pair
        Sample of each cell, whether it is a reference cell, and its patient.
    exclude_studies
        Studies whose libraries say nothing here, because the data are theirs.

    Returns
    -------
    Size, interval and p-value.
    """
    means, first = _sample_means_in_sd(values, sample)
    codes = np.unique(pair[first], return_inverse=True)[1].astype(np.int64)
    units = units_of(means, ~reference[first], codes)
    public = public_libraries(exclude_studies)
    found = whole_move(
        units.values,
        units.treated,
        independent=public.independent,
        prior=public.whole,
        stratum=units.pair,
    )
    n_samples = int(units.treated.sum())
    n_reference = len(units.treated) - n_samples
    return GroupMove(
        size=found.size,
        low=found.low,
        high=found.high,
        pvalue=found.pvalue,
        n_reference=n_reference,
        n_samples=n_samples,
        assumed=n_reference == n_samples == 1,
    )
