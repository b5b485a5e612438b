"""Sentences about groups and batches, one for all that it is true of."""

from __future__ import annotations

from dataclasses import dataclass, field

# More places than this are counted, not named.
_MOST = 6


def where(batch: str, group: str | None = None) -> str:
    """Beginning of a sentence about a group of a batch, or about either."""
    parts = [] if batch == "all" else [f"batch {batch!r}"]
    parts += [] if group is None else [f"group {group!r}"]
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}: " if text else ""


@dataclass
class Limits:
    """What a run cannot show, each sentence with the places it is true of.

    Attributes
    ----------
    places
        Batch and group by sentence, in the order in which they were added.
    general
        Sentences about the whole run.
    """

    places: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)

    def add(self, batch: str, group: str, sentence: str) -> None:
        """Add a sentence about a group of a batch; it begins in lower case."""
        self.places.setdefault(sentence, []).append((batch, group))

    def sentences(self) -> list[str]:
        """Every sentence once, led by the groups that it is about."""
        return [
            *(f"{_led(places)}{text}" for text, places in self.places.items()),
            *self.general,
        ]


def _led(places: list[tuple[str, str]]) -> str:
    if len(places) == 1:
        return where(*places[0])
    batches = list(dict.fromkeys(batch for batch, _ in places))
    if len(places) > _MOST:
        within = "" if batches == ["all"] else f" in {len(batches)} batches"
        return f"{len(places)} groups{within}: "
    groups = list(dict.fromkeys(group for _, group in places))
    if len(places) != len(batches) * len(groups):
        first, *rest = (where(*one).removesuffix(": ") for one in places)
        return (
            "; ".join([first, *(f"{one[0].lower()}{one[1:]}" for one in rest)]) + ": "
        )
    own = _named("group", "groups", groups)
    text = (
        own if batches == ["all"] else f"{_named('batch', 'batches', batches)}, {own}"
    )
    return f"{text[0].upper()}{text[1:]}: "


def _named(one: str, many: str, names: list[str]) -> str:
    return f"{one if len(names) == 1 else many} {', '.join(map(repr, names))}"
