"""What can be said without reference cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def mixture_note(index: NDArray[np.float64], *, seed: int) -> tuple[float, str]:
    """Whether the index of a population has two parts, for display only.

    A mixture always finds a cut, also where nothing differs, so it calls nothing
    here; it says whether two normal distributions fit better than one.

    Parameters
    ----------
    index
        Index of the cells.
    seed
        Seed of the fit.

    Returns
    -------
    Difference in the Bayesian information criterion, one component less two (above 0
    prefers two), and a sentence.
    """
    from sklearn.mixture import GaussianMixture

    values = index.reshape(-1, 1)
    one, two = (
        GaussianMixture(n, random_state=seed).fit(values).bic(values) for n in (1, 2)
    )
    gain = float(one - two)
    found = "two parts" if gain > 0 else "one part"
    return gain, (
        f"No reference cells: the index ranks cells and is not calibrated. Its "
        f"distribution has {found} (difference in BIC {gain:.0f})."
    )
