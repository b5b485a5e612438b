"""Imports point one way, and the first import is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dtpscore

PACKAGE = Path(dtpscore.__file__).parent
HEAVY = {"scanpy", "matplotlib", "dask", "anndata", "pandas", "numba", "gseapy"}

# A module may import from its own level and from those below it.
LEVELS = [
    {"_kernels", "_statistics", "_warn", "_threads"},
    {"errors", "_keys", "_types", "_resources", "_processes", "_csv", "_text"},
    {"_deprecated", "_log", "_options", "_records", "_times", "_design"},
    {"_matrix"},
    {"_methods", "_values"},
    {"signatures", "_genes", "datasets"},
    {"_axes"},
    {
        "_scoring",
        "_calling",
        "_ordering",
        "_enrichment",
        "_lineages",
        "_vulnerabilities",
        "_compare",
        "_programs",
        "_engagement",
        "_resistance",
    },
    {"_results"},
    {"_store"},
    {"get", "_check"},
    {"tl", "pl", "_plan", "_report"},
    {"_files"},
    {"_run"},
    {"_demo"},
    {"_cli"},
]


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports_of(path: Path) -> set[str]:
    """Modules of dtpscore that a file imports outside type checking."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module == "dtpscore":
                found |= {f"dtpscore.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("dtpscore.")}


def level(name: str) -> int:
    return next((n for n, names in enumerate(LEVELS) if name in names), -1)


FILES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in {"__init__.py", "__main__.py", "_data"}
]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_downwards(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert level(own) >= 0, f"{own} has no level: add it to LEVELS"
    for name in imports_of(path):
        used = part(name)
        if used in {own, "__version__"}:
            continue
        assert level(used) >= 0, f"{used} has no level: add it to LEVELS"
        assert level(used) <= level(own), f"{own} must not import {used}"


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint()\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_import_is_light():
    assert not HEAVY & loaded_after("import dtpscore")


def help_of(*words: str) -> str:
    return (
        "from dtpscore._cli import main\n"
        f"try:\n    main([*{words}, '--help'])\nexcept SystemExit:\n    pass"
    )


COMMANDS = [
    "score",
    "call",
    "pseudotime",
    "compare",
    "programs",
    "lineages",
    "engagement",
    "vulnerabilities",
    "run",
    "report",
    "plan",
    "check",
    "demo",
]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_is_light(name):
    assert not (HEAVY | {"numpy", "rich"}) & loaded_after(help_of(name))


def test_help_loads_no_option():
    """The list of commands takes a tenth of a second; pydantic takes as long alone."""
    loaded = loaded_after(help_of())
    assert not (HEAVY | {"numpy", "rich", "pydantic"}) & loaded


@pytest.mark.parametrize("namespace", ["signatures", "tl", "get", "datasets", "errors"])
def test_namespaces_load_neither_scanpy_nor_matplotlib_nor_dask(namespace):
    loaded = loaded_after(f"import dtpscore\ndtpscore.{namespace}.__all__")
    assert not {"scanpy", "matplotlib", "dask"} & loaded


def test_names_are_listed_and_unknown_names_are_refused():
    assert {"signatures", "tl", "get", "datasets", "errors"} <= set(dir(dtpscore))
    with pytest.raises(AttributeError, match="nonsense"):
        dtpscore.nonsense  # noqa: B018
    with pytest.raises(AttributeError, match="nonsense"):
        dtpscore.tl.nonsense  # noqa: B018


@pytest.mark.slow
def test_scoring_does_not_load_scanpy():
    code = (
        "import dtpscore as dtp\n"
        "adata = dtp.datasets.simulate(n_cells=60, n_genes=300, seed=0)\n"
        "dtp.tl.score(adata, ['tirosh2016_s_phase'])"
    )
    assert not {"scanpy", "matplotlib"} & loaded_after(code)
