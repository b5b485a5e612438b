"""How hard a simulated experiment is to read."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

DifficultyName: TypeAlias = Literal["easy", "medium", "hard"]


@dataclass(frozen=True)
class Difficulty:
    """Sizes of the effects that are wanted and of those that get in the way.

    Attributes
    ----------
    strength
        Mean change of a programme gene at full progress, log2.
    opposite
        Share of programme genes that move against their programme.
    asynchrony
        Spread of the speed of cells of one sample, standard deviation of the log.
    activity_noise
        Spread of programme activity between cells, where full activity is 1.
    sample_activity
        Spread of programme activity between samples.
    sample_genes
        Spread of single genes between samples, log2.
    drug_response
        Mean change of genes that answer the drug in every treated cell, log2.
    depth_spread
        Spread of mean depth between samples, standard deviation of the log.
    dropout
        Largest share of molecules of a rare gene that a sample loses in addition.
    """

    strength: float
    opposite: float
    asynchrony: float
    activity_noise: float
    sample_activity: float
    sample_genes: float
    drug_response: float
    depth_spread: float
    dropout: float


DIFFICULTIES: Mapping[str, Difficulty] = MappingProxyType(
    {
        "easy": Difficulty(1.0, 0.10, 0.4, 0.10, 0.02, 0.10, 0.3, 0.10, 0.1),
        "medium": Difficulty(0.7, 0.15, 0.7, 0.20, 0.06, 0.20, 0.5, 0.25, 0.2),
        "hard": Difficulty(0.45, 0.25, 1.0, 0.30, 0.12, 0.35, 0.7, 0.40, 0.4),
    }
)
