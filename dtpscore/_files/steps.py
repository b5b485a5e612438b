"""The steps that commands and runs are made of; each is one function of ``tl``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dtpscore import tl
from dtpscore._keys import (
    CALL,
    COMPARE,
    CONTRIBUTIONS,
    ENGAGEMENT,
    ENRICHMENT,
    LINEAGE,
    PROGRAMS,
    PSEUDOTIME,
    RESISTANCE,
    SCORES,
    TRENDS,
    VULNERABILITIES,
)
from dtpscore._options.run import STEP_OPTIONS

if TYPE_CHECKING:
    from anndata import AnnData

    from dtpscore._options.base import Options


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    name
        Short name, also that of its file in a run.
    title
        What a person reads while it is done.
    function
        Name of the function of ``tl`` that computes it and writes into the AnnData.
    tables
        Names of the tables that it may write; ``*`` stands for anything.
    needs
        Steps without whose results it cannot be done.
    after
        Steps whose results it uses where they exist.
    """

    name: str
    title: str
    function: str
    tables: tuple[str, ...]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def options(self) -> type[Options]:
        """The model of its options."""
        return STEP_OPTIONS[self.name]

    def work(self, adata: AnnData, options: Options, **more: Any) -> None:
        """Do the step on data in memory.

        Parameters
        ----------
        adata
            The data; results are written into it.
        options
            The options of the step.
        more
            Arguments in place of an option, such as signatures read from a file.
        """
        function = getattr(tl, self.function)
        given = {name: getattr(options, name) for name in type(options).model_fields}
        function(adata, **{**given, **more})


SCORE = Step(
    name="score",
    title="score signatures and axes",
    function="score",
    tables=(f"{SCORES}*",),
)
CALLS = Step(
    name="call",
    title="call cells against the reference",
    function="call",
    tables=(f"{CALL}*", CONTRIBUTIONS),
)
ORDER = Step(
    name="pseudotime",
    title="order the cells",
    function="pseudotime",
    tables=(f"{PSEUDOTIME}*",),
    after=("call",),
)
FOLLOW = Step(
    name="trends",
    title="follow the axes along the order",
    function="trends",
    tables=(f"{TRENDS}*",),
    needs=("pseudotime",),
)
ENRICH = Step(
    name="enrich",
    title="test gene sets",
    function="enrich",
    tables=(f"{ENRICHMENT}*",),
)
ARMS = Step(
    name="compare",
    title="compare the arms",
    function="compare",
    tables=(f"{COMPARE}*",),
    needs=("score",),
    after=("call",),
)
NEAREST = Step(
    name="programs",
    title="look for the nearest program",
    function="programs",
    tables=(f"{PROGRAMS}*",),
)
HIT = Step(
    name="engagement",
    title="ask whether the target was hit",
    function="engagement",
    tables=(f"{ENGAGEMENT}*",),
    needs=("score",),
    after=("call",),
)
CLONES = Step(
    name="lineages",
    title="follow the clones",
    function="lineages",
    tables=(f"{LINEAGE}*",),
    after=("score", "call"),
)
LATE = Step(
    name="resistance",
    title="weigh persister against resistant",
    function="resistance",
    tables=(f"{RESISTANCE}*",),
    needs=("score",),
    after=("call", "lineages"),
)
TRY = Step(
    name="vulnerabilities",
    title="look at published vulnerabilities",
    function="vulnerabilities",
    tables=(f"{VULNERABILITIES}*",),
    after=("score", "call"),
)
STEPS = (SCORE, CALLS, ORDER, FOLLOW, ENRICH, ARMS, NEAREST, HIT, CLONES, LATE, TRY)
