"""Wheel and sdist carry the signatures, and the wheel works on its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

from dtpscore import signatures

TABLES = ("axes.toml", "vulnerabilities.toml", "not_scorable.toml", "gene_names.tsv")


@pytest.fixture(scope="module")
def built(repository, tmp_path_factory):
    """Wheel and sdist, built without network by the backend itself."""
    pytest.importorskip("hatchling")
    if not (repository / "pyproject.toml").is_file():
        pytest.skip("the tests do not lie in the repository")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=repository,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def names():
    return {f"{name}.toml" for name in signatures.available().index} | set(TABLES)


def test_wheel_carries_every_signature(built, names):
    with zipfile.ZipFile(built[0]) as wheel:
        content = wheel.namelist()
    prefix = "dtpscore/_data/signatures/"
    carried = {name.removeprefix(prefix) for name in content if name.startswith(prefix)}
    assert names <= carried
    assert "dtpscore/py.typed" in content
    assert not [name for name in content if name.endswith((".h5ad", ".pyc"))]
    for document in ("LICENSE", "NOTICE"):
        assert any(name.endswith(f"licenses/{document}") for name in content)


def test_sdist_carries_signatures_tests_and_tutorials(built, names):
    with tarfile.open(built[1]) as sdist:
        content = {name.split("/", 1)[-1] for name in sdist.getnames()}
    assert {f"signatures/{name}" for name in names} <= content
    assert {"README.md", "LICENSE", "NOTICE", "pyproject.toml"} <= content
    assert not [name for name in content if name.endswith(".h5ad")]


@pytest.mark.slow
def test_wheel_alone_reads_its_own_signatures(built, tmp_path, names):
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(tmp_path)
    code = (
        "import dtpscore\n"
        "from dtpscore import signatures\n"
        "print(dtpscore.__file__)\n"
        "print(signatures.root())\n"
        "print(len(signatures.available()), len(signatures.select()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    package, root, counts = done.stdout.splitlines()
    assert package.startswith(str(tmp_path))
    assert root.startswith(str(tmp_path))
    assert counts == f"{len(signatures.available())} {len(signatures.select())}"
