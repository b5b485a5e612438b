"""One summary of several runs: tables, a picture, and files that MultiQC reads."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore._calling.states import DTP_LIKE
from dtpscore._csv import literal_frame, write_csv
from dtpscore.get._arms import CALLED, NONE_FOUND, UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dtpscore._run.many import FileRun

SUMMARY, AXES, PICTURE = "summary.csv", "summary_axes.csv", "summary.svg"
MQC_TABLE, MQC_BARS = "dtpscore_summary_mqc.tsv", "dtpscore_cells_mqc.tsv"
# Axes of the picture, those that moved in most files.
_MOST_AXES = 15
_ALPHA = 0.05
# Verdicts that have a mark of their own; any other is drawn as a diamond.
_MARKS = {CALLED: "o", NONE_FOUND: "s", UNDECIDED: "X"}


def arm_table(runs: Sequence[FileRun]) -> pd.DataFrame:
    """One row per group of each file; one row for a file without calls."""
    rows = []
    for one in runs:
        first = {"file": one.path.name, "exit_code": one.code, "error": one.error}
        summary = None if one.outputs is None else one.outputs.summary
        if summary is None:
            rows.append(first)
            continue
        first["evidence_level"] = summary.evidence_level
        arms = [asdict(arm) for arm in summary.arms]
        rows += [{**first, **arm} for arm in arms] or [first]
    return pd.DataFrame(rows)


def axis_table(runs: Sequence[FileRun]) -> pd.DataFrame:
    """List the moves of the axes in every file, one row per file, arm and axis."""
    parts = [
        one.outputs.summary.moves.assign(file=one.path.name)
        for one in runs
        if one.outputs is not None
        and one.outputs.summary is not None
        and one.outputs.summary.moves is not None
    ]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    return table[["file", *(name for name in table if name != "file")]]


def agreement(axes: pd.DataFrame) -> pd.DataFrame:
    """In how many files each axis moved, the file as the unit.

    A file counts as up where every arm of it in which the axis moved went up, as down
    where every such arm went down, and as mixed otherwise.

    Returns
    -------
    One row per axis, those that moved in most files first: ``axis``, ``n_files``,
    ``n_up``, ``n_down`` and ``n_mixed``.
    """
    rows = []
    for axis, of_axis in axes.groupby("axis", sort=True):
        ways = []
        for _, own in of_axis.groupby("file", sort=True):
            sure = own[(own["qvalue"] <= _ALPHA).to_numpy()]
            ways.append(frozenset(np.sign(sure["difference"]).tolist()))
        rows.append(
            {
                "axis": axis,
                "n_files": len(ways),
                "n_up": ways.count(frozenset({1.0})),
                "n_down": ways.count(frozenset({-1.0})),
                "n_mixed": sum(len(one) > 1 for one in ways),
            }
        )
    table = pd.DataFrame(rows)
    moved = -table[["n_up", "n_down", "n_mixed"]].sum(axis=1)
    return table.iloc[moved.argsort(kind="stable")].reset_index(drop=True)


def _named(arms: pd.DataFrame) -> pd.DataFrame:
    """Arms that were called, with one name for each."""
    if "group" not in arms:
        return arms.iloc[:0]
    kept = arms[arms["group"].notna().to_numpy()].copy()
    stem = kept["file"].astype(str).str.replace(r"\.(h5ad|zarr)$", "", regex=True)
    time = kept["time"].fillna("").astype(str)
    arm = kept["group"].astype(str) + np.where(time != "", " " + time, "")
    kept.insert(0, "Sample", stem + " | " + arm)
    kept["share"] = kept["n_called"] / kept["n_cells"].clip(lower=1)
    return kept


def mqc_table(arms: pd.DataFrame) -> str:
    """Text of a table that MultiQC shows (custom content in a TSV file)."""
    kept = _named(arms)
    columns = ["Sample", "verdict", "share", "n_called", "n_cells", "n_samples"]
    columns += ["evidence_level", "reason"]
    head = [
        "# id: 'dtpscore_summary'",
        "# section_name: 'dtpscore: persister-like cells'",
        f"# description: 'Cells called {DTP_LIKE} by group. Not decided is not none.'",
        "# plot_type: 'table'",
        "# pconfig:",
        "#     id: 'dtpscore_summary_table'",
        "#     title: 'dtpscore: summary'",
    ]
    return _text(head, kept.reindex(columns=columns))


def mqc_bars(arms: pd.DataFrame) -> str:
    """Text of a bar graph that MultiQC shows: called and other cells of each arm."""
    kept = _named(arms)
    if not kept.empty:
        kept[DTP_LIKE] = kept["n_called"].astype(int)
        kept["other"] = (kept["n_cells"] - kept["n_called"]).astype(int)
    head = [
        "# id: 'dtpscore_cells'",
        "# section_name: 'dtpscore: cells'",
        "# description: 'Cells that were called, and others, by group.'",
        "# plot_type: 'bargraph'",
        "# pconfig:",
        "#     id: 'dtpscore_cells_plot'",
        "#     title: 'dtpscore: called cells'",
        "#     ylab: 'Cells'",
    ]
    return _text(head, kept.reindex(columns=["Sample", DTP_LIKE, "other"]))


def _text(head: list[str], frame: pd.DataFrame) -> str:
    # A tab or a line break in a name would end the cell of the table.
    plain = literal_frame(frame).replace(r"[\t\r\n]+", " ", regex=True)
    body = plain.to_csv(sep="\t", index=False, lineterminator="\n", float_format="%.6g")
    return "\n".join(head) + "\n" + body


def draw(arms: pd.DataFrame, axes: pd.DataFrame, path: Path) -> None:
    """Draw the called share of each arm, and in how many files axes moved.

    Parameters
    ----------
    arms
        What `arm_table` gives.
    axes
        What `axis_table` gives; can be empty.
    path
        An SVG file to write.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    from dtpscore.pl._style import canvas, style

    kept = _named(arms)
    counted = agreement(axes).head(_MOST_AXES) if len(axes) else pd.DataFrame()
    n_panels = 1 + (len(counted) > 0)
    height = 1.4 + 0.24 * max(len(kept), len(counted), 3)
    salt: Any = {"svg.hashsalt": "dtpscore", "svg.fonttype": "path"}
    with style(), mpl.rc_context(salt), plt.ioff():
        drawn = canvas(None, None, (4.6 * n_panels, height), panels=(1, n_panels))
        _draw_shares(drawn.ax, kept)
        if len(counted):
            _draw_axes(drawn.axes[1], counted)
        drawn.figure.savefig(
            path, format="svg", metadata={"Date": None, "Creator": None}
        )
        plt.close(drawn.figure)


