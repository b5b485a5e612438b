"""``dtpscore.tl.resistance``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys, get, signatures
from dtpscore._axes import CONSENSUS, PROLIFERATION
from dtpscore._design import DesignKeys, label, listed, names, read_design
from dtpscore._log import logger
from dtpscore._options.resistance import ResistanceOptions
from dtpscore._resistance import evidence
from dtpscore._resistance.evidence import Arms, Evidence
from dtpscore._resistance.record import ResistanceRecord
from dtpscore._results.elements import Element, check_anndata, writable, write
from dtpscore.errors import DataError, OptionError
from dtpscore.get._records import call_record, has_calls, lineage_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData
    from numpy.typing import NDArray

    from dtpscore._design import Design

    BoolArray = NDArray[np.bool_]

# A sample with fewer cells takes no part.
FEWEST_CELLS = 10
_NO_CALL = (
    "No cell is called resistant: RNA alone does not tell. Each row says what would "
    "decide its question."
)


def resistance_lists() -> list[str]:
    """Names of the shipped lists that were read from resistant lines."""
    found = signatures.available()
    named = re.compile(r"_resistance_[a-z]+\d{4}$")
    return [str(name) for name in found.index if named.search(str(name))]


def _means(
    design: Design, values: NDArray[np.float64], cells: BoolArray
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mean of each sample with enough cells, and the code of its patient."""
    patients = np.unique(design.pair)
    means, pairs = [], []
    for one in np.unique(design.sample[cells]):
        rows = cells & (design.sample == one)
        if rows.sum() >= FEWEST_CELLS:
            means.append(float(values[rows].mean()))
            pairs.append(int(np.searchsorted(patients, design.pair[rows][0])))
    return np.array(means), np.array(pairs, np.int64)


def _arms(
    design: Design,
    values: NDArray[np.float64],
    late: BoolArray,
    other: BoolArray,
) -> Arms | None:
    """Sample means of two arms in standard deviations of the untreated cells."""
    own = design.reference & design.named
    spread = float(values[own].std(ddof=1))
    if not spread > 0:
        return None
    standard = (values - values[own].mean()) / spread
    first, second = _means(design, standard, late), _means(design, standard, other)
    if not len(first[0]) or not len(second[0]):
        return None
    if design.keys.pair_key is None:
        return Arms(first[0], second[0])
    return Arms(first[0], second[0], first[1], second[1])


def _returned(adata: AnnData) -> Evidence:
    nan = float("nan")
    frame = call_record(adata).returned if has_calls(adata) else None
    if frame is None or frame.empty:
        return evidence.returns(nan, nan, nan)
    row = frame.iloc[-1]
    return evidence.returns(float(row["share"]), float(row["low"]), float(row["high"]))


def _clones(adata: AnnData, group: str) -> Evidence:
    if _keys.LINEAGES not in adata.uns:
        return evidence.clones(float("nan"))
    arms = lineage_record(adata).arms
    own = arms[(arms["group"].astype(str) == group).to_numpy()]
    return evidence.clones(float(own["inherited_low"].iloc[-1]) if len(own) else np.nan)


def _rows(
    adata: AnnData, design: Design, group: str, options: ResistanceOptions
) -> list[dict[str, Any]]:
    axes = get.axes(adata, key=options.scores_key)
    used = design.named & design.malignant
    late = used & (design.group == group)
    own = used & design.reference
    outside = [options.reference, *options.late, *options.holiday]
    early = used & ~np.isin(design.group, outside)
    alpha, found = options.alpha, []

    def arms(name: str, other: BoolArray) -> Arms | None:
        return _arms(design, axes[name].to_numpy(dtype=np.float64), late, other)

    slow = arms(PROLIFERATION, own)
    if slow is None:
        msg = (
            f"The group {group!r} or the untreated group has no sample with "
            f"{FEWEST_CELLS} cells in which slow cycling varies."
        )
        raise DataError(msg)
    found.append(evidence.divides(slow, alpha))
    found.append(evidence.divides_more(arms(PROLIFERATION, early), alpha))
    common = arms(CONSENSUS, own) if CONSENSUS in axes else None
    if common is not None:
        found.append(evidence.programme(common, alpha))
    found.append(_returned(adata))
    scores = get.scores(adata, key=options.scores_key)
    lists = {}
    for name in resistance_lists():
        if name in scores:
            values = scores[name].to_numpy(dtype=np.float64)
            compared = _arms(design, values, late, own)
            if compared is not None:
                lists[name] = compared
    found += [evidence.resembles(lists, alpha), _clones(adata, group), evidence.dose()]
    return [{"group": group, **one.row()} for one in found]


