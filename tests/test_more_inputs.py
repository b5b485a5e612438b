"""Unusual forms of gene sets and data give the scores of the plain form."""

from __future__ import annotations

import gzip
import importlib
import sys

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore._genes import nomenclature
from dtpscore.errors import InputWarning, SignatureError
from dtpscore.signatures import Signature, from_dict, from_net, resolve

# Notes on what was left out are tested where they are the point.
pytestmark = pytest.mark.filterwarnings("ignore::dtpscore.errors.InputWarning")


@pytest.fixture(scope="module")
def cells():
    made = dtp.datasets.simulate(n_cells=40, n_genes=400, seed=0)
    made.X = sp.csr_matrix(made.X).astype(np.float32)
    return made


@pytest.fixture(scope="module")
def up(cells):
    return list(cells.var_names[:20])


@pytest.fixture(scope="module")
def down(cells):
    return list(cells.var_names[20:30])


def scores_of(cells, sets, **options):
    made = cells.copy()
    dtp.tl.score(made, sets, **options)
    return dtp.get.scores(made)


@pytest.fixture(scope="module")
def one_sided(cells, up):
    return scores_of(cells, {"mine": up})["mine"].to_numpy()


@pytest.fixture(scope="module")
def two_sided(cells, up, down):
    return scores_of(cells, {"mine": {"up": up, "down": down}})["mine"].to_numpy()


# Each form of the up genes, as a function of them.
ONE_SIDED = {
    "list of a Series": lambda up: [pd.Series(up, name="mine")],
    "tuple of a Series": lambda up: (pd.Series(up, name="mine"),),
    "category": lambda up: {"mine": pd.Categorical(up)},
    "Series of categories": lambda up: pd.Series(up, name="mine", dtype="category"),
    "Series of texts with NA": lambda up: pd.Series(
        [*up, None], name="mine", dtype="string"
    ),
    "Series with NaN": lambda up: pd.Series([*up, np.nan], name="mine"),
    "list with every missing value": lambda up: {"mine": [*up, np.nan, None, pd.NA]},
    "bytes of numpy": lambda up: {"mine": np.array(up, dtype="S")},
    "generator": lambda up: {"mine": (gene for gene in up)},
    "Signature under another name": lambda up: {"mine": Signature(name="x", up=up)},
    "no down genes": lambda up: {"mine": {"up": up, "down": None}},
    "group of sets": lambda up: {"group": {"mine": up}},
    "group of a group": lambda up: {"all": {"group": {"mine": {"UP": up}}}},
    "beside a set that is None": lambda up: {"none": None, "mine": up},
    "genes twice": lambda up: {"mine": up + up},
    "spaces around genes": lambda up: {"mine": [f" {gene}\t" for gene in up]},
    "weights with a missing one": lambda up: {
        "mine": pd.Series([1] * len(up) + [None], [*up, "NOGENE1"], dtype="Int64")
    },
    "net of categories": lambda up: pd.DataFrame(
        {"source": "mine", "target": up}
    ).astype("category"),
    "net with rows twice": lambda up: pd.DataFrame(
        {"source": "mine", "target": up * 2}
    ),
    "net with NA as a set": lambda up: pd.DataFrame(
        {"source": ["mine"] * len(up) + [pd.NA], "target": [*up, "VIM"]}
    ),
    "net with weights as texts": lambda up: pd.DataFrame(
        {"source": "mine", "target": up, "weight": "1"}
    ),
}


@pytest.mark.parametrize("form", ONE_SIDED)
def test_up_genes_in_any_form(cells, up, one_sided, form):
    found = scores_of(cells, ONE_SIDED[form](up))
    assert list(found) == ["mine"]
    np.testing.assert_array_equal(found["mine"], one_sided)


TWO_SIDED = {
    "UP and DOWN": lambda up, down: {"mine": {"UP": up, "DOWN": down}},
    "Up and Dn": lambda up, down: {"mine": {"Up": up, "Dn": down}},
    "Signature": lambda up, down: {"mine": Signature(name="x", up=up, down=down)},
    "signs with missing ones": lambda up, down: {
        "mine": [*up, np.nan, *(f"{gene}-" for gene in down)]
    },
    "list of weights": lambda up, down: [
        pd.Series([1] * len(up) + [-1] * len(down), [*up, *down], name="mine")
    ],
    "group": lambda up, down: {"group": {"mine": {"up": up, "down": down}}},
}


