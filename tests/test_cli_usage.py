"""Wrong options end with exit code 2 and a message, whoever finds them."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "ssgsea", "--control"], "control does not exist for 'ssgsea'"),
        (["--method", "aucell", "--auc-fraction", "0"], "auc_fraction must be above 0"),
        (["--axis", "emt", "--max-rank", "30"], "more than max_rank (30)"),
        (["--seed", "-1"], "seed must be at least 0, not -1."),
        (["--key-added", "dtp"], "key_added cannot be 'dtp'"),
        (["--key-added", "."], "key_added cannot be '.'"),
        (["--axis", "emt", "--signature", "pemt_puram2017"], "not both"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_do_not_fit(words, message, path, out, command):
    code, stdout, err = command("score", path, "-o", out, *words)
    assert (code, stdout) == (2, "")
    assert message in err
    assert "Unexpected" not in err
    assert not out.exists()


def test_two_selections_for_an_export(command):
    words = ["--axis", "emt", "--signature", "pemt_puram2017"]
    code, _, err = command("signatures", "export", *words)
    assert code == 2
    assert "not both" in err


def test_export_makes_the_folder_of_its_output(tmp_path, command):
    file = tmp_path / "new" / "emt.gmt"
    assert command("signatures", "export", "--axis", "emt", "-o", file)[0] == 0
    assert file.read_text().startswith("emt_foroutan2017")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--axis", "kdm5"], "Did you mean kdm5_chromatin?"),
        (["--axis", "bogus"], "There are: redox_nrf2, oxphos, emt"),
        (["--use", "bogus"], "There are: default, optional"),
    ],
    ids=" ".join,
)
def test_unknown_axis_or_use_names_those_there_are(words, message, command):
    code, _, err = command("signatures", "list", *words)
    assert code == 4
    assert message in err


@pytest.mark.slow
def test_closed_stderr_is_no_error(path, out):
    words = [sys.executable, "-m", "dtpscore", "score", path, "-o", out]
    done = subprocess.run(
        f"{' '.join(map(str, words))} --axis emt 2>&-", shell=True, check=False
    )
    assert done.returncode == 0
    assert out.exists()


@pytest.mark.slow
def test_one_of_each_is_counted_in_the_singular(cells, tmp_path, out, command):
    cells[:1].copy().write_h5ad(tmp_path / "one.h5ad")
    words = ["--signature", "pemt_puram2017"]
    _, _, err = command("score", tmp_path / "one.h5ad", "-o", out, *words)
    assert "1 cell, 1 signature, 1 axis, ucell" in err
