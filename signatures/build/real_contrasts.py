"""How far every shipped signature moves in persister contrasts that were measured.

Run ``python signatures/build/real_contrasts.py FOLDER`` with the folder of the real
data sets (``DTPSCORE_DATA_DIR`` where it is not given) to write
``signatures/real_contrasts.tsv``. The value is the control-matched z of the persisters
minus that of the parental cells (``method="mean", normalize="log1p", control=True``).
A z of 1 is one standard deviation of random gene sets of like expression in the same
sample. Single cells are summed by library first, because a library is the unit that
was treated.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

import dtpscore as dtp
from dtpscore import signatures as library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dtpscore.signatures import Signature

# A library with fewer cells is not looked at.
MIN_CELLS = 50
DECIMALS = 2
DRUG = {"by": "cell_line", "after": "DTP", "before": "parental"}
PATIENT = {"by": "patient", "after": "residual", "before": "untreated"}


def _read(folder: Path, name: str) -> ad.AnnData:
    adata = ad.read_h5ad(folder / f"{name}.h5ad")
    adata.obs_names_make_unique()
    adata.var_names_make_unique()
    return adata


def _summed(adata: ad.AnnData, by: str) -> ad.AnnData:
    """Counts summed over the cells of each group that is large enough."""
    groups = adata.obs[by].astype(str)
    size = groups.value_counts()
    kept = sorted(size.index[size >= MIN_CELLS])
    member = np.stack([(groups == group).to_numpy() for group in kept])
    counts = sparse.csr_matrix(member.astype(np.float64)) @ adata.X
    first = adata.obs.groupby(groups, observed=True).first().loc[kept]
    return ad.AnnData(sparse.csr_matrix(counts), obs=first, var=adata.var[[]])


def _z(adata: ad.AnnData, chosen: list[Signature]) -> pd.DataFrame:
    bare = ad.AnnData(adata.X, obs=adata.obs[[]], var=adata.var[[]])
    dtp.tl.score(bare, chosen, method="mean", normalize="log1p", control=True)
    return bare.obsm["dtp_scores_z"]


def _changes(
    adata: ad.AnnData, chosen: list[Signature], *, by: str, after: str, before: str
) -> Iterator[tuple[str, pd.Series]]:
    values = _z(adata, chosen)
    for name in sorted(adata.obs[by].astype(str).unique()):
        of_name = adata.obs[by].astype(str) == name
        treated = of_name & (adata.obs["condition"].astype(str) == after)
        parental = of_name & (adata.obs["condition"].astype(str) == before)
        if treated.any() and parental.any():
            yield name, values[treated].mean() - values[parental].mean()


def measured(folder: Path, chosen: list[Signature]) -> pd.DataFrame:
    """Change of z (signatures, contrasts), named as in ``contrasts.tsv``."""
    found: dict[str, pd.Series] = {}
    lines = _read(folder, "bulk_brafi_4lines")
    found.update(_changes(lines, chosen, **DRUG))
    clones = _read(folder, "bulk_skmel5_timecourse")
    found.update(
        (name.replace("_", " "), change)
        for name, change in _changes(clones, chosen, **DRUG)
    )
    leukemia = _summed(_read(folder, "aml_vangalen_paired"), "sample")
    found.update(_changes(leukemia, chosen, **PATIENT))
    untreated = _read(folder, "sc_mixology_nsclc")
    untreated = untreated[
        (untreated.obs["demuxlet_class"] == "SNG").to_numpy()
        & (untreated.obs["cell_line"] == "HCC827").to_numpy()
    ].copy()
    pc9 = _z(_summed(_read(folder, "pc9_erlotinib_d11"), "sample"), chosen)
    found["PC9"] = pc9.mean() - _z(_summed(untreated, "sample"), chosen).mean()
    return pd.DataFrame(found)


def shipped() -> list[Signature]:
    """Signatures that are measured: all but those kept for evaluation."""
    names = sorted(library.available().index)
    every = [library.load(name) for name in names]
    return [one for one in every if one.use != "evaluation"]


def text(folder: Path) -> str:
    """Text of ``signatures/real_contrasts.tsv``."""
    frame = measured(folder, shipped()).round(DECIMALS) + 0.0
    order = [name for name in contrast_names() if name in frame.columns]
    return frame[order].to_csv(
        sep="\t", index_label="signature", lineterminator="\n", float_format="%.2f"
    )


def contrast_names() -> list[str]:
    """Names of the measured contrasts, in the order of ``contrasts.tsv``."""
    table = pd.read_csv(library.root() / "contrasts.tsv", sep="\t", comment="#")
    return list(table.loc[table["kind"] == "measured", "contrast"])


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ["DTPSCORE_DATA_DIR"]
    path = library.root() / "real_contrasts.tsv"
    path.write_text(text(Path(given)), encoding="utf-8", newline="\n")
