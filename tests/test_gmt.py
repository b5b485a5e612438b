"""Signatures as GMT files."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtpscore import signatures
from dtpscore.errors import SignatureError
from dtpscore.signatures._gmt import gmt_text

names = st.text("abdnopuw019_", min_size=1, max_size=60)  # _up and _dn among them
symbols = st.text("ABMRS019-", min_size=1, max_size=8).map("G{}".format)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@st.composite
def halves(draw):
    genes = draw(st.lists(symbols, min_size=1, max_size=12, unique=True))
    cut = draw(st.integers(0, len(genes)))
    return genes[:cut], genes[cut:]


@given(
    named=st.dictionaries(
        names,
        st.tuples(halves(), texts),
        min_size=1,
        max_size=5,
    )
)
def test_round_trip(named, make_signature, tmp_path_factory):
    base = make_signature("base", up=["TP53"]).provenance
    before = [
        make_signature(
            name, up, down, provenance=base.model_copy(update={"citation": text})
        )
        for name, ((up, down), text) in named.items()
    ]
    path = tmp_path_factory.getbasetemp() / "round_trip.gmt"
    signatures.write_gmt(before, path)
    assert path.read_text(encoding="utf-8") == gmt_text(before)
    after = signatures.read_gmt(path)
    assert [s.name for s in after] == list(named)
    assert [(s.genes.up, s.genes.down) for s in after] == [
        (s.genes.up, s.genes.down) for s in before
    ]


def test_shipped_signatures_survive(tmp_path):
    before = signatures.select()
    path = tmp_path / "all.gmt"
    signatures.write_gmt(before, path)
    after = signatures.read(path)
    assert [s.name for s in after] == [s.name for s in before]
    assert [s.genes.up for s in after] == [s.genes.up for s in before]
    assert {s.axis for s in after} == {signatures.USER_AXIS}
    assert {s.direction for s in after} == {"two-sided"}


def test_endings_and_names(tmp_path):
    path = tmp_path / "a.gmt"
    path.write_text(
        "My set (v2)_DOWN\tnote\tTP53\tTP53\t\tMYC\r\n\nmy set (v2)_up\t\tCDH1\n"
        "plain\t\tKRAS\n"
    )
    first, second = signatures.read_gmt(path)
    assert (first.name, second.name) == ("my_set__v2_", "plain")
    assert (first.genes.up, first.genes.down) == (("CDH1",), ("TP53", "MYC"))
    assert (first.title, second.title) == ("note", "plain")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", " holds no gene set."),
        (
            "a\tnote\n",
            ", line 1: a GMT line is a name, a description and genes, separated by "
            "tabs.",
        ),
        ("a\t\tTP53\n\nA_UP\t\tMYC\n", ", line 3: 'A_UP' occurs more than once."),
        (
            "a\t\t \n",
            ", gene set 'a' is not valid: file: a signature needs at least one gene "
            "in up or down.",
        ),
        (
            "a_UP\t\tMYC\na_DN\t\tMYC\n",
            ", gene set 'a' is not valid: file: in up and in down: MYC.",
        ),
    ],
)
def test_malformed_files(tmp_path, text, problem):
    path = tmp_path / "a.gmt"
    path.write_text(text)
    with pytest.raises(SignatureError, match=f"^{re.escape(f'{path}{problem}')}$"):
        signatures.read_gmt(path)


def test_missing_file(tmp_path):
    path = tmp_path / "a.gmt"
    with pytest.raises(SignatureError, match=re.escape(f"no GMT file {path}.")):
        signatures.read_gmt(path)