def _draw_shares(ax: Any, kept: pd.DataFrame) -> None:
    from dtpscore.pl._style import (
        QUIET,
        STATE_COLORS,
        label_axes,
        name_ticks,
        set_title,
    )

    if kept.empty:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "No file has calls.", ha="center", transform=ax.transAxes)
        return
    rows = np.arange(len(kept))
    ax.hlines(rows, kept["lowest"], kept["highest"], color=QUIET, linewidth=1.2)
    for verdict in dict.fromkeys(kept["verdict"].astype(str)):
        own = (kept["verdict"] == verdict).to_numpy()
        ax.scatter(
            kept["share"].to_numpy(dtype=float)[own],
            rows[own],
            marker=_MARKS.get(verdict, "D"),
            s=34,
            color=STATE_COLORS[DTP_LIKE] if verdict == CALLED else QUIET,
            label=verdict,
            zorder=3,
        )
    name_ticks(ax.yaxis, rows, kept["Sample"])
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(-0.03, 1.03), ylim=(len(kept) - 0.4, -0.6))
    label_axes(ax, x="Share of DTP-like cells; line: range over samples")
    set_title(ax, "Calls by file and group")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.1), ncols=3)


def _draw_axes(ax: Any, counted: pd.DataFrame) -> None:
    from dtpscore.get._axes import axis_titles
    from dtpscore.pl._style import DOWN, QUIET, UP, label_axes, name_ticks, set_title

    rows = np.arange(len(counted))
    up, down = counted["n_up"].to_numpy(), counted["n_down"].to_numpy()
    ax.barh(rows, up, color=UP, height=0.7)
    ax.barh(rows, -down, color=DOWN, height=0.7)
    ax.axvline(0, color=QUIET, linewidth=0.8)
    names = [str(one) for one in counted["axis"]]
    titles = axis_titles(names)
    name_ticks(ax.yaxis, rows, [titles[name] for name in names])
    ax.tick_params(axis="y", length=0)
    most = max(int(counted["n_files"].max()), 1)
    ax.set(xlim=(-most - 0.2, most + 0.2), ylim=(len(counted) - 0.4, -0.6))
    label_axes(ax, x="Files in which the axis moved down, and up")
    set_title(ax, f"Axes over {most} files (q at or below {_ALPHA:g})")


def write(runs: Sequence[FileRun], folder: Path) -> list[str]:
    """Write the summary of several runs into a folder.

    Returns
    -------
    Names of the files.
    """
    arms, axes = arm_table(runs), axis_table(runs)
    write_csv(arms, folder / SUMMARY, index=False)
    names = [SUMMARY, PICTURE, MQC_TABLE, MQC_BARS]
    if len(axes):
        write_csv(axes, folder / AXES, index=False)
        names.append(AXES)
    draw(arms, axes, folder / PICTURE)
    (folder / MQC_TABLE).write_text(mqc_table(arms), encoding="utf-8")
    (folder / MQC_BARS).write_text(mqc_bars(arms), encoding="utf-8")
    return names
