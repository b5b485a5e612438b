"""Options of a whole run, and how the options of every step follow from them."""

from __future__ import annotations

from copy import copy
from typing import Any, Literal

from pydantic import Field, model_validator

from dtpscore._options.base import Options
from dtpscore._options.call import CallOptions
from dtpscore._options.compare import CompareOptions
from dtpscore._options.engagement import EngagementOptions
from dtpscore._options.enrich import EnrichOptions
from dtpscore._options.fields import Label, Names
from dtpscore._options.lineages import LineageOptions
from dtpscore._options.order import OrderOptions
from dtpscore._options.programs import ProgramsOptions
from dtpscore._options.report import ReportOptions
from dtpscore._options.resistance import ResistanceOptions
from dtpscore._options.score import ScoreOptions
from dtpscore._options.trends import TrendOptions
from dtpscore._options.vulnerabilities import VulnerabilityOptions
from dtpscore._types import MethodName, Species
from dtpscore.errors import OptionError

# The options of each step; a run does them in this order.
STEP_OPTIONS: dict[str, type[Options]] = {
    "score": ScoreOptions,
    "call": CallOptions,
    "pseudotime": OrderOptions,
    "trends": TrendOptions,
    "enrich": EnrichOptions,
    "compare": CompareOptions,
    "programs": ProgramsOptions,
    "engagement": EngagementOptions,
    "lineages": LineageOptions,
    "resistance": ResistanceOptions,
    "vulnerabilities": VulnerabilityOptions,
}
# Steps that are done only where the option of this name is given.
ASKED_BY = {
    "engagement": "pathway",
    "lineages": "lineage_key",
    "programs": "published",
    "resistance": "late",
}
# Options that change no number, so that results stay as they are when one changes.
NEUTRAL = frozenset({"n_jobs", "chunk_size"})
_STEP = "step"


def _like(
    model: type[Options], name: str, *, step: str | None = None, **changed: Any
) -> Any:
    """Declare an option as a step declares it: default, bounds and description.

    Parameters
    ----------
    model, name
        Where it is declared.
    step
        The only step that takes it, where the name means something else in others.
    changed
        What is different in a run.
    """
    field = copy(model.model_fields[name])
    for attribute, value in changed.items():
        setattr(field, attribute, value)
    field.json_schema_extra = None if step is None else {_STEP: step}
    return field