@pytest.mark.parametrize("form", TWO_SIDED)
def test_both_directions_in_any_form(cells, up, down, one_sided, two_sided, form):
    found = scores_of(cells, TWO_SIDED[form](up, down))
    np.testing.assert_array_equal(found["mine"], two_sided)
    assert np.abs(two_sided - one_sided).max() > 0.01


def test_a_signature_in_a_dictionary_keeps_its_weights():
    weighted = from_dict({"x": {"VIM": 2.0, "CDH1": -0.5}})[0]
    (found,) = from_dict({"mine": weighted})
    assert (found.name, found.genes) == ("mine", weighted.genes)


def test_named_series_in_a_list_keep_their_names(cells, up, down, one_sided):
    given = [pd.Series(up, name="a"), pd.Index(down, name="b"), {"c": up}]
    found = scores_of(cells, given)
    assert list(found) == ["a", "b", "c"]
    np.testing.assert_array_equal(found["a"], one_sided)
    np.testing.assert_array_equal(found["b"], scores_of(cells, {"b": down})["b"])
    with pytest.raises(TypeError, match=r"signatures must be names.*Series"):
        resolve([pd.Series(up)])


def test_groups_of_sets_are_said_and_same_names_numbered():
    groups = {"first": {"a": ["VIM"], "b": ["ZEB1"]}, "second": {"a": ["CDH1"]}}
    with pytest.warns(InputWarning, match=r"'first' is a group of sets.*'a', 'b'"):
        found = from_dict(groups)
    assert [one.name for one in found] == ["a", "b", "a_2"]
    assert found[2].genes.up == ("CDH1",)


def test_genes_without_a_weight_are_named():
    net = pd.DataFrame(
        {"source": "a", "target": ["VIM", "FN1"], "weight": [1.0, np.nan]}
    )
    for make in (
        lambda: from_net(net),
        lambda: from_dict({"a": {"VIM": 1, "FN1": np.nan}}),
    ):
        with pytest.warns(InputWarning, match=r"set 'a', FN1 has no weight"):
            (found,) = make()
        assert found.genes.up == ("VIM",)
    many = pd.DataFrame({"source": "a", "target": list("ABCDEFG"), "weight": np.nan})
    with pytest.raises(SignatureError, match=r"A, B, C, D, E and 2 more has no weight"):
        from_net(many)


@pytest.mark.parametrize("given", [[3], [["VIM"], 3], {"a": {"b": 3, "c": ["VIM"]}}])
def test_what_holds_no_genes_is_still_refused(given):
    with pytest.raises(TypeError, match=r"genes of 'a' must be|signatures must be"):
        resolve(given)


def test_a_list_of_nothing_but_missing_values_is_no_set():
    assert resolve([None, np.nan]) == []


