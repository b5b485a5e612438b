"""Genes of signatures find their columns, whatever the data call them."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtpscore import _genes
from dtpscore._errors import DataError
from dtpscore._genes._names import How
from dtpscore._resources import signature_root

COLUMNS = ("symbol", "ensembl", "previous", "alias", "mouse", "mouse_ensembl")


@cache
def table() -> list[dict[str, list[str]]]:
    """The shipped table, read without the package's reader."""
    text = (signature_root() / "gene_names.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line and line[0] != "#"]
    assert tuple(lines[0].split("\t")) == COLUMNS
    return [
        {
            column: [value for value in cell.split("|") if value]
            for column, cell in zip(COLUMNS, line.split("\t"), strict=True)
        }
        for line in lines[1:]
    ]


@cache
def clear_previous() -> frozenset[str]:
    """Previous symbols, in upper case, of one gene only and approved for none."""
    listed = Counter(
        name.upper() for row in table() for name in row["previous"] if row["symbol"]
    )
    approved = {symbol.upper() for row in table() for symbol in row["symbol"]}
    return frozenset(name for name in listed if listed[name] == 1) - approved


def slow_resolve(name: str) -> set[str]:
    """Current human symbols of a name: every rule tried over the whole table."""
    human = [row for row in table() if row["symbol"]]
    dashed = name.upper().replace(".", "-")

    def carriers(column: str, spelled: str, *, upper: bool = True) -> set[str]:
        return {
            row["symbol"][0]
            for row in human
            if spelled in [v.upper() if upper else v for v in row[column]]
        }

    attempts = [
        carriers("symbol", name, upper=False),
        carriers("ensembl", name.upper().split(".")[0]),
        carriers("symbol", name.upper()),
        carriers("symbol", dashed),
        carriers("previous", name.upper()),
        carriers("previous", dashed),
        carriers("alias", name.upper()),
        carriers("alias", dashed),
    ]
    return next((found for found in attempts if found), {dashed})


def found(match, signature: str = "s") -> dict[str, object]:
    """Coverage of one signature."""
    return match.coverage.loc[signature].to_dict()


def columns(match, half: int = 0) -> list[int]:
    net = match.net
    return net.genes[net.offsets[half] : net.offsets[half + 1]].tolist()


@pytest.fixture
def match_up(make_signature):
    """Match a signature of up genes against names."""

    def run(genes, names, **kwargs):
        species = kwargs.pop("species", "human")
        signature = make_signature("s", genes, species=species)
        return _genes.match([signature], names, **kwargs)

    return run


def test_table_states_source_licence_and_date():
    text = (signature_root() / "gene_names.tsv").read_text(encoding="utf-8")
    header = [line for line in text.split("\n") if line.startswith("#")]
    for word in ("HGNC", "CC0", "MGI", "CC BY 4.0", "2024-07-23", "sha256"):
        assert any(word in line for line in header)


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


def test_old_symbols_in_the_data_and_in_the_signature(match_up):
    row = found(match_up(["KMT2A", "SEPT7", "MKI67"], ["MLL", "SEPTIN7", "MKI67"]))
    assert row["n_found"] == 3
    assert row["renamed"] == "KMT2A (MLL); SEPT7 (SEPTIN7)"


def test_approved_symbol_is_never_an_alias_of_another_gene(match_up):
    # AR is an alias of AKR1B1 and the symbol of the androgen receptor.
    assert "AKR1B1" not in slow_resolve("AR")
    with pytest.raises(DataError, match="None of the"):
        match_up(["AKR1B1"], ["AR", "MKI67"])


def test_alias_of_two_genes_is_ambiguous(match_up):
    match = match_up(["MT-CO1", "MKI67"], ["COX1", "MKI67"])
    assert found(match)["ambiguous"] == "MT-CO1 (COX1)"
    assert columns(match) == [1]


def test_alias_of_two_genes_is_settled_where_the_other_gene_is_present(match_up):
    match = match_up(["MT-CO1", "MKI67"], ["COX1", "MKI67", "PTGS1"])
    assert found(match)["renamed"] == "MT-CO1 (COX1)"
    assert columns(match) == [0, 1]


def test_two_columns_of_equal_standing_are_ambiguous(match_up):
    match = match_up(["MKI67", "TOP2A"], ["mki67", "Mki67 ".strip(), "TOP2A"])
    assert found(match)["ambiguous"] == "MKI67 (mki67 or Mki67)"
    assert columns(match) == [2]


def test_surer_name_wins_over_an_older_one(match_up):
    match = match_up(["TLE5"], ["AES", "tle5", "MKI67"])
    assert columns(match) == [1]
    assert columns(match_up(["TLE5"], ["AES", "tle5", "TLE5"])) == [2]


def test_duplicated_name_uses_the_first_column_and_says_so(match_up):
    match = match_up(["TBCE", "MKI67"], ["X1", "TBCE", "MKI67", "TBCE"])
    assert columns(match) == [1, 2]
    assert found(match)["duplicated"] == "TBCE"
    assert "'TBCE'" in match.warnings[0]
    assert "first column" in match.warnings[0]


@pytest.mark.parametrize("copy", ["TBCE-1", "TBCE.1"])
def test_names_made_unique_count_as_duplicated(match_up, copy):
    match = match_up(["TBCE"], ["TBCE", copy])
    assert columns(match) == [0]
    assert found(match)["n_duplicated"] == 1


def test_hyphenated_symbol_is_no_copy_of_its_stem(match_up):
    row = found(match_up(["NKX2-1", "HLA-A"], ["NKX2", "NKX2-1", "HLA-A"]))
    assert row["n_duplicated"] == 0


def test_gene_listed_under_two_names_counts_once(match_up):
    match = match_up(["TLE5", "AES", "MKI67"], ["TLE5", "MKI67"])
    assert columns(match) == [0, 1]
    assert found(match)["ambiguous"] == "AES (same column as TLE5)"


def test_gene_listed_both_ways_under_two_names_counts_neither_way(make_signature):
    signature = make_signature("s", ["TLE5", "MKI67"], ["AES"])
    match = _genes.match([signature], ["TLE5", "MKI67"])
    assert (columns(match, 0), columns(match, 1)) == ([1], [])
    assert found(match)["n_ambiguous"] == 2


def test_mouse_data_by_ortholog(match_up):
    genes = ["MKI67", "TLE5", "HLA-A", "ABCG2", "ABCB1"]
    names = ["Mki67", "Tle5", "Abcg2", "Abcg3", "Abcb1a", "Abcb1b"]
    match = match_up(genes, names, species_of_data="mouse")
    assert columns(match) == [0, 1, 2]
    assert found(match)["n_renamed"] == 0
    assert found(match)["ambiguous"] == "ABCB1 (Abcb1b or Abcb1a)"
    assert found(match)["missing"] == "HLA-A"


def test_gene_of_a_family_with_one_mouse_member_is_not_guessed(match_up):
    # Xiap is the ortholog of XIAP and is listed for BIRC8 as well.
    match = match_up(["XIAP", "BIRC8"], ["Xiap", "Mki67"], species_of_data="mouse")
    assert columns(match) == [0]
    assert found(match)["ambiguous"] == "BIRC8 (Xiap)"


def test_mouse_data_with_ensembl_ids_and_old_names(match_up):
    names = ["ENSMUSG00000031004.9", "Aes", "Top2a"]
    match = match_up(["MKI67", "TLE5"], names, species_of_data="mouse")
    assert columns(match) == [0, 1]
    assert found(match)["renamed"] == "TLE5 (Aes)"


def test_mouse_signature_on_mouse_and_on_human_data(match_up):
    genes = ["Mki67", "Top2a", "Ly6a"]
    mouse = match_up(
        genes, ["Top2a", "Ly6a", "Mki67"], species="mouse", species_of_data="mouse"
    )
    assert columns(mouse) == [0, 1, 2]
    human = match_up(genes, ["TOP2A", "MKI67"], species="mouse")
    assert columns(human) == [0, 1]
    assert found(human)["missing"] == "Ly6a"


def test_mouse_data_scored_as_human_is_refused(match_up):
    with pytest.raises(DataError, match=r"look like mouse genes: 100 %.*--species"):
        match_up(["MKI67"], ["Mki67", "Top2a", "Actb"])
    with pytest.raises(DataError, match="look like mouse genes"):
        match_up(["MKI67"], ["ENSMUSG00000031004", "ENSMUSG00000020914.2"])
    with pytest.raises(DataError, match="look like human genes"):
        match_up(["MKI67"], ["MKI67", "TOP2A"], species_of_data="mouse")


def test_no_gene_found_shows_both_kinds_of_names(match_up):
    with pytest.raises(DataError, match="None of the 2 genes") as error:
        match_up(["MKI67", "TOP2A"], ["0", "1", "2"])
    for part in ("3 genes named like '0', '1', '2'", "'MKI67'", "gene_symbols="):
        assert part in str(error.value)


def test_no_columns_is_an_error(match_up):
    with pytest.raises(DataError, match="no genes"):
        match_up(["MKI67"], [])


def test_net_of_several_signatures(make_signature):
    pack = [
        make_signature("a", ["TOP2A", "MKI67"], ["ACTB"], weights={"MKI67": 2.5}),
        make_signature("b", ["NOPE"]),
        make_signature("c", [], ["ACTB", "GAPDH"]),
    ]
    net = _genes.match(pack, ["MKI67", "ACTB", "TOP2A", "GAPDH"]).net
    assert net.names == ("a", "b", "c")
    assert net.genes.tolist() == [0, 2, 1, 1, 3]
    assert net.offsets.tolist() == [0, 2, 3, 3, 3, 3, 5]
    assert net.weights.tolist() == [2.5, 1.0, 1.0, 1.0, 1.0]
    assert net.n_listed.tolist() == [2, 1, 1, 0, 0, 2]
    assert net.n_genes == 4
    kinds = (net.genes.dtype, net.offsets.dtype, net.weights.dtype, net.n_listed.dtype)
    assert kinds == (np.int32, np.int64, np.float64, np.int64)
