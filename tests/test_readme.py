"""The README says what the code does."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import subprocess
import sys

import pytest

import dtpscore

TOOLS = dtpscore.tl.__all__


@pytest.fixture(scope="module")
def blocks(repository):
    path = repository / ".ci" / "readme_blocks.py"
    spec = importlib.util.spec_from_file_location("readme_blocks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def text(repository):
    return (repository / "README.md").read_text(encoding="utf-8")


def test_generated_tables_are_current(blocks, text):
    assert blocks.rendered(text) == text, "run: python .ci/readme_blocks.py"


def test_the_two_commands_stand_in_the_readme_and_ci_runs_them(repository, text):
    assert "pip install . && dtpscore demo\n" in text
    assert 'pip install ".[test]" && pytest\n' in text
    ci = (repository / ".ci" / "run").read_text(encoding="utf-8")
    assert 'pip install -q ".[test]" && pytest' in ci


def test_every_command_shown_exists(text):
    from typer.main import get_command

    from dtpscore._cli import app

    commands = get_command(app).commands
    shown = re.findall(r"^dtpscore ([a-z]+)(?: ([a-z]+))?", text, flags=re.MULTILINE)
    assert shown
    for command, sub in shown:
        assert command in commands
        if hasattr(commands[command], "commands"):
            assert sub in commands[command].commands


NAMESPACES = [
    dtpscore,
    dtpscore.datasets,
    dtpscore.get,
    dtpscore.pl,
    dtpscore.signatures,
    dtpscore.tl,
]


@pytest.mark.parametrize("module", NAMESPACES, ids=lambda module: module.__name__)
def test_docstrings_name_every_parameter(module):
    for name in module.__all__:
        thing = getattr(module, name)
        if not inspect.isfunction(inspect.unwrap(thing)):
            continue
        doc = inspect.getdoc(thing)
        for parameter in inspect.signature(thing).parameters:
            pattern = rf"^(\w+, )*{parameter}(, \w+)*$"
            assert re.search(pattern, doc, flags=re.MULTILINE), (name, parameter)


@pytest.mark.parametrize("name", TOOLS)
def test_tools_follow_the_signature_law(name):
    parameters = inspect.signature(getattr(dtpscore.tl, name)).parameters
    positional = [
        key
        for key, parameter in parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    assert positional[0] == "adata"
    assert len(positional) <= 3
    copy = parameters["copy"]
    assert copy.kind is copy.KEYWORD_ONLY
    assert copy.default is False


@pytest.mark.slow
def test_the_ten_lines_run_without_a_warning(text, tmp_path):
    (lines,) = (
        block.split("```")[0]
        for block in text.split("```python\n")[1:]
        if "dtp.datasets.simulate(seed=0)" in block
    )
    done = subprocess.run(
        [sys.executable, "-c", lines],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert (tmp_path / "report.html").stat().st_size > 100_000
    assert "DTP-like" in done.stdout
