"""What dtpscore and its peers take as input, tried call by call.

``python benchmarks/inputs.py`` prints the table of ``inputs.md``. Each package scores
the plain form first (60 cells of counts in CSR, one set in a dictionary). A cell of the
table is ``yes`` only where the scores of the other form are those of the plain one, so
that an input which is read wrongly without an error is no ``yes``.
"""

from __future__ import annotations

import re
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import inputs_data
import numpy as np
from inputs_data import NotOfferedError
from inputs_packages import PACKAGES, Package, python, quiet
from inputs_rows import N_MANY, Row, groups

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_DEPENDENCIES = ("anndata", "dask", "numpy", "pandas", "scipy", "scikit-learn")
# Characters of a message that the table quotes.
_QUOTED = 60


def _cells(package: Package) -> AnnData:
    return inputs_data.logs() if package.normalized else inputs_data.counts()


def _as_taken(package: Package, data: Any) -> Any:
    """Give a frame to a package that takes no AnnData, as its users do."""
    made = package.frames and isinstance(data, ad.AnnData)
    return data.to_df() if made else data


@cache
def _plain(package: Package) -> pd.DataFrame:
    return _of_genes(package, tuple(inputs_data.up()))


@cache
def _of_genes(package: Package, genes: tuple[str, ...]) -> pd.DataFrame:
    data = _as_taken(package, _cells(package))
    return package.score(data, package.native({"mine": list(genes)}))


def _is_signed(package: Package, found: pd.DataFrame) -> bool:
    """Whether scores rise with the up genes and fall with the down genes."""
    halves = (inputs_data.up(), inputs_data.down())
    up, down = (
        _of_genes(package, tuple(half)).to_numpy(float).ravel() for half in halves
    )
    values = found.iloc[:, 0].to_numpy(float)
    if found.shape[1] != 1 or np.ptp(values) == 0 or np.allclose(values, up):
        return False
    known = np.column_stack([up, down, np.ones_like(up)])
    rise, fall, _ = np.linalg.lstsq(known, values, rcond=None)[0]
    return bool(rise > 0 and fall < -0.05 * rise)


def _difference(package: Package, found: pd.DataFrame, cells: int) -> float:
    """Largest difference from the scores of the plain form; infinite if one lacks."""
    plain = _plain(package)
    wanted = plain.to_numpy(dtype=float)[:cells]
    if package.takes_sets:
        # A set that came without a name has one of the package's own.
        name = "mine" if "mine" in found else found.columns[0]
        values = np.asarray(found[name], dtype=float).reshape(len(found), -1)[:, :1]
    else:
        values = found.to_numpy(dtype=float)
    if len(found) > len(wanted):
        values = values[:cells]
    if values.shape != wanted.shape or not np.isfinite(values).all():
        return np.inf
    return float(np.abs(values - wanted).max() / max(np.abs(wanted).max(), 1e-12))


def _judged(package: Package, row: Row, found: pd.DataFrame, data: Any) -> str:
    """Say ``yes``, or what is wrong with scores that came out."""
    if row.expect == "any":
        return "yes"
    if row.expect == "all":
        return "yes" if found.shape[1] >= N_MANY else f"no: {found.shape[1]} columns"
    if row.expect == "stored":
        if not isinstance(data, ad.AnnData):
            return "yes"
        with tempfile.TemporaryDirectory() as folder:
            data.write_h5ad(Path(folder) / "scored.h5ad")
            ad.read_h5ad(Path(folder) / "scored.h5ad")
        return "yes"
    if row.expect == "signed":
        return "yes" if _is_signed(package, found) else "no: down genes do not count"
    same = _difference(package, found, row.cells) < 1e-4
    return "yes" if same else "no: other scores, without a word"


def _reason(error: Exception) -> str:
    if type(error).__name__ == "ConnectionError":  # that of requests
        return "no: taken for the name of an online library"
    text = " ".join(str(error).split()).replace("|", "/")
    text = re.sub(r"(/[\w.-]+){2,}", "FILE", text)
    short = text if len(text) <= _QUOTED else f"{text[:_QUOTED].rstrip()} ..."
    return f"no: {type(error).__name__}" + (f", {short}" if short else "")


def tried(package: Package, row: Row) -> str:
    """Try one call, and say what came of it."""
    about_sets = row.form or row.sets is not Row.sets
    if (about_sets and not package.takes_sets) or (package.frames and row.storage):
        return "not offered"
    with tempfile.TemporaryDirectory() as name, quiet():
        folder = Path(name)
        try:
            data = _as_taken(package, row.data(_cells(package), folder))
            given = row.sets(folder)
            sets = given if row.form else package.native(given)
            found = package.score(data, sets, **row.options)
            return _judged(package, row, found, data)
        except NotOfferedError:
            return "not offered"
        except Exception as error:  # noqa: BLE001 - whatever a package raises
            return _reason(error)


_BY_GROUP = groups()


def main() -> None:
    """Print the tables."""
    problems = {package: package.problem() for package in PACKAGES}
    others = ", ".join(f"{name} {version(name)}" for name in _DEPENDENCIES)
    print(f"Python {python()}, {others}.\n")
    for package, problem in problems.items():
        state = problem or f"version {package.version}, `{package.call}`"
        print(f"- {package.name}: {state}")
    heads = [package.name for package in PACKAGES]
    for title, rows in _BY_GROUP.items():
        print(f"\n## {title}\n\n| input | {' | '.join(heads)} |")
        print("| --- " * (len(heads) + 1) + "|")
        for row in rows:
            said = [problems[one] or tried(one, row) for one in PACKAGES]
            print(f"| {row.what} | {' | '.join(said)} |", flush=True)


if __name__ == "__main__":
    main()
