"""The record of a call, as it goes to ``uns`` and as every reader reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._calling.group import SHIFT_BASIS
from dtpscore._design import DesignKeys
from dtpscore._records import Record
from dtpscore._values import Values  # noqa: TC001  (read at run time)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CallRecord"]


@dataclass(frozen=True, kw_only=True)
class CallRecord(Record):
    """What a call leaves in ``uns``.

    Attributes
    ----------
    params
        Options of the call that are not None, and the names of the matrix used.
    version
        Version of dtpscore.
    note
        What a call says and what it does not say.
    matrix_values
        What the values of the matrix are.
    calibrated
        There are reference cells, so that cells were called.
    evidence_level, evidence
        Lowest evidence level of the groups, E0 to E4, and its meaning.
    error_rate
        What is known of the share of wrong calls, in sentences that are true of this
        call.
    calibration
        One row per group of a batch: ``basis`` (``"shift"`` or ``"inside samples"``),
        numbers of cells, ``smallest_share`` that could be called, ``library_sd`` (how
        much reference samples differ along the shift, in standard deviations of cells)
        and ``tolerance`` (what one further library may differ),
        ``prior_freedom`` (degrees of freedom that public libraries have in it),
        ``components_used``, the evidence for a second population, ``n_called``,
        ``called_share`` with the shares that a fifth and twice the error rate would
        call (``called_share_fifth_alpha``, ``called_share_double_alpha``) and
        ``on_edge`` (none at a fifth and some at twice the rate), the lowest and highest
        share without a quarter of the cells where this was asked for
        (``left_out_lowest``, ``left_out_highest``),
        untreated cells that are as far out as half of the called cells
        (``like_before``, their share and its interval), what the name rests on
        (``n_studies``, ``n_studies_agree``, ``index_rise``), how far the group moved
        (``move`` and its limits), with ``clone_key`` what the clones of the called
        cells say (``n_called_with_clone``, ``n_called_clones``, ``n_clones_before``,
        ``clone_before_share`` and its interval: the share of the called cells whose
        clone is among the untreated cells; ``largest_clone_share``),
        ``explained_by_signatures`` and ``evidence_level``.
        None without a reference, as all tables that need one.
    reference_samples
        One row per reference sample: ``called_share``, the share of its cells that is
        called against the other reference samples (NaN where this was not tested).
    thresholds
        One row per batch: the limits on index and proliferation.
    samples
        One row per library.
    conditions
        One row per group, with the sample as the unit.
    sample_tests
        Two rows per group: tests against the reference, with the sample as the unit.
    axes
        One row per axis and group with called cells, the strongest axis first; None
        without called cells.
    vulnerabilities
        Published vulnerabilities of the axes that carry the calls; None without calls.
    clones
        One row per group and clone of its called cells: ``n_called``, ``called_share``
        (of the called cells with a clone), ``n_treated``, ``n_before`` of
        ``n_untreated`` untreated cells with a clone, their shares, the 95% interval
        ``before_low`` to ``before_high``, and whether the share changed. None without
        ``clone_key`` or called cells.
    other_causes
        One row per group and measure of what can pass for a state. Of handling stress,
        mitochondrial counts and low depth it is the share of cells beyond 95% of
        untreated cells; of RNA of other cell types and ambient RNA the part of the
        difference from untreated cells that it makes. ``reference``, ``called`` and
        ``other_treated`` are means over samples; ``difference`` is that of called and
        reference, with its 95% interval ``low`` to ``high`` and ``pvalue``, and
        ``other_pvalue`` that of foreign RNA in other treated cells; ``within`` is the
        same within the treated samples; ``soup`` is the share of the counts of called
        cells that is foreign RNA, and ``can_explain`` the verdict. None without called
        cells.
    returned
        The primary measure of return, one row per holiday group: ``share`` of its cells
        that the calls leave parental-like with the interval ``low`` to ``high``, and
        ``treated_share``. None without a holiday.
    reversal
        Supplement: differences of each axis between untreated, treated and holiday
        cells, indexed by axis. None without a holiday.
    reversal_shares
        Supplement: what holiday cells are like by their distance over all axes, indexed
        by state. It counts treated cells that the drug did not move as treated, so it
        can differ much from the calls. None without a holiday.
    coverage
        Genes found and missing for each signature.
    bic_gain
        Without a reference: how much better two normal distributions fit the index than
        one (difference in the Bayesian information criterion). None with a reference.
    """

    record_version: ClassVar[int] = 1
    made_by: ClassVar[str] = "dtpscore.tl.call"

    params: dict[str, Any]
    version: str
    note: str
    matrix_values: Values
    calibrated: bool
    evidence_level: str
    evidence: str
    error_rate: list[str]
    coverage: pd.DataFrame
    calibration: pd.DataFrame | None = None
    reference_samples: pd.DataFrame | None = None
    thresholds: pd.DataFrame | None = None
    samples: pd.DataFrame | None = None
    conditions: pd.DataFrame | None = None
    sample_tests: pd.DataFrame | None = None
    axes: pd.DataFrame | None = None
    vulnerabilities: pd.DataFrame | None = None
    clones: pd.DataFrame | None = None
    other_causes: pd.DataFrame | None = None
    returned: pd.DataFrame | None = None
    reversal: pd.DataFrame | None = None
    reversal_shares: pd.DataFrame | None = None
    bic_gain: float | None = None

    @property
    def keys(self) -> DesignKeys:
        """Columns of ``obs`` and groups that describe the experiment."""
        fields = DesignKeys.__dataclass_fields__
        given = {name: self.params[name] for name in fields if name in self.params}
        for name in ("malignant", "holiday"):
            given[name] = tuple(str(value) for value in given.get(name, ()))
        return DesignKeys(**given)

    @property
    def alpha(self) -> float:
        """False discovery rate of the calls."""
        return float(self.params["alpha"])

    @property
    def index(self) -> str:
        """Name of the signature that served as the index."""
        return str(self.params["index"])

    @property
    def held_out(self) -> bool:
        """Whether calls of some group are calibrated on whole reference samples."""
        return self.calibration is not None and bool(
            (self.calibration["basis"] == SHIFT_BASIS).any()
        )
