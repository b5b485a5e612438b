"""A quick part of the set of hostile files and names, with the real commands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Linux says which files were opened"
)
QUICK = {
    ("h5ad that points outside", "external link at obsm/far"),
    ("h5ad that points outside", "external storage at X/data"),
    ("h5ad that points outside", "virtual dataset from ../beside/victim.h5ad"),
    ("zarr", "relative link out of the folder"),
    ("zarr", "array of pickles"),
    ("zarr", "column-order with .."),
    ("path of an input", "pipe"),
    ("path of an input", "/proc/self/mem"),
    ("path of an output", "link to a pipe"),
    ("path of an output", "link to nothing"),
    ("signatures and options", "GMT with escapes"),
    ("signatures and options", "options with escapes"),
    ("cells as text, 10x or gzip", "10x folder whose barcodes.tsv is a link"),
    ("cells as text, 10x or gzip", "h5ad that is a pickle"),
    ("run folder", "lists tables/../../../beside/victim.csv"),
    ("run folder", "run.log is a link to a file beside"),
    ("run folder", "lock of another machine with escapes"),
}


@pytest.fixture(scope="module")
def hostile():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield __import__("hostile")


@pytest.fixture(scope="module")
def base(hostile, tmp_path_factory):
    return hostile.make_base(tmp_path_factory.mktemp("hostile") / "base")


def test_the_set_holds_a_hundred_cases_of_different_names(hostile):
    names = {(case.group, case.name) for case in hostile.CASES}
    assert len(names) == len(hostile.CASES) >= 100
    assert names >= QUICK


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(QUICK), ids=" ".join)
def test_nothing_outside_is_read_written_or_run(hostile, base, tmp_path, name):
    case = next(one for one in hostile.CASES if (one.group, one.name) == name)
    found, said = hostile.trial(case, tmp_path, base, set())
    assert found == "harmless", said


def test_what_is_not_harmless_is_seen(hostile, base, tmp_path):
    """A command that does what it must not: the set would be blind otherwise."""
    look = __import__("hostile_look")
    place = hostile.make_place(tmp_path / "case", base)
    before = look.shape(tmp_path / "case")
    with look.Opened(place.beside) as opened:
        place.secret.read_text()
    assert set(opened.names()) == {"secret.txt"}
    (place.beside / "victim.csv").write_text("other")
    (place.work / "out.html").write_text("<b onclick=x><a href='javascript:1'>")
    changed = hostile._changed(before, look.shape(tmp_path / "case"))
    assert changed == ["beside/victim.csv"]
    page = look.problem("", [place.work / "out.html"], {"<b>", "<a>"})
    assert page == "out.html: <a href>, <b onclick>, href=javascript:1"
    (place.work / "a.csv").write_text("x\n-1\n=1+1\n")
    assert look.problem("", [place.work / "a.csv"], set()) == "a.csv: cell '=1+1'"
    (place.work / "run.log").write_text("forged\n")
    assert "forged" in look.problem("", [place.work / "run.log"], set())
    secret = place.secret.read_text()
    assert look.problem(secret, [], set()) == "a message holds the private text"
    assert look.problem("\x1b[2J", [], set()) == "a message holds '\\x1b'"
    assert look.problem("fine\n", [], set()) == "harmless"
