"""The experiments of `stress.py`: nulls in which no cell is a persister, and power."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stress_population import CONTEXTS
from stress_simulator import Library, Setting

if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARY_SDS = (0.1, 0.2, 0.3, 0.4)
SHARES = (0.03, 0.1, 0.3, 0.6, 1.0)


@dataclass(frozen=True)
class Design:
    """One kind of experiment.

    Attributes
    ----------
    name
        What the table calls it.
    kind
        ``library``: untreated and treated libraries are exchangeable; ``not
        persisters``: treated cells differ, by something that is no persister state;
        ``not replicates``: the untreated libraries are lanes; ``power``: there are
        persisters.
    build
        Libraries and setting for a run, by its number.
    """

    name: str
    kind: str
    build: Callable[[int], tuple[list[Library], Setting]]


def arms(
    untreated: tuple[int, int], treated: tuple[int, int], **kind: Any
) -> list[Library]:
    """Libraries of two arms, each given as number of libraries and of their cells.

    What is in ``kind`` holds for the treated libraries alone.
    """
    before = [Library(f"untreated_{n}", untreated[1]) for n in range(untreated[0])]
    after = [
        Library(f"treated_{n}", treated[1], treated=True, **kind)
        for n in range(treated[0])
    ]
    return before + after


def _sized(
    untreated: tuple[int, int], treated: tuple[int, int]
) -> Callable[[int], tuple[list[Library], Setting]]:
    """Exchangeable libraries of given sizes; the library factors differ by run."""

    def build(run: int) -> tuple[list[Library], Setting]:
        sd = LIBRARY_SDS[run % len(LIBRARY_SDS)]
        return arms(untreated, treated), Setting(library_sd=sd)

    return build


def _different(
    n_untreated: int = 3, *, day_sd: float = 0.15, **kind: Any
) -> Callable[[int], tuple[list[Library], Setting]]:
    """Treated cells that differ, but are no persisters; library SD 0.1 or 0.2."""

    def build(run: int) -> tuple[list[Library], Setting]:
        setting = Setting(
            library_sd=LIBRARY_SDS[run % 2],
            day_sd=day_sd,
            clone=CONTEXTS[4 + run % 3],
        )
        return arms((n_untreated, 200), (1, 200), **kind), setting

    return build


def _clone(before: float, after: float):
    """A subclone that is rarer before treatment than after."""

    def build(run: int) -> tuple[list[Library], Setting]:
        libraries, setting = _different(clone=after)(run)
        return [
            one if one.treated else replace(one, clone=before) for one in libraries
        ], setting

    return build


def _lanes(n_lanes: int):
    """Lanes of one untreated library beside a library that is not of it."""

    def build(run: int) -> tuple[list[Library], Setting]:
        libraries, setting = _sized((n_lanes, 200), (1, 200))(run)
        return [
            one if one.treated else replace(one, lane_of="untreated_0")
            for one in libraries
        ], setting

    return build


def _power(share: float, untreated: int, treated: int):
    """Persisters of one of seven real contrasts; library SD 0.1 or 0.2."""

    def build(run: int) -> tuple[list[Library], Setting]:
        setting = Setting(
            library_sd=LIBRARY_SDS[(run // len(CONTEXTS)) % 2],
            context=CONTEXTS[run % len(CONTEXTS)],
        )
        return arms((untreated, 200), (treated, 200), persisters=share), setting

    return build


def _named_sizes(untreated: tuple[int, int], treated: tuple[int, int]) -> str:
    arms = (f"{n} x {cells:,}" for n, cells in (untreated, treated))
    return " + ".join(arms)


_SIZES = [
    ((6, 80), (1, 800)),
    ((3, 100), (1, 1000)),
    ((2, 300), (1, 150)),
    ((1, 200), (1, 200)),
    ((2, 200), (1, 200)),
    ((2, 200), (2, 200)),
    ((3, 200), (1, 200)),
    ((3, 200), (3, 200)),
    ((4, 200), (2, 200)),
    ((6, 200), (3, 200)),
]
_OTHER = {
    "clone, 2% before and 40% after": _clone(0.02, 0.4),
    "clone, 10% before and 40% after": _clone(0.1, 0.4),
    "clone, none before and 20% after": _clone(0.0, 0.2),
    "foreign ambient, 3%": _different(ambient=0.03, foreign=True),
    "foreign ambient, 10%": _different(ambient=0.1, foreign=True),
    "foreign ambient, 20%": _different(ambient=0.2, foreign=True),
    "own ambient, 20%": _different(ambient=0.2),
    "stress in half of the cells": _different(stressed=0.5),
    "interferon in half of the cells": _different(interferon=0.5),
    "half of the cells arrested": _different(arrested=0.5),
    "doublets, 20%": _different(doublets=0.2),
    "depth 1,000 against 3,000": _different(depth=1000.0),
    "shared treatment day, SD 0.15": _different(day="treatment"),
    "shared treatment day, SD 0.3": _different(day="treatment", day_sd=0.3),
}


def designs() -> list[Design]:
    """All designs, nulls first."""
    found = [
        Design(_named_sizes(*sizes), "library", _sized(*sizes)) for sizes in _SIZES
    ]
    found += [
        Design(f"{n} lanes of one library + 1", "not replicates", _lanes(n))
        for n in (2, 3)
    ]
    found += [Design(name, "not persisters", one) for name, one in _OTHER.items()]
    for untreated, treated in ((1, 1), (2, 2), (3, 1), (3, 3), (6, 1)):
        found += [
            Design(
                f"{share:.0%} persisters, {untreated} + {treated}",
                "power",
                _power(share, untreated, treated),
            )
            for share in SHARES
        ]
    return found
