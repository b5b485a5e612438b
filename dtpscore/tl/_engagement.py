"""``dtpscore.tl.engagement``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore import _keys, get, signatures
from dtpscore._calling.states import DTP_STATES
from dtpscore._design import DesignKeys, label, listed, names, read_design
from dtpscore._engagement.hits import STATES
from dtpscore._engagement.run import engage
from dtpscore._log import logger
from dtpscore._options.engagement import EngagementOptions
from dtpscore._results.elements import Element, check_anndata, writable, write
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData
    from numpy.typing import NDArray


def _output(adata: AnnData, options: EngagementOptions) -> NDArray[np.float64]:
    """Score of the pathway in each cell.

    Raises
    ------
    DataError
        It is not scored.
    """
    frame = get.axes(adata, key=options.scores_key)
    if options.pathway in frame:
        return frame[options.pathway].to_numpy(dtype=np.float64)
    known = signatures.axes()
    kind = [name for name, axis in known.items() if axis.kind == "engagement"]
    if options.pathway in known:
        msg = (
            f"The axis {options.pathway!r} is not scored under "
            f"{options.scores_key!r}. Run dtpscore.tl.score(adata, "
            f"{options.pathway!r}, key_added='output') and pass scores_key='output'."
        )
    else:
        msg = (
            f"No axis {options.pathway!r}. Axes that show whether a drug acts are "
            f"{listed(kind)}."
        )
    raise DataError(msg)


def engagement(
    adata: AnnData,
    *,
    pathway: str,
    groupby: str,
    reference: str,
    sample_key: str | None = None,
    batch_key: str | None = None,
    time_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] | None = None,
    scores_key: str = _keys.SCORES,
    alpha: float = 0.05,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Ask whether the target of the drug was hit, per cell and per arm.

    A cell that survives because the drug never reached it is no persister. The output
    of the pathway that the drug hits tells the two apart: it falls where the target is
    hit. For each arm it is tested, with the sample as the unit, whether the output
    fell; each treated cell is told by whether its output is low and whether it was
    called; and called cells are compared with the other cells of their sample.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored, with calls where they shall be
        crossed.
    pathway
        Axis of the pathway: ``"mapk_output"`` for drugs against EGFR, HER2, RAF or
        MEK, ``"estrogen_output"``, ``"androgen_output"``, or a signature of your own.
    groupby, reference
        Column of ``obs`` with the groups, and the untreated group.
    sample_key
        Column of ``obs`` with the samples. Without it each group is one sample.
    batch_key
        Column of ``obs`` with the patient, tumor or line. Each is looked at by itself.
    time_key
        Column of ``obs`` with the time on the drug. Each group at each time is an arm.
    cell_type_key, malignant
        Column of ``obs`` with cell types, and the type or types of malignant cells;
        other cells are left out.
    scores_key
        The ``key_added`` of the scores that hold the axis.
    alpha
        Share of untreated cells whose output counts as low, and level of the test.
    key_added
        Key of the results, ``"dtp_engagement"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. ``obs["dtp_engagement"]`` is a categorical over treated cells
    (missing for others): ``hit and called``, ``hit, not called``, ``called, not shown
    to be hit`` and ``not shown to be hit``. ``uns["dtp_engagement"]`` holds:

    ``arms``
        Frame, one row per arm: ``n_samples``, ``n_cells``, ``difference`` of the output
        from untreated samples with the 95% interval ``low`` to ``high`` (standard
        deviations of untreated cells), ``pvalue``, ``verdict``, ``share_hit`` (cells
        that were hit, at least), ``limit``; with calls also the numbers of cells in
        each state, and ``called_difference`` (output of called less other cells of the
        same sample) with ``called_low``, ``called_high`` and ``n_samples_both``.
    ``samples``
        Frame, one row per sample: ``n_cells``, ``output``, ``share_low`` and
        ``share_called``.
    ``params``, ``methods``, ``messages``
        Options, and sentences.

    Raises
    ------
    DataError
        The axis is not scored, or a column or group does not exist.
    OptionError
        A parameter is out of range.
    ResultError
        No batch has both untreated and treated cells.

    See Also
    --------
    dtpscore.get.engagement : The frames.
    dtpscore.pl.engagement : A picture of them.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.score(adata)
    >>> dtp.tl.engagement(
    ...     adata, pathway="mapk_output", groupby="condition", reference="parental",
    ...     sample_key="sample",
    ... )
    >>> dtp.get.engagement(adata)["group"].tolist()
    ['holiday', 'treated']
    """
    check_anndata(adata)
    options = EngagementOptions(
        pathway=pathway,
        groupby=groupby,
        reference=label(reference),
        sample_key=sample_key,
        batch_key=batch_key,
        time_key=time_key,
        cell_type_key=cell_type_key,
        malignant=names(malignant),
        scores_key=scores_key,
        alpha=alpha,
        key_added=_keys.ENGAGEMENT if key_added is None else key_added,
    )
    keys = DesignKeys.of(options)
    design = read_design(adata.obs, keys)
    called = None
    if _keys.CALL in adata.obs:
        called = np.isin(adata.obs[_keys.CALL].astype(str).to_numpy(), DTP_STATES)
    found = engage(design, _output(adata, options), called, options)
    for text in found.record.messages:
        logger.info(text)
    target = writable(adata, copy=copy)
    place = {name: code for code, name in enumerate(STATES)}
    codes = [place.get(str(one), -1) for one in found.state]
    state = pd.Categorical.from_codes(codes, list(STATES))
    write(
        target,
        [
            Element("obs", options.key_added, state),
            Element("uns", options.key_added, found.record.to_uns()),
        ],
    )
    return target if copy else None
