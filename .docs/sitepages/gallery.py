"""The gallery: every plot, drawn from the demonstration that the package runs.

The call under a picture is that of the example in the docstring of the plot.
"""

from __future__ import annotations

import doctest
import inspect
import textwrap
import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import dtpscore as dtp
from sitepages.api import summary

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

_DATA = "result.h5ad"
_REPORT = "report.html"
_DPI = 100


def run_demo(folder: Path) -> Path:
    """Run ``dtpscore demo`` into a folder, unless its results are there."""
    from dtpscore import _demo

    done = folder / _REPORT
    if not done.exists():
        _demo.run(folder, overwrite=True)
    return folder


def calls() -> dict[str, tuple[str, str]]:
    """Read what prepares cells and what draws from the example of every plot."""
    found = {}
    for name in dtp.pl.__all__:
        text = inspect.getdoc(getattr(dtp.pl, name)) or ""
        sources = [one.source for one in doctest.DocTestParser().get_examples(text)]
        draws = next(one for one in sources if f"dtp.pl.{name}(" in one)
        found[name] = ("".join(sources[: sources.index(draws)]), draws)
    return found


def picture(adata: AnnData, prepare: str, draw: str) -> tuple[bytes, bool]:
    """Draw one plot; the second value says whether the demonstration sufficed."""
    import matplotlib.pyplot as plt

    plt.close("all")
    of_demo = True
    try:
        exec(draw, {"dtp": dtp, "adata": adata})  # of our own docstrings
    except dtp.errors.DataError:
        # The demonstration runs no such step, so the example makes its own cells.
        of_demo = False
        exec(prepare + draw, {})
    file = BytesIO()
    plt.gcf().savefig(file, format="png", dpi=_DPI, bbox_inches="tight")
    plt.close("all")
    return file.getvalue(), of_demo


def with_umap(adata: AnnData) -> AnnData:
    """Give the cells an embedding, as the README does; the counts stay as they are."""
    import scanpy as sc

    cells = adata.copy()
    sc.pp.normalize_total(cells, target_sum=1e4)
    sc.pp.log1p(cells)
    sc.pp.pca(cells)
    sc.pp.neighbors(cells)
    sc.tl.umap(cells)
    adata.obsm["X_umap"] = cells.obsm["X_umap"]
    return adata


def _section(name: str, draw: str, *, drawn: bool, of_demo: bool) -> list[str]:
    lines = [f"## {name}", "", summary(getattr(dtp.pl, name)), ""]
    if drawn:
        lines += [f"![Picture of dtpscore.pl.{name}]({name}.png)", ""]
    if not of_demo:
        own = "The cells are those of the example in the docstring of the function."
        lines += [own, ""]
    code = textwrap.dedent(draw).strip()
    link = f"[dtpscore.pl.{name}](../api/dtpscore.pl.{name}.rst)"
    return [*lines, "```python", code, "```", "", f"All parameters: {link}.", ""]


def pages(demo: Path | None) -> dict[str, str | bytes]:
    """Make the gallery with its pictures, and carry the report of the demo."""
    made: dict[str, str | bytes] = {}
    lines = ["# Gallery", ""]
    adata = None
    if demo is not None:
        import anndata

        dtp.settings.verbosity = "error"
        adata = with_umap(anndata.read_h5ad(demo / _DATA))
        made[f"extra/{_REPORT}"] = (demo / _REPORT).read_bytes()
        lines += [
            "`dtpscore demo` simulates an experiment and runs every step on it. The "
            "pictures show its results, as does "
            f'<a href="../{_REPORT}">the report that it writes</a>.',
            "",
        ]
    for name, (prepare, draw) in calls().items():
        of_demo = True
        if adata is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made[f"gallery/{name}.png"], of_demo = picture(adata, prepare, draw)
        lines += _section(name, draw, drawn=adata is not None, of_demo=of_demo)
    made["gallery/index.md"] = "\n".join(lines)
    return made
