"""The command line as a whole: help, versions, exit codes, completion."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from typing import get_args

import pytest
import typer
from typer.main import get_command

from dtpscore import _cli
from dtpscore._cli._console import explained, report_failure
from dtpscore._methods.registry import METHODS
from dtpscore._options.score import ScoreOptions
from dtpscore.errors import DataError, ResultError, SignatureError

ROOT = get_command(_cli.app)


def commands(group=ROOT, before=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


NAMES = [name for name, _ in commands()]


@pytest.mark.parametrize("name", NAMES, ids="-".join)
def test_help_of_every_command_has_an_example(name, command):
    code, out, err = command(*name, "--help")
    assert (code, err) == (0, "")
    assert re.search(rf"^ *dtpscore {' '.join(name)}\b", out, flags=re.MULTILINE)


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=str)
def test_every_option_is_explained(name, command):
    assert command.help, name
    for parameter in command.params:
        assert getattr(parameter, "help", "explained"), (name, parameter.name)


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=str)
def test_examples_use_options_that_exist(name, command):
    known = {flag for parameter in command.params for flag in parameter.opts}
    known |= {flag for p in command.params for flag in p.secondary_opts}
    used = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", command.epilog or ""))
    assert used <= known, name


def test_methods_are_those_of_the_package():
    method = ScoreOptions.model_fields["method"].annotation
    assert sorted(get_args(method)) == sorted(METHODS)


def test_version_names_the_dependencies(command):
    code, out, _ = command("--version")
    assert code == 0
    for package in ("dtpscore", "Python", "anndata", "scanpy", "numpy", "numba"):
        assert re.search(rf"^{package} \d+\.\d+", out, flags=re.MULTILINE)


@pytest.mark.parametrize("words", [["nonsense"], ["score"], ["score", "--nonsense"]])
def test_wrong_usage_ends_with_2(words, command):
    code, out, err = command(*words)
    assert code == 2
    assert "Usage: dtpscore" in out + err


@pytest.mark.parametrize(
    ("error", "code"),
    [(DataError("why"), 3), (SignatureError("why"), 4), (ResultError("why"), 5)],
)
def test_every_class_of_error_has_its_exit_code(error, code, capsys):
    assert report_failure(error) == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Error: why\n")


def test_unexpected_error_ends_with_1_and_debug_shows_where(command, monkeypatch):
    def fail(*_, **__):
        msg = "boom"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr("dtpscore.signatures.load", fail)
    code, _, err = command("signatures", "show", "x")
    assert code == 1
    assert "ZeroDivisionError: boom" in err
    assert "--debug" in err
    assert "Traceback" not in err
    with pytest.raises(ZeroDivisionError):
        _cli.main(["signatures", "show", "x", "--debug"])


def test_compiled_code_without_a_place_names_the_variable(capsys):
    error = RuntimeError("cannot cache function 'f': no locator available")
    assert report_failure(error) == 1
    assert "NUMBA_CACHE_DIR" in capsys.readouterr().err


def test_completion_is_offered():
    environment = {**os.environ, "_DTPSCORE_COMPLETE": "complete_bash"}
    environment |= {"COMP_WORDS": "dtpscore sc", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "dtpscore"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["score"]


@pytest.mark.slow
def test_a_closed_pipe_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m dtpscore signatures list | head -n 2",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""


def test_app_is_typer():
    assert isinstance(_cli.app, typer.Typer)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError("Could not find/load shared object file 'libllvmlite.so'"),
        ImportError("a.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
    ],
)
def test_too_little_memory_is_no_fault(error):
    code, said = explained(error)
    assert code == 8
    assert said.startswith("Error: There is not enough memory.")
    assert explained(OSError("another"))[0] == 1


def test_too_few_open_files_is_no_fault():
    code, said = explained(OSError(errno.EMFILE, "Too many open files"))
    assert code == 8
    assert "ulimit" in said
