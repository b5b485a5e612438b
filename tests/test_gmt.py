"""Signatures as GMT files."""

from __future__ import annotations

import gzip
import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtpscore import signatures
from dtpscore.errors import InputWarning, SignatureError
from dtpscore.signatures._gmt import gmt_text

names = st.text("abdnopuw019_", min_size=1, max_size=60)  # _up and _dn among them
symbols = st.text("ABMRS019-", min_size=1, max_size=8).map("G{}".format)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@st.composite
def halves(draw):
    genes = draw(st.lists(symbols, min_size=1, max_size=12, unique=True))
    cut = draw(st.integers(0, len(genes)))
    return genes[:cut], genes[cut:]


@pytest.mark.slow
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


def read(tmp_path, text, *, name="a.gmt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return signatures.read_gmt(path)


def test_endings_and_names(tmp_path):
    first, second = read(
        tmp_path,
        "My set (v2)_DOWN\tnote\tTP53\tTP53\t\tMYC\r\n\nMy set (v2)_up\t\tCDH1\n"
        "plain\t\tKRAS\n",
    )
    assert (first.name, second.name) == ("My set (v2)", "plain")
    assert (first.genes.up, first.genes.down) == (("CDH1",), ("TP53", "MYC"))
    assert (first.title, second.title) == ("note", "plain")


LONG = "REACTOME_RUNX1_REGULATES_TRANSCRIPTION_OF_GENES_INVOLVED_IN_DIFFERENTIATION_OF_"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{LONG}HSCS\t\tA\n{LONG}KERATINOCYTES\t\tB\n", {
            f"{LONG}HSCS": ("A", ""), f"{LONG}KERATINOCYTES": ("B", "")
        }),
        ("IL-6 signal\t\tA\nIL/6 signal\t\tB\n", {
            "IL-6 signal": ("A", ""), "IL_6 signal": ("B", "")
        }),
        ("IL_6\t\tA\nIL/6\t\tB\n", {"IL_6": ("A", ""), "IL_6_2": ("B", "")}),
        ("Myc\t\tA\nMYC\t\tB\n", {"Myc": ("A", ""), "MYC": ("B", "")}),
        ("same\t\tA\nsame\t\tB\n", {"same": ("A", ""), "same_2": ("B", "")}),
        ("same\t\tA\nsame\t\tA\n", {"same": ("A", "")}),
        ("F\t\tA\nF_UP\t\tB\n", {"F": ("A", ""), "F_UP": ("B", "")}),
        ("F\t\tA\nF_UP\t\tB\nF_DN\t\tC\n", {
            "F": ("A", ""), "F_UP": ("B", ""), "F_DN": ("", "C")
        }),
        ("F_DN\t\tA\nF_DOWN\t\tB\n", {"F": ("", "A"), "F_DOWN": ("", "B")}),
        ("_UP\t\tA\n", {"_UP": ("A", "")}),
        ("细胞周期\t\tA\n細胞\t\tДЖИ1\n", {
            "细胞周期": ("A", ""), "細胞": ("ДЖИ1", "")
        }),
        ("A\t\tA\nB_UP\t\tA\tC\nB_DN\t\tA\nC\t\tD\n", {
            "A": ("A", ""), "B": ("C", ""), "C": ("D", "")
        }),
        ("E\t\tA,1.0\tB,1.0\n", {"E": ("A B", "")}),
        ("E\t\tA,0.5\tB,-2\tC,0\n", {"E": ("A", "B")}),
        ("A\t\tA\nB\td\nC\t\tC\n", {"A": ("A", ""), "C": ("C", "")}),
        ("A\t\tA\n\td\tB\nC\t\tC\n", {"A": ("A", ""), "C": ("C", "")}),
        ("A\t\t1-Sep\tB\n", {"A": ("B", "")}),
        ("A\t\tHLA-\tB+\n", {"A": ("HLA- B+", "")}),
        ("\ufeffA\t\tA\n", {"A": ("A", "")}),
        ("A\t\tA\rB\t\tB\r", {"A": ("A", ""), "B": ("B", "")}),
        ("A\t\tA\u2028\tB\x85\n", {"A": ("A B", "")}),
        ("A\t\tA".encode("utf-16"), {"A": ("A", "")}),
        ("caf\xe9\t\tA\n".encode("latin-1"), {"café": ("A", "")}),
        (gzip.compress(b"A\t\tA\n", mtime=0), {"A": ("A", "")}),
        ("_index\t\tA\n..\t\tB\n", {"_index_set": ("A", ""), ".._set": ("B", "")}),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::dtpscore.errors.InputWarning")
