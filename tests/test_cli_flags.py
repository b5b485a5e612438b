"""Flags of commands: made from the options, with old names for one release."""

from __future__ import annotations

import re

import pytest
from typer.main import get_command

from dtpscore import _cli
from dtpscore._cli import _flags
from dtpscore._options.call import CallOptions
from dtpscore._options.order import OrderOptions
from dtpscore._options.run import RunOptions
from dtpscore._options.score import ScoreOptions
from dtpscore._options.trends import TrendOptions
from dtpscore.errors import OptionError

COMMANDS = get_command(_cli.app).commands
DESIGN = ["--groupby", "condition", "--reference", "parental"]


def flags_of(name, *, hidden):
    return {
        flag
        for parameter in COMMANDS[name].params
        if getattr(parameter, "hidden", False) == hidden
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("command", _cli.COMMANDS, ids=lambda command: command.name)
def test_every_option_has_its_flag(command):
    shown = flags_of(command.name, hidden=False)
    for model in command.models:
        names = set(model.model_fields) - command.leave_out
        assert {f"--{name.replace('_', '-')}" for name in names} <= shown


def test_every_command_can_be_quiet_verbose_and_print_json():
    for command in _cli.COMMANDS:
        assert {"--quiet", "-q", "--verbose", "-v", "--json"} <= flags_of(
            command.name, hidden=False
        )


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("score", {"--random-state"}),
        ("call", {"--days-key", "--random-state", "--exclude-study"}),
        ("pseudotime", {"--root", "--random-state", "--gene", "--permutations"}),
        ("run", {"--days-key", "--permutations"}),
    ],
)
def test_old_flags_are_there_and_hidden(name, old):
    hidden = flags_of(name, hidden=True)
    assert old <= hidden
    assert not old & flags_of(name, hidden=False)


def test_an_old_flag_gives_its_option_with_a_warning():
    values = {"root": "DMSO", "reference": None, "gene": ["AXL"], "genes": None}
    with pytest.warns(FutureWarning) as caught:
        found = _flags.given(values, [OrderOptions, TrendOptions])
    assert found == {"reference": "DMSO", "genes": ("AXL",)}
    assert [str(one.message) for one in caught] == [
        "The flag --root is now called --reference.",
        "The flag --gene is now called --genes.",
    ]
    with pytest.raises(OptionError, match="--reference alone"):
        _flags.given({"root": "a", "reference": "b"}, [OrderOptions])


def test_an_old_flag_warns_on_the_command_line(path, out, command):
    words = ["pseudotime", path, "-o", out, "--groupby", "condition", "--root", "DMSO"]
    code, _, err = command(*words)
    assert code == 3
    assert "Warning: The flag --root is now called --reference." in err
    assert "The reference group 'DMSO' is not in" in err


def test_values_get_the_type_of_their_option():
    values = {"alpha": "0.1", "min_genes": "50", "holiday": ["a"], "match_depth": False}
    assert _flags.given(values, [CallOptions]) == {
        "alpha": 0.1,
        "min_genes": 50,
        "holiday": ("a",),
        "match_depth": False,
    }
    assert _flags.given({"method": "auto"}, [OrderOptions]) == {"method": None}
    assert _flags.given({"normalize": "none"}, [ScoreOptions]) == {"normalize": None}
    assert _flags.given({"malignant": [], "layer": None}, [CallOptions]) == {}


WRONG = {
    "alpha": ("2", "alpha must be above 0 and below 1, not 2."),
    "species": ("rat", "species must be one of 'human', 'mouse', not 'rat'."),
    "seed": ("-1", "seed must be at least 0, not -1."),
    "n-jobs": ("many", "n_jobs must be a whole number, not 'many'."),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("which", ["call", "run"])
def test_a_wrong_value_is_said_in_one_form(name, which, path, tmp_path, command):
    value, said = WRONG[name]
    words = [which, path, "-o", tmp_path / "o.h5ad", *DESIGN, f"--{name}", value]
    code, stdout, err = command(*words)
    assert (code, stdout) == (2, "")
    assert err == f"Error: {said}\n"
    assert not (tmp_path / "o.h5ad").exists()


def test_a_missing_option_is_said_without_the_words_of_a_library(path, out, command):
    code, _, err = command("run", path, "-o", out)
    assert (code, err) == (2, "Error: reference is missing.\n")


def test_quiet_and_verbose_exclude_each_other(path, command):
    code, _, err = command("check", path, "-q", "-v")
    assert code == 2
    assert "not both" in err


def test_the_verbosity_of_the_session_comes_back(path, command):
    import dtpscore as dtp

    dtp.settings.verbosity = "warning"
    try:
        command("check", path, "-v")
        assert dtp.settings.verbosity == "warning"
    finally:
        dtp.settings.verbosity = "info"


def test_help_shows_defaults_and_choices(command):
    _, out, _ = command("call", "--help")
    text = re.sub(r"\s+", " ", out)
    assert "False discovery rate. [default: 0.05]" in text
    assert "--species [human|mouse]" in text
    assert "root" not in text


def test_flags_of_a_run_have_no_default_of_their_own():
    """A flag that is not given must not win over the configuration."""
    parameters = _flags.parameters([RunOptions], required=False)
    assert {parameter.default for parameter in parameters} == {None}


def test_options_of_a_report_and_of_a_check_are_those_of_the_functions():
    import inspect

    import dtpscore as dtp
    from dtpscore._options.check import CheckOptions
    from dtpscore._options.report import ReportOptions

    report = set(inspect.signature(dtp.report).parameters)
    assert set(ReportOptions.model_fields) == report - {
        "adata",
        "path",
        "tables",
        "overwrite",
    }
    check = set(inspect.signature(dtp.check).parameters)
    assert set(CheckOptions.model_fields) == check - {"adata"}
