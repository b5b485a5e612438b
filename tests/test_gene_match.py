"""Genes of signatures find their columns, whatever the data call them."""

from __future__ import annotations

import numpy as np
import pytest
from gene_table import columns, found, slow_resolve

from dtpscore import _genes
from dtpscore._genes import _data, _match
from dtpscore.errors import DataError


@pytest.fixture
def match_up(make_signature):
    """Match a signature of up genes against names."""

    def run(genes, names, **kwargs):
        species = kwargs.pop("species", "human")
        signature = make_signature("s", genes, species=species)
        return _genes.match([signature], names, **kwargs)

    return run


def test_old_symbols_in_the_data_and_in_the_signature(match_up):
    row = found(match_up(["KMT2A", "SEPT7", "MKI67"], ["MLL", "SEPTIN7", "MKI67"]))
    assert row["n_found"] == 3
    assert row["renamed"] == "KMT2A (MLL); SEPT7 (SEPTIN7)"


@pytest.mark.slow
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
    match = match_up(["MKI67", "TOP2A"], ["mki67", "mKI67", "TOP2A"])
    assert found(match)["ambiguous"] == "MKI67 (mki67 or mKI67)"
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
    with pytest.raises(DataError, match=r"look like mouse genes: 100%.*--species"):
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


@pytest.mark.parametrize("missing", ["NA", "nan", "<NA>", "", "None"])
def test_column_without_a_name_is_no_gene(match_up, missing):
    """``NA`` is a former symbol of XK, and what R writes where there is no name."""
    match = match_up(["XK", "MKI67"], [missing, "MKI67", missing])
    assert columns(match) == [1]
    assert found(match)["missing"] == "XK"
    assert match.warnings == []


def test_a_match_is_kept_by_content_and_not_by_object(make_signature):
    names = ["VIM", "ZEB1", "KMT2A"]
    first = make_signature("s", ["VIM", "MLL"])
    match = _genes.match([first], names)
    assert columns(match) == [0, 2]
    # The same objects, changed, give another match; an equal list gives the same one.
    names[0], names[1] = names[1], names[0]
    assert columns(_genes.match([first], names)) == [1, 2]
    assert columns(_genes.match([first], ["VIM", "ZEB1", "KMT2A"])) == [0, 2]
    other = make_signature("s", ["ZEB1", "MLL"])
    assert columns(_genes.match([other], names)) == [0, 2]
    weighted = make_signature("t", ["ZEB1", "MLL"])
    assert _genes.match([weighted], names).net.names == ("t",)
    # What one caller does to a match does not reach the next.
    match.net.genes[:] = 1
    match.coverage.loc["s", "n_found"] = 0
    again = _genes.match([first], ["VIM", "ZEB1", "KMT2A"])
    assert columns(again) == [0, 2]
    assert found(again)["n_found"] == 2


def test_genes_that_were_matched_before_are_not_looked_up_again(make_signature):
    names = [f"GENE{number}" for number in range(300)] + ["VIM"]
    one = make_signature("s", ["VIM"])
    _genes.match([one], names)
    before = _match._placed.cache_info().hits
    _genes.match([one], list(names))
    assert _match._placed.cache_info().hits == before + 1
    indexed = _data.index_names.cache_info().hits
    _genes.match([make_signature("s", ["VIM", "ZEB1"])], names)
    assert _data.index_names.cache_info().hits == indexed + 1
