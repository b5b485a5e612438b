"""Constants of the methods, which the written pages name as ``{{ name }}``."""

from __future__ import annotations

import numpy as np

from dtpscore._calling import second_population, states
from dtpscore._ordering import ordinal
from dtpscore._plan.simulate import LEAST_CALLED
from dtpscore._statistics.public_libraries import public_libraries
from dtpscore.signatures import _directions


def constants() -> dict[str, str]:
    """Values as text, by the name that the pages use."""
    along = public_libraries().along
    return {
        "population_ratio": f"{np.exp(second_population.THRESHOLD):.0f}",
        "low_index": f"{states.LOW_INDEX:.0%}",
        "early_days": f"{states.EARLY_DAYS:g}",
        "ridge": f"{ordinal._RIDGE:g}",
        "library_variance": f"{along.variance:.2g}",
        "library_freedom": f"{along.freedom:.2g}",
        "min_votes": str(_directions.MIN_VOTES),
        "min_context_votes": str(_directions.MIN_CONTEXT_VOTES),
        "min_agreement": f"{_directions.MIN_AGREEMENT:.0%}",
        "least_called": f"{LEAST_CALLED:.0%}",
        "levels": " ".join(
            f"**{name}**: {words}." for name, words in states.LEVELS.items()
        ),
    }