def resistance(
    adata: AnnData,
    *,
    late: str | Sequence[str],
    groupby: str,
    reference: str,
    sample_key: str | None = None,
    pair_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] | None = None,
    holiday: str | Sequence[str] | None = None,
    scores_key: str = _keys.SCORES,
    alpha: float = 0.05,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Collect evidence for persister and for resistant in late samples; make no call.

    Cells late on the drug, or at relapse, may be persisters or may be resistant. What
    RNA can say is collected as a table: whether they divide under the drug, whether
    they grow out of the early survivors, whether they keep the persister programme,
    whether cells off the drug returned, whether lists of resistant lines are up, and
    whether replicates picked the same clones. Each row says which side it speaks for,
    if any, and which sample or assay would decide. The rows are not added up.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored. Calls with a holiday and clones are
        used where they are there.
    late
        Groups late on the drug or at relapse.
    groupby, reference
        Column of ``obs`` with the groups, and the untreated group.
    sample_key
        Column of ``obs`` with the samples, the unit of every test.
    pair_key
        Column of ``obs`` with the patient that links samples before and after.
    cell_type_key, malignant
        Column of ``obs`` with cell types, and the type or types of malignant cells;
        other cells are left out.
    holiday
        Groups off the drug, which are no early samples.
    scores_key
        The ``key_added`` of the scores. Lists that were read from resistant lines, such
        as ``gefitinib_resistance_coldren2006``, are not scored by default; their row
        has an answer where they were scored with the others.
    alpha
        Level of each test. Rows are single questions, and the level is that of each.
    key_added
        Key of the results, ``"dtp_resistance"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. ``uns["dtp_resistance"]`` holds ``table``, a frame with one row
    per late group and question: ``group``, ``question``, ``speaks_for`` (``persister``,
    ``resistant`` or ``neither``), ``reading``, ``difference`` with ``low`` and ``high``
    (standard deviations of untreated cells; for the return the share of parental-like
    cells), ``pvalue`` and ``would_decide``; and ``params``, ``methods``, ``messages``.

    Raises
    ------
    DataError
        Nothing is scored, a column or group does not exist, or a group has no sample
        with 10 cells.
    OptionError
        A late group is the reference or a holiday.

    See Also
    --------
    dtpscore.get.resistance : The table.
    dtpscore.pl.resistance : A picture of it.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> adata.obs["arm"] = (
    ...     adata.obs["condition"].astype(str) + adata.obs["day"].astype(str)
    ... )
    >>> dtp.tl.score(adata)
    >>> dtp.tl.resistance(
    ...     adata, late="treated14", groupby="arm", reference="parental0",
    ...     sample_key="sample", holiday="holiday24",
    ... )
    >>> dtp.get.resistance(adata)["speaks_for"].tolist()[0]
    'persister'
    """
    check_anndata(adata)
    options = ResistanceOptions(
        late=names(late),
        groupby=groupby,
        reference=label(reference),
        sample_key=sample_key,
        pair_key=pair_key,
        cell_type_key=cell_type_key,
        malignant=names(malignant),
        holiday=names(holiday),
        scores_key=scores_key,
        alpha=alpha,
        key_added=_keys.RESISTANCE if key_added is None else key_added,
    )
    keys = DesignKeys.of(options)
    design = read_design(adata.obs, keys)
    _check_late(design, options)
    rows = [row for one in options.late for row in _rows(adata, design, one, options)]
    record = ResistanceRecord(
        params=options.model_dump(exclude_none=True, exclude={"key_added"}),
        table=pd.DataFrame(rows),
        methods=[
            "Evidence for persister and for resistant states was collected with the "
            "sample as the unit (t test of sample means in standard deviations of the "
            f"untreated cells, level {options.alpha:g}); cycling counts as that of "
            f"untreated cells where the 95% interval lies within {evidence.ALIKE:g} "
            "standard deviations. No call was made from it.",
        ],
        messages=[_NO_CALL],
    )
    logger.info(_NO_CALL)
    target = writable(adata, copy=copy)
    write(target, [Element("uns", options.key_added, record.to_uns())])
    return target if copy else None


def _check_late(design: Design, options: ResistanceOptions) -> None:
    both = {options.reference, *options.holiday} & set(options.late)
    if both or not options.late:
        msg = (
            f"late must name groups on the drug: {listed(sorted(both))} is the "
            "reference or a holiday."
            if both
            else "late must name at least one group."
        )
        raise OptionError(msg)
    missing = [one for one in options.late if one not in design.groups]
    if missing:
        msg = (
            f"The late group {listed(missing)} is not in obs[{options.groupby!r}]. "
            f"Groups there are: {listed(design.groups)}."
        )
        raise DataError(msg)
