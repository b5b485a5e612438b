"""Fixtures shared by every test module."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")

# The same examples in every run, so that a failure says something of the change at
# hand. To look for new ones: HYPOTHESIS_PROFILE=search pytest.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case after its argument where its value is bytes.

    Packed bytes hold the second in which they were made, so that two processes that
    collect the same test would give it two names, and pytest-xdist would refuse both.
    """
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start modules with slow tests first, so that no process ends alone with them."""
    slow: dict[Path, int] = {}
    for item in items:
        slow[item.path] = slow.get(item.path, 0) + bool(item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds pyproject.toml."""
    return REPOSITORY


@pytest.fixture(scope="session")
def build_script():
    """A function that imports a script of signatures/build, which is not installed."""
    folder = REPOSITORY / "signatures" / "build"
    if not folder.is_dir():
        pytest.skip("signatures/build is in the repository only, and is not here")
    sys.path.insert(0, str(folder))
    yield importlib.import_module
    sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the real data sets, or a skip that says what was looked for."""
    named = os.environ.get("DTPSCORE_DATA_DIR")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            "real data not found: set DTPSCORE_DATA_DIR to the folder with the "
            ".h5ad files, or put it at ../shared/data"
        )
    return folder


@pytest.fixture(scope="session")
def real_file(data_dir: Path):
    """Path of one real data set by name, or a skip where it is missing."""

    def find(name: str) -> Path:
        path = data_dir / f"{name}.h5ad"
        if not path.is_file():
            pytest.skip(f"real data set {name!r} is not in {data_dir}")
        return path

    return find


@pytest.fixture(scope="session")
def make_signature():
    """A function that makes a signature from genes, the rest as in a shipped one."""
    from dtpscore import signatures

    base = signatures.load("tirosh2016_s_phase")

    def make(name: str, up=(), down=(), *, weights=None, **fields):
        genes = {"up": list(up), "down": list(down)}
        if weights is not None:
            genes["weights"] = weights
        content = {**base.model_dump(), **fields, "name": name, "genes": genes}
        return signatures.Signature.model_validate(content)

    return make


@pytest.fixture
def command(capsys):
    """A function that runs the command line in this process: code, stdout, stderr."""
    from dtpscore import _cli

    def run(*words):
        with pytest.raises(SystemExit) as end:
            _cli.main([str(word) for word in words])
        return end.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture(scope="session")
def cells():
    """75 simulated cells; tests that change them take a copy."""
    from dtpscore import datasets

    return datasets.simulate(n_cells=75, n_genes=5000, seed=1)


@pytest.fixture
def path(cells, tmp_path):
    """A file of those cells."""
    file = tmp_path / "cells.h5ad"
    cells.write_h5ad(file)
    return file


@pytest.fixture
def out(tmp_path):
    """A name for an output file."""
    return tmp_path / "scored.h5ad"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A dask cluster of two workers, each a process of its own."""
    from local_cluster import Cluster

    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    for _ in range(2):
        cluster.add_worker()
    yield cluster
    cluster.kill()


@pytest.fixture
def client(cluster):
    """A client of the cluster, which is in use during the test."""
    from local_cluster import connected

    with connected(cluster) as client:
        yield client


@pytest.fixture(autouse=True)
def close_figures():
    """No test sees the figures of another one."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