class RunOptions(Options):
    """Options of ``dtpscore run``.

    An option that several steps have in common is given once. Every other option of a
    step has its place in the table of the step, as ``[call]`` in the TOML file.
    """

    groupby: str = Field("condition", description="Column of obs with the groups.")
    reference: Label = Field(description="The untreated group.")
    sample_key: str | None = _like(CallOptions, "sample_key")
    batch_key: str | None = _like(CallOptions, "batch_key")
    pair_key: str | None = _like(CallOptions, "pair_key")
    replicate_key: str | None = _like(OrderOptions, "replicate_key")
    time_key: str | None = _like(OrderOptions, "time_key")
    cell_type_key: str | None = _like(CallOptions, "cell_type_key")
    malignant: Names = _like(
        CallOptions,
        "malignant",
        description="Cell types that are malignant. Every step uses only these cells.",
    )
    holiday: Names = _like(CallOptions, "holiday")
    quality_key: str | None = _like(CallOptions, "quality_key")
    clone_key: str | None = _like(CallOptions, "clone_key", step="call")
    ambient_key: str | None = _like(
        CallOptions,
        "ambient_key",
        description="Column of var with the profile of empty droplets; whether ambient "
        "RNA can explain calls, or comes with time, is then said.",
    )
    pathway: str | None = Field(
        None,
        description="Axis of the pathway that the drug hits, such as mapk_output; it "
        "is then asked whether the target was hit.",
        json_schema_extra={_STEP: "engagement"},
    )
    late: Names = Field(
        (),
        description="Groups late on the drug or at relapse; evidence for persister and "
        "for resistant is then collected.",
        json_schema_extra={_STEP: "resistance"},
    )
    lineage_key: str | None = Field(
        None,
        description="Column of obs with lineage barcodes; clones are then followed.",
        json_schema_extra={_STEP: "lineages"},
    )
    published: bool = Field(
        False,
        description="Ask which published program the contrast of every arm is nearest.",
        json_schema_extra={_STEP: "programs"},
    )
    survival: str | None = _like(CallOptions, "survival")
    layer: str | None = _like(ScoreOptions, "layer")
    use_raw: bool = _like(ScoreOptions, "use_raw")
    gene_symbols: str | None = _like(ScoreOptions, "gene_symbols")
    species: Species = _like(ScoreOptions, "species")
    method: MethodName = _like(ScoreOptions, "method", step="score")
    genes: str | None = Field(
        None,
        description="File or folder with signatures of yours (GMT or TOML), which are "
        "scored and tested beside the shipped ones.",
        json_schema_extra={_STEP: ""},
    )
    alpha: float = _like(CallOptions, "alpha", step="call")
    gmt: str | None = Field(
        None,
        description="GMT file of further gene sets for the enrichment.",
        json_schema_extra={_STEP: "enrich"},
    )
    drugs: str | None = Field(
        None,
        description="GMT file of drug signatures (genes up and down), tested for "
        "reversal.",
        json_schema_extra={_STEP: "vulnerabilities"},
    )
    n_permutations: int = _like(EnrichOptions, "n_permutations", step="enrich")
    seed: int = Field(0, ge=0, description="Seed of every step that draws.")
    n_jobs: int | None = _like(ScoreOptions, "n_jobs")
    title: str = Field(
        "Drug-tolerant persister states", description="Title of the report."
    )
    context: Names = _like(ReportOptions, "context")
    skip: tuple[
        Literal[
            "call",
            "pseudotime",
            "trends",
            "enrich",
            "compare",
            "programs",
            "engagement",
            "lineages",
            "resistance",
            "vulnerabilities",
        ],
        ...,
    ] = Field((), description="Steps to leave out.")
    score: dict[str, Any] = Field({}, description="Further options of scoring.")
    call: dict[str, Any] = Field({}, description="Further options of the calls.")
    pseudotime: dict[str, Any] = Field({}, description="Further options of the order.")
    trends: dict[str, Any] = Field({}, description="Further options of the trends.")
    enrich: dict[str, Any] = Field({}, description="Further options of enrichment.")
    compare: dict[str, Any] = Field(
        {}, description="Further options of the comparison of arms."
    )
    programs: dict[str, Any] = Field(
        {}, description="Further options of the nearest program."
    )
    engagement: dict[str, Any] = Field(
        {}, description="Further options of whether the target was hit."
    )
    lineages: dict[str, Any] = Field({}, description="Further options of the clones.")
    resistance: dict[str, Any] = Field(
        {}, description="Further options of persister or resistant."
    )
    vulnerabilities: dict[str, Any] = Field(
        {}, description="Further options of what could be tried."
    )

    @model_validator(mode="after")
    def _steps_have_options(self) -> RunOptions:
        if self.layer is not None and self.use_raw:
            msg = (
                f"Give layer ({self.layer!r}) or use_raw, not both: they are different "
                "matrices."
            )
            raise OptionError(msg)
        for name in STEP_OPTIONS:
            if self.is_asked(name):
                self.of_step(name)
        return self

    def is_asked(self, name: str) -> bool:
        """Whether a step is part of this run; some need an option of their own."""
        option = ASKED_BY.get(name)
        if option is None or getattr(self, option):
            return True
        if getattr(self, name):
            msg = f"The table [{name}] needs {option}, which is not given."
            raise OptionError(msg)
        return False

    def of_step(self, name: str) -> Options:
        """Options of one step.

        Raises
        ------
        OptionError
            The table of the step has an option that the step does not have, one that
            belongs to the whole run, or a wrong value.
        """
        model = STEP_OPTIONS[name]
        common = {
            field: getattr(self, field)
            for field in model.model_fields
            if field in type(self).model_fields and self._goes_to(field, name)
        }
        if name == "enrich" and self.pair_key is not None:
            # Samples of one patient on both sides are compared within the patient.
            common["sample_key"] = self.pair_key
        own: dict[str, Any] = getattr(self, name)
        twice = sorted(set(own) & set(common))
        if twice:
            msg = (
                f"[{name}] cannot hold {twice[0]}, which is an option of the whole "
                f"run. Write {twice[0]} above the tables."
            )
            raise OptionError(msg)
        try:
            return model.read({**common, **own})
        except OptionError as error:
            msg = f"Options of the step {name}: {error}"
            raise OptionError(msg) from None

    @classmethod
    def _goes_to(cls, field: str, step: str) -> bool:
        extra = cls.model_fields[field].json_schema_extra
        return not isinstance(extra, dict) or extra[_STEP] == step

    def files_of_step(self, name: str) -> dict[str, str]:
        """Files that a step reads beside the data, by the option that names them."""
        fields = STEP_OPTIONS[name].model_fields
        given = {
            "genes": self.genes if {"signatures", "scores_key"} & set(fields) else None,
            "gmt": self.gmt if "gmt" in fields else None,
            "drugs": self.drugs if "drugs" in fields else None,
        }
        return {option: path for option, path in given.items() if path is not None}

    def what_decides(self, name: str) -> dict[str, Any]:
        """Everything about the options that the numbers of a step depend on.

        All options of the step are in it but those that change no number, so that a
        new option cannot be forgotten.
        """
        options = self.of_step(name)
        return {
            field: getattr(options, field)
            for field in type(options).model_fields
            if field not in NEUTRAL
        }
