"""The embedded demonstration: simulate an experiment, score it, show the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dtpscore._errors import DataError
from dtpscore._files import ScoreJob, score_file
from dtpscore._scoring import ScoreOptions

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

    from dtpscore._files import Progress

SEED = 0
_REFERENCE = "parental"
_COLORS = {"parental": "#4d4d4d", "treated": "#d55e00", "holiday": "#0072b2"}
_MARKERS = {"parental": "o", "treated": "^", "holiday": "s"}


@dataclass(frozen=True)
class Demo:
    """What the demonstration made.

    Attributes
    ----------
    files
        What each file is, by its path.
    summary
        One row an axis, ``<condition>`` columns: mean over samples of the shift from
        the parental samples, in standard deviations of parental cells; and the
        ``expected`` direction.
    n_cells, n_samples
        Size of the simulated experiment.
    """

    files: dict[Path, str]
    summary: pd.DataFrame
    n_cells: int
    n_samples: int


def shifts_by_sample(adata: AnnData) -> pd.DataFrame:
    """Mean axis scores of every sample, as shifts from the parental cells.

    Parameters
    ----------
    adata
        Scored cells with ``condition`` and ``sample`` in ``obs``.

    Returns
    -------
    One row a sample, indexed by condition and sample, one column an axis: the mean
    of the sample minus the mean of the parental cells, over the standard deviation
    of the parental cells.
    """
    from dtpscore import get

    scores = get.axes(adata)
    parental = scores[(adata.obs["condition"] == _REFERENCE).to_numpy()]
    shifted = (scores - parental.mean()) / parental.std()
    keys = [adata.obs["condition"].astype(str), adata.obs["sample"].astype(str)]
    return shifted.groupby(keys).mean()


def _persister_axes(shifts: pd.DataFrame) -> list[str]:
    from dtpscore import signatures

    kinds = signatures.axes()
    return [
        name
        for name in shifts.columns
        if name in kinds and kinds[name].kind == "persister"
    ]


def _summary(shifts: pd.DataFrame) -> pd.DataFrame:
    from dtpscore import signatures

    means = shifts.groupby(level="condition").mean().T
    means = means[[name for name in _COLORS if name in means.columns]]
    axes = signatures.axes()
    means["expected"] = [axes[name].direction for name in means.index]
    return means.rename_axis("axis")


def figure(shifts: pd.DataFrame) -> Figure:
    """Draw one dot a sample for every axis: how far it is from the parental cells."""
    from matplotlib.figure import Figure

    from dtpscore import signatures

    axes = signatures.axes()
    order = shifts.groupby(level="condition").mean().loc["treated"].sort_values().index
    fig = Figure(figsize=(7.5, 0.3 * len(order) + 1.4), layout="constrained")
    plot = fig.add_subplot()
    for n, (condition, color) in enumerate(_COLORS.items()):
        rows = shifts.loc[condition]
        for k, axis in enumerate(order):
            plot.plot(
                rows[axis],
                [k + 0.22 * (1 - n)] * len(rows),
                linestyle="none",
                marker=_MARKERS[condition],
                markersize=5,
                markerfacecolor=color,
                markeredgecolor="white",
                markeredgewidth=0.5,
                label=condition if k == 0 else None,
            )
    plot.axvline(0, color="0.6", linewidth=0.8, zorder=0)
    plot.set_yticks(range(len(order)), [axes[name].title for name in order])
    plot.set_ylim(-0.7, len(order) - 0.3)
    plot.grid(axis="y", color="0.92", linewidth=0.6)
    plot.set_axisbelow(True)
    plot.spines[["top", "right", "left"]].set_visible(False)
    plot.tick_params(axis="y", length=0)
    plot.set_xlabel("Shift from parental cells, in their SD (one mark a sample)")
    plot.set_title("Simulated experiment, not a measurement", loc="left", fontsize=10)
    plot.legend(frameon=False, loc="lower right", title=None)
    return fig


def run(
    folder: Path, *, overwrite: bool = False, progress: Progress | None = None
) -> Demo:
    """Simulate an experiment, score it as a file, and write what a person can open.

    Parameters
    ----------
    folder
        Folder of the results; made if it does not exist.
    overwrite
        Replace results that stand there.
    progress
        Opens a display of scored cells, see ``dtpscore._files.score_file``.

    Returns
    -------
    The files and the summary by axis.

    Raises
    ------
    DataError
        Results stand there already, or the folder cannot be written to.
    """
    import anndata

    from dtpscore import datasets, signatures
    from dtpscore._store import beside, make_folder

    simulated, scored = folder / "simulated.h5ad", folder / "scored.h5ad"
    table, picture = folder / "axes_by_sample.csv", folder / "axes_by_sample.png"
    for path in (simulated, scored, table, picture):
        if path.exists() and not overwrite:
            msg = f"{path} exists. Add --overwrite to replace it, or choose -o."
            raise DataError(msg)
    make_folder(folder)
    adata = datasets.simulate(seed=SEED)
    with beside(simulated) as part:
        adata.write_h5ad(part, compression="gzip")
    job = ScoreJob(signatures.select(), ScoreOptions(control=True), overwrite=overwrite)
    score_file(simulated, scored, job, tables=folder / "tables", progress=progress)
    shifts = shifts_by_sample(anndata.read_h5ad(scored))
    with beside(table) as part:
        shifts.to_csv(part)
    shifts = shifts[_persister_axes(shifts)]
    with beside(picture) as part:
        figure(shifts).savefig(part, format="png", dpi=150)
    files = {
        picture: "axis scores of every sample, as a figure",
        table: "the numbers of the figure",
        scored: "the cells with scores, for scanpy (anndata.read_h5ad)",
        folder / "tables": "scores, coverage and axes as CSV tables",
        simulated: "the simulated counts, to try 'dtpscore score' on",
    }
    n_samples = adata.obs["sample"].nunique()
    return Demo(files, _summary(shifts), adata.n_obs, n_samples)
