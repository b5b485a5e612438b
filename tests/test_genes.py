"""Gene names are read as a search of the whole table would, and none is lost."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from gene_table import COLUMNS, columns, found, slow_resolve, table
from hypothesis import given, settings
from hypothesis import strategies as st

from dtpscore import _genes
from dtpscore._genes import match, nomenclature
from dtpscore._genes._names import How
from dtpscore._resources import signature_root
from dtpscore.errors import DataError
from dtpscore.signatures import from_dict


@cache
def clear_previous() -> frozenset[str]:
    """Previous symbols, in upper case, of one gene only and approved for none."""
    listed = Counter(
        name.upper() for row in table() for name in row["previous"] if row["symbol"]
    )
    approved = {symbol.upper() for row in table() for symbol in row["symbol"]}
    return frozenset(name for name in listed if listed[name] == 1) - approved


def test_table_states_source_licence_and_date():
    text = (signature_root() / "gene_names.tsv").read_text(encoding="utf-8")
    header = [line for line in text.split("\n") if line.startswith("#")]
    for word in ("HGNC", "CC0", "MGI", "CC BY 4.0", "2024-07-23", "sha256"):
        assert any(word in line for line in header)


@pytest.mark.slow
def test_table_has_each_symbol_once():
    symbols = [row["symbol"][0] for row in table() if row["symbol"]]
    assert len(symbols) == len(set(symbols)) > 40_000


@pytest.mark.parametrize(
    ("name", "symbol", "how"),
    [
        ("MKI67", "MKI67", How.EXACT),
        ("mki67", "MKI67", How.CASE),
        ("C1ORF112", "FIRRM", How.PREVIOUS),
        ("HLA.A", "HLA-A", How.MANGLED),
        ("NKX2.1", "NKX2-1", How.MANGLED),
        ("A1BG.AS1", "A1BG-AS1", How.MANGLED),
        ("MLL", "KMT2A", How.PREVIOUS),
        ("SEPT7", "SEPTIN7", How.PREVIOUS),
        ("CYR61", "CCN1", How.PREVIOUS),
        ("CTGF", "CCN2", How.PREVIOUS),
        ("p53", "TP53", How.ALIAS),
        ("ENSG00000148773", "MKI67", How.ENSEMBL),
        ("ENSG00000148773.14", "MKI67", How.ENSEMBL),
        ("ENSG00000182378.15_PAR_Y", "PLCXD1", How.ENSEMBL_PAR_Y),
        ("NOT-A-GENE", "NOT-A-GENE", How.UNKNOWN),
    ],
)
def test_names_resolve(name, symbol, how):
    resolved = _genes.nomenclature("human").resolve(name)
    assert resolved == _genes.Resolved((symbol,), how)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_resolution_agrees_with_a_search_of_the_whole_table(data):
    row = data.draw(st.sampled_from(table()))
    cells = [name for column in COLUMNS[:5] for name in row[column]]
    name = data.draw(st.sampled_from(cells))
    spelled = data.draw(
        st.sampled_from([name, name.lower(), name.upper(), name.replace("-", ".")])
    )
    assert set(_genes.nomenclature("human").resolve(spelled).symbols) == slow_resolve(
        spelled
    )


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_spelling_leads_to_the_right_column(data, make_signature):
    """Data that spell each gene in another way, in any order, lose no gene."""
    usable = [row for row in table() if row["symbol"] and row["ensembl"]]
    rows = data.draw(
        st.lists(
            st.sampled_from(usable),
            min_size=2,
            max_size=12,
            unique_by=(lambda r: r["symbol"][0], lambda r: r["ensembl"][0]),
        )
    )
    truth = {}
    for row in rows:
        symbol = row["symbol"][0]
        former = [p for p in row["previous"] if p.upper() in clear_previous()]
        forms = [symbol, symbol.lower(), row["ensembl"][0] + ".3", *former]
        truth[data.draw(st.sampled_from(forms))] = symbol
    order = data.draw(st.permutations(list(truth)))
    signature = make_signature("s", [row["symbol"][0] for row in rows])
    match = _genes.match([signature], order)
    assert found(match)["n_found"] == len(rows)
    assert columns(match) == list(range(len(rows)))
    weighted = make_signature(
        "w",
        [row["symbol"][0] for row in rows],
        weights={row["symbol"][0]: i + 1.0 for i, row in enumerate(rows)},
    )
    weights = _genes.match([weighted], order).net.weights
    position = {row["symbol"][0]: i + 1.0 for i, row in enumerate(rows)}
    assert weights.tolist() == [position[truth[name]] for name in order]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_counts_add_up_and_no_column_counts_twice(data, make_signature):
    pool = ["MKI67", "TOP2A", "AES", "TLE5", "HLA-A", "HLA.A", "QARS", "COX1", "NOPE"]
    up = data.draw(st.lists(st.sampled_from(pool), unique=True, max_size=6))
    rest = [gene for gene in pool if gene not in up]
    least = 0 if up else 1
    down = data.draw(st.lists(st.sampled_from(rest), unique=True, min_size=least))
    names = data.draw(st.lists(st.sampled_from([*pool, "PTGS1", "mki67", "MLL"])))
    try:
        match = _genes.match([make_signature("s", up, down)], names)
    except DataError:
        return
    row = found(match)
    assert row["n_listed"] == len(up) + len(down)
    assert row["n_found"] + row["n_missing"] + row["n_ambiguous"] == row["n_listed"]
    assert row["fraction"] == row["n_found"] / row["n_listed"]
    for count in ("missing", "ambiguous", "renamed", "duplicated"):
        listed = [gene for gene in row[count].split("; ") if gene]
        assert len(listed) == row[f"n_{count}"]
    used = match.net.genes.tolist()
    assert len(used) == len(set(used)) == row["n_found"]
    assert match.net.n_listed.tolist() == [len(up), len(down)]
    for half in (0, 1):
        assert columns(match, half) == sorted(columns(match, half))


HUMAN = ["VIM", "CDH1", "ZEB1", "FN1", "MKI67"]


@pytest.mark.parametrize(
    "names",
    [
        [*HUMAN, "Vim", "Cdh1", "Zeb2", "Fn1"],
        ["GRCh38_VIM", "GRCh38_CDH1", "GRCh38_ZEB1", "mm10___Zeb2", "mm10___Vim"],
        ["hg19_VIM", "hg19_CDH1", "mm10_Zeb2"],
    ],
)
def test_mouse_genes_of_a_xenograft_are_no_human_genes(names):
    found = match(from_dict({"a": ["VIM", "CDH1", "ZEB2"]}), names)
    assert found.coverage.loc["a", "n_found"] == 2
    assert found.coverage.loc["a", "missing"] == "ZEB2"
    assert "hold the genes of two species" in found.warnings[0]
    mouse = match(from_dict({"a": ["Zeb2"]}), names, species_of_data="mouse")
    assert mouse.coverage.loc["a", "n_found"] == 1


def test_more_mouse_than_human_genes_are_still_a_xenograft():
    mouse = [name.capitalize() for name in HUMAN]
    found = match(from_dict({"a": ["VIM", "FN1"]}), ["VIM", *mouse])
    assert found.coverage.loc["a", "n_found"] == 1
    with pytest.raises(DataError, match="look like mouse genes"):
        match(from_dict({"a": ["VIM"]}), mouse)


def test_few_foreign_names_are_no_second_species():
    human = sorted(nomenclature("human").approved)[:2000]
    found = match(from_dict({"a": human[:3]}), [*human, "Vim"])
    assert found.warnings == []