def test_files_of_the_world(tmp_path, text, expected):
    found = read(tmp_path, text)
    assert {
        one.name: (" ".join(one.genes.up), " ".join(one.genes.down)) for one in found
    } == expected


def test_a_space_in_a_gene_is_kept(tmp_path):
    (one,) = read(tmp_path, "B\t\tA\tTrem3  Ceac\n")
    assert one.genes.up == ("A", "Trem3  Ceac")


def test_weights_of_enrichr(tmp_path):
    (one,) = read(tmp_path, "E\t\tA,0.5\tB,-2e0\tC\n")
    assert one.genes.weights == {"A": 0.5, "B": 2.0, "C": 1.0}
    (even,) = read(tmp_path, "E\t\tA,1.0\tB,1.0\n")
    assert even.genes.weights is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A\t\tA\nB\td\n", "a.gmt: Line 2 is left out: 'B' has no genes."),
        ("A\t\tA\nB\n", "Line 2 is left out: 'B' has no genes; a line is a name"),
        ("A\t\tA\n\n\td\tB\n", "Line 3 is left out: the set has no name."),
        ("A_UP\t\tA\tB\nA_DN\t\tB\n", "In the set 'A', B is in both directions"),
        ("A\t\t1-Sep\tB\n", "In the set 'A', 1-Sep is a date that a spreadsheet"),
        ("A\t\tB\nA\t\tC\n", "A second set 'A' is called 'A_2'."),
        ("A\t\tA\n" + "B\td\n" * 8, "There are 3 more such remarks."),
    ],
)
def test_what_is_left_out_is_said(tmp_path, text, said):
    with pytest.warns(InputWarning, match=re.escape(said)):
        read(tmp_path, text)


def test_nothing_is_said_of_a_good_file(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(tmp_path, "A\t\tA\nB_UP\t\tA\nB_DN\t\tB\n")


def test_names_of_shipped_signatures_can_be_used_again(tmp_path):
    path = tmp_path / "a.gmt"
    path.write_text("hallmark_hypoxia\t\tVIM\nHALLMARK_HYPOXIA\t\tZEB1\n")
    with pytest.warns(InputWarning, match="is called 'hallmark_hypoxia_2'"):
        found = signatures.resolve(["hallmark_hypoxia", str(path)])
    names = ["hallmark_hypoxia", "hallmark_hypoxia_2", "HALLMARK_HYPOXIA"]
    assert [one.name for one in found] == names
    assert found[1].genes.up == ("VIM",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ": there is no gene set."),
        ("a\tnote\n", ": there is no gene set. Line 1 is left out: 'a' has no genes."),
        ("a_UP\t\tMYC\na_DN\t\tMYC\n", ": there is no gene set. In the set 'a', MYC"),
    ],
)
def test_malformed_files(tmp_path, text, problem):
    with pytest.raises(SignatureError, match=re.escape(f"a.gmt{problem}")):
        read(tmp_path, text)


@pytest.mark.parametrize("raw", [b"\x89HDF\x00\x00", b"\x1f\x8bnot gzip"])
def test_what_is_no_text(tmp_path, raw):
    with pytest.raises(
        SignatureError, match=r"a\.gmt (is not a text file|cannot be re)"
    ):
        read(tmp_path, raw)


def test_missing_file(tmp_path):
    path = tmp_path / "a.gmt"
    with pytest.raises(SignatureError, match=re.escape(f"no GMT file {path}.")):
        signatures.read_gmt(path)
