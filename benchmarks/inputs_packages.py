"""How each package of the table of inputs is called, and what its scores are."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from anndata import AnnData
from inputs_data import NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Scores = pd.DataFrame
    Score = Callable[..., Scores]


@dataclass(frozen=True)
class Package:
    """One column of the table.

    Attributes
    ----------
    name
        Name as it is installed, and as it is imported in lower case.
    call
        What is called, for the heading of the table.
    score
        Takes data and sets (and ``layer`` or ``use_raw``), and returns a frame of cells
        by sets.
    native
        Turns a dictionary of lists into the plain form of the package.
    takes_sets
        Whether users give gene sets to it.
    normalized
        Whether it wants log-normalized values.
    frames
        Whether it takes data frames and no AnnData.
    """

    name: str
    call: str
    score: Score
    native: Callable[[Any], Any] = lambda sets: sets
    takes_sets: bool = True
    normalized: bool = False
    frames: bool = False

    @property
    def version(self) -> str | None:
        """The version, or None where it is not installed."""
        try:
            return version(self.name)
        except PackageNotFoundError:
            return None

    def problem(self) -> str:
        """Why the package cannot be used here, or an empty text."""
        if self.version is None:
            return "not installed"
        try:
            with quiet():
                import_module(self.name.lower())
        except Exception as error:  # noqa: BLE001 - whatever a package raises
            return f"cannot be imported: {type(error).__name__}"
        return ""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings, the log and what a package prints."""
    nowhere = io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _dtpscore(data: Any, sets: Any, **options: Any) -> Scores:
    import dtpscore

    dtpscore.tl.score(data, sets, lazy=False, **options)
    return dtpscore.get.scores(data)


def _pyucell(data: Any, sets: Any, **options: Any) -> Scores:
    import pyucell

    if "use_raw" in options:
        raise NotOfferedError
    before = set(data.obs) if isinstance(data, AnnData) else set()
    pyucell.compute_ucell_scores(data, sets, suffix="", n_jobs=1, **options)
    return data.obs[[name for name in data.obs if name not in before]]


def _decoupler(data: Any, sets: Any, **options: Any) -> Scores:
    import decoupler

    if isinstance(sets, Path):
        sets = decoupler.pp.read_gmt(str(sets))
    if "use_raw" in options:
        options["raw"] = options.pop("use_raw")
    # The mean of the genes shows every gene that was found.
    options = {"tmin": 1, "times": 1, "fun": "wmean", "verbose": False, **options}
    found = decoupler.mt.waggr(data, sets, **options)
    if isinstance(data, pd.DataFrame):
        return found[0]
    # Cells without counts are left out, of an AnnData that it returns.
    return (data if found is None else found).obsm["score_waggr"]


def _net(sets: dict[str, list[str]]) -> pd.DataFrame:
    rows = [(name, gene) for name, genes in sets.items() for gene in genes]
    return pd.DataFrame(rows, columns=["source", "target"])


def _gseapy(data: Any, sets: Any, **options: Any) -> Scores:
    import gseapy

    if options:
        raise NotOfferedError
    found = gseapy.ssgsea(
        data.T,
        str(sets) if isinstance(sets, Path) else sets,
        outdir=None,
        min_size=1,
        max_size=100_000,
        no_plot=True,
        threads=1,
    ).res2d
    wide = found.pivot_table(index="Name", columns="Term", values="ES", aggfunc="first")
    return wide.loc[list(data.index)].astype(float)


def _pertpy(data: Any, sets: Any, **options: Any) -> Scores:
    import pertpy

    if "use_raw" in options:
        raise NotOfferedError
    if isinstance(sets, dict) and any(isinstance(one, dict) for one in sets.values()):
        options["nested"] = True
    pertpy.tl.Enrichment().score(data, targets=sets, **options)
    found = np.asarray(data.uns["pertpy_enrichment_score"])
    names = data.uns["pertpy_enrichment_variables"]
    return pd.DataFrame(found, index=data.obs_names, columns=names)


@cache
def _model() -> Any:
    import celltypist
    import inputs_data

    cells = inputs_data.logs()
    return celltypist.train(
        cells, labels="condition", n_jobs=1, max_iter=50, check_expression=False
    )


def _celltypist(data: Any, sets: Any, **options: Any) -> Scores:
    import celltypist

    del sets
    # It takes raw by itself where X does not hold log values.
    if "layer" in options:
        raise NotOfferedError
    return celltypist.annotate(data, model=_model()).probability_matrix


PACKAGES = (
    Package("dtpscore", "tl.score", _dtpscore),
    Package("pyucell", "compute_ucell_scores", _pyucell),
    Package("decoupler", "mt.waggr", _decoupler, native=_net),
    Package("gseapy", "ssgsea", _gseapy, frames=True),
    Package("pertpy", "tl.Enrichment.score", _pertpy),
    Package("celltypist", "annotate", _celltypist, takes_sets=False, normalized=True),
)


def python() -> str:
    """Version of Python."""
    return ".".join(map(str, sys.version_info[:3]))
