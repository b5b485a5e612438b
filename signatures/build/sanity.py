"""Is every shipped list what its title says? One row of checks per list.

Run ``python signatures/build/sanity.py FOLDER`` with the folder of the real data sets
to write ``signatures/sanity.tsv``.

``five_share``
    Share of the counts of the list that its five most abundant genes hold, in untreated
    cells of five lung lines, and which genes these are. A list that five genes of the
    ribosome or of ubiquitin carry measures those.
``same_axis``
    The list of the same axis that shares most genes (share of the smaller list), and
    the share of these genes that both count in one direction, each list turned so that
    up means more of the axis.
``other_axis``
    The list of another axis that shares most genes, of those scored by default.
``must_move``
    A contrast in which the list has to move, whatever persisters do, the value there,
    and whether it moved: the change of z where a drug hits BRAF, the AUROC of a line
    with a mutated KEAP1, of lines in the order of VIM and CDH1, of cells under nutlin-3
    or panobinostat, and of untreated melanoma lines in the order of AXL and MITF.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anndata as ad
import index_contexts
import numpy as np
import real_contrasts
import sign_check

import dtpscore as dtp
from dtpscore import signatures as library

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore.signatures import Signature

_TURN = {"with": 1, "against": -1}
LINES = ("A375", "SKMEL28", "SKMEL5", "WM88")
CLONES = ("SKMEL5 SC01", "SKMEL5 SC07", "SKMEL5 SC10")
FEWEST_GENES = 4
# Lists of an axis that claim nothing about the contrast: gene families and enzymes.
NO_CLAIM = frozenset(
    {
        "family_aldh",
        "family_gpx",
        "family_peroxiredoxin_txn",
        "glutathione_metabolism_wp",
        "glutathione_synthesis_reactome",
        "hallmark_tgf_beta_signaling",
    }
)
# States of melanoma that lines with AXL and without MITF are in, or are not.
MELANOMA = {
    "melanoma_undifferentiated": 1,
    "melanoma_invasive": 1,
    "melanoma_pigmented": -1,
}
# File, drug, and how lists begin that the drug has to raise.
DRUGGED = (
    ("ngp_nutlin", "nutlin-3", ("hallmark_p53_pathway", "senescence_tang_tp53")),
    ("gbm_panobinostat", "panobinostat", ("hdac_", "hdac1_")),
)


class Must(NamedTuple):
    """What a list did where it has to move."""

    contrast: str
    value: float
    moved: bool


def _signs(signature: Signature) -> dict[str, int]:
    """Sign of every gene, turned so that up means more of the axis."""
    turn = _TURN[signature.orientation]
    up = dict.fromkeys(signature.genes.up, turn)
    return up | dict.fromkeys(signature.genes.down, -turn)


def overlap(one: Signature, other: Signature) -> tuple[float, float]:
    """Shared genes as a share of the smaller list, and the share of one sign."""
    mine, theirs = _signs(one), _signs(other)
    shared = mine.keys() & theirs.keys()
    same = sum(mine[gene] == theirs[gene] for gene in shared)
    return len(shared) / min(len(mine), len(theirs)), same / max(1, len(shared))


def _nearest(one: Signature, others: list[Signature]) -> tuple[str, str, str]:
    found = [(*overlap(one, other), other.name) for other in others]
    best = max(found, default=(0.0, 0.0, ""), key=lambda row: row[0])
    if best[0] == 0:
        return "", "", ""
    return best[2], f"{best[0]:.2f}", f"{best[1]:.2f}"


def _z(cells: ad.AnnData, lists: list[Signature]) -> pd.DataFrame:
    bare = ad.AnnData(cells.X, obs=cells.obs[[]], var=cells.var[[]])
    dtp.tl.score(
        bare, lists, method="mean", normalize="log1p", control=True, min_coverage=0.0
    )
    z = bare.obsm["dtp_scores_z"]
    enough = bare.uns["dtp_scores"]["coverage"]["n_found"] >= FEWEST_GENES
    return z.loc[:, enough.loc[z.columns].to_numpy()]


def _by_contrast(axis: str) -> tuple[int, tuple[str, ...]]:
    """Sign of the change of z, and the measured contrasts that must show it."""
    if axis == "mapk_output":
        return -1, LINES + CLONES
    if axis in ("s_phase", "g2m"):
        return -1, LINES
    return 0, ()


def moved_in_contrasts(signature: Signature) -> Must | None:
    """Whether a list moves where a drug hits BRAF; the least clear line counts."""
    sign, names = _by_contrast(signature.axis)
    single = sign_check._measured().get(signature.name, {})
    if not sign or not set(names) <= set(single):
        return None
    turn = sign * _TURN[signature.orientation]
    value = min((turn * single[name], single[name]) for name in names)[1]
    what = "cells stop dividing" if len(names) == len(LINES) else "a drug hits BRAF"
    return Must(f"{what} ({len(names)} melanoma contrasts)", value, turn * value > 0)


def _auroc(z: pd.DataFrame, first: np.ndarray, second: np.ndarray) -> pd.Series:
    kept = first | second
    return z[kept].apply(
        lambda column: index_contexts.auroc(column.to_numpy(), first[kept])
    )


def moved_in_cells(folder: Path, lists: list[Signature]) -> dict[str, Must]:
    """Whether lists move in cells whose genotype or drug is known."""
    found: dict[str, Must] = {}

    def judge(axis: str, contrast: str, values: pd.Series, sign: int = 1) -> None:
        for one in lists:
            if one.axis == axis and one.name in values and one.name not in NO_CLAIM:
                turned = (values[one.name] - 0.5) * _TURN[one.orientation] * sign
                found[one.name] = Must(contrast, float(values[one.name]), turned > 0)

    lines = index_contexts._untreated(folder)
    cells = ad.concat(lines, label="line")
    line = cells.obs["line"].astype(str).to_numpy()
    z = _z(cells, lists)
    wild = np.isin(line, ["H1975", "HCC827"])
    judge("redox_nrf2", "KEAP1 mutated: H838", _auroc(z, line == "H838", wild))
    counts = np.asarray(cells.X.sum(axis=1)).ravel()
    vim, cdh1 = (
        np.log1p(np.asarray(cells[:, gene].X.todense()).ravel() / counts * 1e4)
        for gene in ("VIM", "CDH1")
    )
    state = {name: (vim - cdh1)[line == name].mean() for name in lines}
    order = sorted(state, key=lambda name: state[name])
    ends = _auroc(z, line == order[-1], line == order[0])
    judge("emt", f"most VIM, least CDH1: {order[-1]}, {order[0]}", ends)
    melanoma = real_contrasts._read(folder, "bulk_brafi_4lines")
    parental = melanoma[(melanoma.obs["condition"] == "parental").to_numpy()].copy()
    own = parental.obs["cell_line"].astype(str).to_numpy()
    total = np.asarray(parental.X.sum(axis=1)).ravel()
    axl, mitf = (
        np.log1p(np.asarray(parental[:, gene].X.todense()).ravel() / total * 1e6)
        for gene in ("AXL", "MITF")
    )
    state = {name: (axl - mitf)[own == name].mean() for name in LINES}
    order = sorted(state, key=lambda name: state[name])
    ends = _auroc(_z(parental, lists), own == order[-1], own == order[0])
    for axis, sign in MELANOMA.items():
        judge(axis, f"most AXL, least MITF: {order[-1]}, {order[0]}", ends, sign)
    _under_drug(folder, lists, found)
    return found


def _under_drug(folder: Path, lists: list[Signature], found: dict[str, Must]) -> None:
    """Add lists of p53 under nutlin-3 and of HDAC under panobinostat."""
    for file, drug, start in DRUGGED:
        cells = real_contrasts._read(folder, file)
        treated = (cells.obs["condition"].astype(str) == "treated").to_numpy()
        values = _auroc(_z(cells, lists), treated, ~treated)
        for one in lists:
            if one.name.startswith(start) and one.name in values:
                value = float(values[one.name])
                found[one.name] = Must(drug, value, value > 0.5)


def abundance(folder: Path) -> pd.Series:
    """Mean share of the counts of a cell by gene, in untreated lung lines."""
    import pandas as pd

    cells = ad.concat(index_contexts._untreated(folder))
    totals = np.asarray(cells.X.sum(axis=1)).ravel()
    share = np.asarray((cells.X.multiply(1 / totals[:, None])).mean(axis=0)).ravel()
    return pd.Series(share, index=cells.var_names)


def five(signature: Signature, share: pd.Series) -> tuple[str, str]:
    """Share of counts of the five most abundant genes, and the genes."""
    listed = {*signature.genes.up, *signature.genes.down} & set(share.index)
    ranked = share[sorted(listed)].sort_values(ascending=False, kind="stable")
    if not ranked.sum():
        return "", ""
    return f"{ranked.head(5).sum() / ranked.sum():.2f}", " ".join(ranked.index[:5])


def text(folder: Path) -> str:
    """Text of ``signatures/sanity.tsv``."""
    every = [library.load(name) for name in sorted(library.available().index)]
    share, cells = abundance(folder), moved_in_cells(folder, every)
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(
        [
            *("signature", "axis", "use", "n_genes", "five_share", "five_genes"),
            *("same_axis", "same_overlap", "same_sign", "other_axis", "other_overlap"),
            *("must_move", "value", "moved"),
        ]
    )
    for one in every:
        same = [s for s in every if s.axis == one.axis and s.name != one.name]
        other = [s for s in every if s.axis != one.axis and s.use == "default"]
        must = moved_in_contrasts(one) or cells.get(one.name)
        writer.writerow(
            [
                one.name,
                one.axis,
                one.use,
                len(one.genes.up) + len(one.genes.down),
                *five(one, share),
                *_nearest(one, same),
                *_nearest(one, other)[:2],
                *((must.contrast, f"{must.value:.2f}", "yes" if must.moved else "no")
                  if must else ("", "", "")),
            ]
        )  # fmt: skip
    return out.getvalue()


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ["DTPSCORE_DATA_DIR"]
    path = library.root() / "sanity.tsv"
    path.write_text(text(Path(given)), encoding="utf-8", newline="\n")