def test_a_path_with_the_home_folder(cells, up, one_sided, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    line = "\t".join(["mine", "", *up])
    (tmp_path / "mine.gmt.gz").write_bytes(gzip.compress(f"\ufeff{line}".encode()))
    found = scores_of(cells, "~/mine.gmt.gz")
    np.testing.assert_array_equal(found["mine"], one_sided)
    assert dtp.signatures.read_gmt("~/mine.gmt.gz") == resolve("~/mine.gmt.gz")


def test_what_is_written_may_lie_in_the_home_folder_too(
    cells, up, tmp_path, monkeypatch
):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    dtp.signatures.write_gmt(dtp.signatures.from_dict({"mine": up}), "~/mine.gmt")
    adata = cells.copy()
    dtp.tl.score(adata, {"mine": up})
    adata.obs["arm"] = ["a", "b"] * (adata.n_obs // 2) + ["a"] * (adata.n_obs % 2)
    named = {"groupby": "arm", "reference": "a"}
    dtp.report(adata, "~/page.html", tables="~/tables", **named)
    dtp.pl.axis_heatmap(adata, **named, save="~/picture.png", show=False)
    adata.write_h5ad(home / "cells.h5ad")
    assert dtp.read("~/cells.h5ad").n_obs == adata.n_obs
    written = {"mine.gmt", "page.html", "tables", "picture.png", "cells.h5ad"}
    assert written <= {path.name for path in home.iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def renamed(cells, change):
    made = cells.copy()
    made.var_names = [change(name) for name in made.var_names]
    return made


def ensembl(name):
    known = nomenclature("human").others().ensembl
    found = [one for one, symbols in known.items() if symbols == (name,)]
    return f"{found[0]}.7" if found else name


NAMES = {
    "spaces around names": lambda name: f" {name} ",
    "lower case": str.lower,
    "genome of Cell Ranger": lambda name: f"GRCh38_{name}",
    "Ensembl ids with a version": ensembl,
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_of_genes_in_the_data(cells, up, one_sided, kind):
    few = cells[:, : len(up) + 20]
    expected = scores_of(few, {"mine": up})["mine"]
    found = scores_of(renamed(few, NAMES[kind]), {"mine": up})["mine"]
    np.testing.assert_array_equal(found, expected)
    assert np.ptp(one_sided) > 0


def unsorted(matrix):
    made = matrix.copy()
    for start, stop in zip(made.indptr[:-1], made.indptr[1:], strict=True):
        made.indices[start:stop] = made.indices[start:stop][::-1].copy()
        made.data[start:stop] = made.data[start:stop][::-1].copy()
    made.has_sorted_indices = False
    return made


def with_wide_indices(matrix):
    made = matrix.copy()
    made.indices, made.indptr = made.indices.astype("i8"), made.indptr.astype("i8")
    return made


def with_stored_zeros(matrix):
    dense = matrix.toarray()
    every = np.arange(dense.size) % dense.shape[1]
    starts = np.arange(dense.shape[0] + 1) * dense.shape[1]
    return sp.csr_matrix((dense.ravel(), every, starts), shape=dense.shape)


def read_only(matrix):
    made = matrix.toarray()
    made.setflags(write=False)
    return made


STORED = {
    "unsorted indices": unsorted,
    "64-bit indices": with_wide_indices,
    "stored zeros": with_stored_zeros,
    "read only": read_only,
    "every second column of an array": lambda m: np.repeat(m.toarray(), 2, 1)[:, ::2],
    "against the order": lambda m: m.toarray()[:, ::-1].copy()[:, ::-1],
    "long double": lambda m: m.toarray().astype("g"),
}


@pytest.mark.parametrize("method", ["ucell", "mean"])
@pytest.mark.parametrize("kind", STORED)
def test_ways_to_store_the_same_numbers(cells, up, kind, method):
    options = {"method": method, "normalize": "log1p" if method == "mean" else None}
    made = cells.copy()
    made.X = STORED[kind](cells.X)
    pd.testing.assert_frame_equal(
        scores_of(made, {"mine": up}, **options),
        scores_of(cells, {"mine": up}, **options),
    )


def test_a_view_of_a_view_with_genes_in_another_order(cells, up, one_sided):
    view = cells[5:30][3:10, ::-1]
    dtp.tl.score(view, {"mine": up})
    found = dtp.get.scores(view)["mine"].to_numpy()
    np.testing.assert_array_equal(found, one_sided[8:15])


def test_raw_of_a_view_with_few_genes(cells, up, one_sided):
    made = cells.copy()
    made.raw = cells
    view = made[10:20, :5]
    dtp.tl.score(view, {"mine": up}, use_raw=True)
    found = dtp.get.scores(view)["mine"].to_numpy()
    np.testing.assert_array_equal(found, one_sided[10:20])


def test_a_sparse_data_frame_becomes_an_anndata(cells, up, one_sided):
    frame = pd.DataFrame.sparse.from_spmatrix(cells.X, cells.obs_names, cells.var_names)
    found = scores_of(ad.AnnData(frame), {"mine": up})["mine"]
    np.testing.assert_array_equal(found, one_sided)
    with pytest.raises(TypeError, match=r"got DataFrame\. Make one.*AnnData\(frame\)"):
        dtp.tl.score(cells.to_df(), {"mine": up})


# What dtpscore refuses in the table of benchmarks/inputs.md, with the reasons there.
REFUSED = {
    "data frame of cells by genes",
    "NaN in X",
    "infinity in X",
    "a value below 0 in X",
    "no gene of any set in the data",
}


@pytest.mark.filterwarnings("ignore")
def test_the_table_of_inputs(repository, monkeypatch):
    pytest.importorskip("dask")
    if not (repository / "benchmarks").is_dir():
        pytest.skip("benchmarks is in the repository only, and is not here")
    monkeypatch.setattr(sys, "path", [str(repository / "benchmarks"), *sys.path])
    table = importlib.import_module("inputs")
    monkeypatch.setattr(importlib.import_module("inputs_rows"), "N_MANY", 300)
    monkeypatch.setattr(table, "N_MANY", 300)
    (ours,) = (one for one in table.PACKAGES if one.name == "dtpscore")
    said = {
        row.what: table.tried(ours, row)
        for rows in table.groups().values()
        for row in rows
    }
    assert len(said) > 40
    assert {what for what, how in said.items() if how != "yes"} == REFUSED
