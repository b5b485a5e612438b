"""Genes of the user's own: what may be given, and what becomes of it."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore._axes import MOST_OWN
from dtpscore._scoring.record import ScoreRecord
from dtpscore.errors import DataError, InputWarning, OptionError, SignatureError
from dtpscore.signatures import Signature, from_dict, from_net, resolve

UP, DOWN = ("VIM", "ZEB1"), ("CDH1",)
NET = pd.DataFrame({"source": "mine", "target": [*UP, *DOWN], "weight": [1, 1, -1]})


def halves(signature):
    return signature.genes.up, signature.genes.down


# What peers take in the place of signatures. pyUCell 0.8: a dictionary of lists, with
# GENE- for down genes. decoupler 2: a data frame. GSEApy 1.1: a dictionary, a list of
# these, or the path of a GMT file. scanpy: a list of genes (score_genes).
@pytest.mark.parametrize(
    ("peer", "given", "name"),
    [
        ("pyUCell", {"mine": [*UP, "CDH1-"]}, "mine"),
        ("pyUCell", {"mine": ["VIM+", "ZEB1+", "CDH1-"]}, "mine"),
        ("decoupler", NET, "mine"),
        ("decoupler", NET.rename(columns=str.upper), "mine"),
        ("decoupler", NET.assign(pvalue=0.1), "mine"),
        ("GSEApy", {"mine_UP": [*UP]}, "mine_UP"),
        ("scanpy", list(UP), "genes"),
        ("scanpy", pd.Index(UP), "genes"),
        ("scanpy", np.array(UP), "genes"),
        ("scanpy", set(UP), "genes"),
        ("scanpy", pd.Series(UP, name="mine"), "mine"),
        ("pertpy", {"mine": tuple(UP)}, "mine"),
        ("no peer", {"mine": {"up": UP, "down": DOWN}}, "mine"),
        ("no peer", {"up": UP, "down": DOWN}, "genes"),
        ("no peer", {"mine": pd.Series([1, 1, -1], [*UP, *DOWN])}, "mine"),
        ("no peer", pd.Series([1, 1, -1], [*UP, *DOWN], name="mine"), "mine"),
        ("no peer", {"mine": {"VIM": 1, "ZEB1": 1, "CDH1": -1}}, "mine"),
        ("no peer", Signature(name="mine", up=UP, down=DOWN), "mine"),
        ("no peer", Signature(name="mine", genes={"up": UP, "down": DOWN}), "mine"),
        ("no peer", [{"mine": [*UP, "CDH1-"]}], "mine"),
    ],
)
def test_what_peers_accept(peer, given, name):
    (found,) = resolve(given)
    assert found.name == name, peer
    assert found.genes.up == UP
    assert found.genes.down in (DOWN, ())
    assert found.genes.weights is None
    assert (found.axis, found.species) == (dtp.signatures.USER_AXIS, "human")


@pytest.mark.parametrize("name", ["mine.gmt", "mine.gmt.gz", "mine.GMT", "mine.txt"])
def test_paths(tmp_path, name):
    import gzip

    path, raw = tmp_path / name, b"mine\t\tVIM\tZEB1\n"
    path.write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    for given in (path, str(path), [str(path)], [path]):
        assert [halves(one) for one in resolve(given)] == [(UP, ())]
    with pytest.raises(
        SignatureError, match=r"There is no signature file nowhere\.gmt"
    ):
        resolve("nowhere.gmt")


def test_names_in_any_case():
    for name in ("hallmark_hypoxia", "HALLMARK_HYPOXIA", "Hallmark hypoxia"):
        assert resolve(name) == [dtp.signatures.load("hallmark_hypoxia")]
    for name in ("emt", "EMT", "Emt"):
        assert resolve(name) == dtp.signatures.select(axes="emt")
    assert resolve("yap-tead-axl") == dtp.signatures.select(axes="yap_tead_axl")
    assert resolve(None) == dtp.signatures.select()
    both = resolve(["emt", "hallmark_hypoxia", "EMT"])
    assert both == [*resolve("emt"), *resolve("hallmark_hypoxia")]


def test_every_axis_stands_for_something():
    for axis in dtp.signatures.axes():
        assert {one.axis for one in resolve(axis)} == {axis}


def test_a_list_is_names_or_genes():
    # EMT is an axis, and an alias of ITK.
    (genes,) = resolve(["EMT", "VIM", "ZEB1"])
    assert genes.genes.up == ("EMT", "VIM", "ZEB1")
    assert len(resolve(["EMT"])) > 1
    (odd,) = resolve(["a1", "b2"], gene_names={"a1", "b2"})
    assert odd.genes.up == ("a1", "b2")
    (typed,) = resolve(["VIM", "ZEB1", "NOTAGENE1"])
    assert "NOTAGENE1" in typed.genes.up
    with pytest.raises(SignatureError, match=r"no signature 'hallmark_hypoxja'.*mean"):
        resolve(["hallmark_hypoxja"])
    with pytest.raises(SignatureError, match=r"no signature 'nope'"):
        resolve("nope")
    with pytest.raises(
        SignatureError, match=r"names of signatures: 'hallmark_hyp.*VIM"
    ):
        resolve(["hallmark_hypoxia", "VIM"])


def test_species_is_told_from_the_names():
    assert from_dict({"a": ["Vim", "Cdh1"]})[0].species == "mouse"
    assert from_dict({"a": ["VIM", "CDH1"]})[0].species == "human"
    assert from_dict({"a": ["ENSMUSG00000026728"]})[0].species == "mouse"
    assert from_dict({"a": ["VIM"]}, species="mouse")[0].species == "mouse"


def test_weights():
    (one,) = from_dict({"a": {"VIM": 2.0, "CDH1": -0.5, "ZEB1": 0, "FN1": np.nan}})
    assert halves(one) == (("VIM",), ("CDH1",))
    assert one.genes.weights == {"VIM": 2.0, "CDH1": 0.5}
    assert from_net(dtp.signatures.to_net([one]))[0].genes == one.genes


def test_net_with_other_columns():
    net = NET.rename(columns={"source": "geneset", "target": "genesymbol"})
    with pytest.raises(SignatureError, match=r"no column 'source'.*'geneset'.*source="):
        resolve(net)
    (one,) = from_net(net, source="geneset", target="genesymbol")
    assert halves(one) == (UP, DOWN)
    assert from_net(NET[["source", "target"]])[0].genes.up == (*UP, *DOWN)
    lost = pd.DataFrame({"source": ["a", None, "a"], "target": ["VIM", "ZEB1", None]})
    assert halves(from_net(lost)[0]) == (("VIM",), ())


def test_what_is_left_out_is_said():
    with pytest.warns(InputWarning, match=r"'b' has no genes and is left out"):
        assert [one.name for one in from_dict({"a": ["VIM"], "b": []})] == ["a"]
    with pytest.warns(InputWarning, match=r"CDH1 is in both directions"):
        from_dict({"a": ["VIM", "CDH1", "CDH1-"]})
    with pytest.warns(
        InputWarning, match=r"'a/b' is called|set 'a_b' is called 'a_b_2'"
    ):
        found = from_dict({"a_b": ["VIM"], "a/b": ["ZEB1"]})
    assert [one.name for one in found] == ["a_b", "a_b_2"]
    with pytest.raises(SignatureError, match=r"no gene set\. The set 'a' has no genes"):
        from_dict({"a": []})
    with pytest.raises(TypeError, match=r"genes of 'a' must be a list.*int: 3"):
        from_dict({"a": 3})


@pytest.fixture
def scored(cells):
    adata = cells.copy()
    dtp.tl.score(adata)
    return adata


@pytest.fixture
def mine(cells):
    return {"mine": list(cells.var_names[:12])}


def dtp_columns(adata):
    return {name for name in adata.obs if name.startswith("dtp_")}


def test_one_obs_column_per_own_signature(cells, mine):
    adata = cells.copy()
    dtp.tl.score(adata, {**mine, "Other one": list(cells.var_names[3:9])})
    assert dtp_columns(adata) == {"dtp_mine", "dtp_Other one"}
    assert list(dtp.get.axes(adata)) == ["mine", "Other one"]
    np.testing.assert_array_equal(
        dtp.get.axes(adata).to_numpy(), dtp.get.scores(adata).to_numpy()
    )


def test_own_genes_take_nothing_away(scored, mine):
    before = {name: scored.obs[name].copy() for name in dtp_columns(scored)}
    frame = dtp.get.scores(scored)
    dtp.tl.score(scored, mine)
    dtp.tl.score(scored, {"more": mine["mine"][:5]})
    for name, column in before.items():
        pd.testing.assert_series_equal(scored.obs[name], column)
    assert dtp_columns(scored) == {*before, "dtp_mine", "dtp_more"}
    found = dtp.get.scores(scored)
    pd.testing.assert_frame_equal(found[frame.columns], frame)
    assert list(found)[-2:] == list(dtp.get.coverage(scored).index)[-2:] == [
        "mine", "more"
    ]  # fmt: skip
    # The same name again replaces, and shipped signatures leave own ones alone.
    dtp.tl.score(scored, {"mine": mine["mine"][:3]})
    assert dtp.get.coverage(scored).loc["mine", "n_listed"] == 3
    dtp.tl.score(scored, "emt")
    assert dtp_columns(scored) == {"dtp_emt", "dtp_mine", "dtp_more"}


@pytest.mark.parametrize("control", [False, True])
@pytest.mark.parametrize("first", ["shipped", "own"])
def test_two_runs_are_as_one(cells, mine, first, control):
    together, apart = cells.copy(), cells.copy()
    dtp.tl.score(together, ["emt", mine], control=control)
    for what in ("emt", mine) if first == "shipped" else (mine, "emt"):
        dtp.tl.score(apart, what, control=control)
    assert set(together.obsm) == set(apart.obsm)
    for key, frame in together.obsm.items():
        pd.testing.assert_frame_equal(apart.obsm[key], frame)
    pd.testing.assert_frame_equal(dtp.get.axes(apart), dtp.get.axes(together))
    one, other = apart.uns["dtp_scores"], together.uns["dtp_scores"]
    for name in ("coverage", "axes"):
        pd.testing.assert_frame_equal(one[name], other[name])
    pd.testing.assert_frame_equal(
        one["provenance"]["signatures"], other["provenance"]["signatures"]
    )


def test_scores_made_in_another_way_need_a_key(scored, mine):
    before = dtp.get.scores(scored)
    with pytest.raises(
        OptionError, match=r"made with method='ucell'.*key_added='mean'"
    ):
        dtp.tl.score(scored, mine, method="mean", normalize="log1p")
    pd.testing.assert_frame_equal(dtp.get.scores(scored), before)
    dtp.tl.score(scored, mine, method="aucell", key_added="own")
    assert "own_mine" in scored.obs
    # Nothing stays, so the way may change.
    dtp.tl.score(scored, mine, method="aucell", max_rank=900, key_added="own")
    dtp.tl.score(scored, method="aucell")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("emt", "dtp_own_emt"),
        ("call", "dtp_own_call"),
        ("pvalue", "dtp_own_pvalue"),
        ("pseudotime_sd", "dtp_own_pseudotime_sd"),
        ("_index", "dtp__index_set"),
        ("mine", "dtp_mine"),
    ],
)
def test_columns_of_other_steps_are_not_taken(cells, mine, name, column):
    adata = cells.copy()
    dtp.tl.score(adata, {name: mine["mine"]})
    assert dtp_columns(adata) == {column}


def test_very_many_sets_do_not_fill_obs(cells, mine):
    few = {f"set {n}": mine["mine"] for n in range(MOST_OWN)}
    adata = cells.copy()
    dtp.tl.score(adata, few)
    assert len(dtp_columns(adata)) == MOST_OWN == 50
    adata = cells.copy()
    dtp.tl.score(adata, {**few, "one more": mine["mine"]})
    assert dtp_columns(adata) == set()
    assert dtp.get.scores(adata).shape[1] == MOST_OWN + 1


@pytest.mark.slow
@pytest.mark.parametrize("form", ["h5ad", "zarr"])
def test_own_scores_survive_the_disk(scored, tmp_path, mine, form):
    import anndata

    dtp.tl.score(scored, {"_index": mine["mine"], "Größe: naïve+": mine["mine"][:4]})
    path = tmp_path / f"a.{form}"
    getattr(scored, f"write_{form}")(path)
    back = getattr(anndata, f"read_{form}")(path)
    pd.testing.assert_frame_equal(dtp.get.axes(back), dtp.get.axes(scored))
    dtp.tl.score(back, mine)
    assert {"dtp_mine", "dtp_emt", "dtp_Größe: naïve+"} <= dtp_columns(back)


def test_own_genes_in_plots(cells, mine):
    adata = cells.copy()
    dtp.tl.score(adata, mine)
    dtp.pl.axis_heatmap(adata, groupby="condition")
    dtp.pl.axis_scores(adata, groupby="condition", axes=["mine"])


def test_scores_are_found_after_concatenation(scored, mine):
    import anndata

    dtp.tl.score(scored, {**mine, "emt": mine["mine"]})
    parts = [scored[:30].copy(), scored[30:].copy()]
    lost, kept = anndata.concat(parts), anndata.concat(parts, uns_merge="first")
    for both in (lost, kept):
        pd.testing.assert_frame_equal(dtp.get.scores(both), dtp.get.scores(scored))
        pd.testing.assert_frame_equal(dtp.get.axes(both), dtp.get.axes(scored))
        dtp.pl.axis_heatmap(both, groupby="condition")
    with pytest.raises(DataError, match=r"record of the scores.*uns_merge='first'"):
        dtp.get.coverage(lost)
    with pytest.raises(OptionError, match=r"without their record.*key_added"):
        dtp.tl.score(lost, {"new": mine["mine"]})
    dtp.tl.score(kept, {"new": mine["mine"]})
    assert "dtp_mine" in kept.obs


def test_scores_are_found_in_a_modality(scored):
    mudata = pytest.importorskip("mudata", reason="mudata is not installed")
    both = mudata.MuData({"rna": scored, "prot": scored[:, :5].copy()})
    pd.testing.assert_frame_equal(
        dtp.get.axes(both["rna"]), dtp.get.axes(scored), check_names=False
    )


@pytest.mark.parametrize(
    ("choices", "told", "untold"),
    [
        ({}, "scores are not clipped", "set to 0"),
        ({"clip": True}, "scores below 0 were set to 0", "not clipped"),
        ({"w_neg": 0.5}, "down genes negative with weight 0.5", "weight 1,"),
        ({}, "method ucell (Andreatta", "log(1 + x)"),
        ({"method": "mean", "normalize": "log1p"}, "log(1 + x) was taken", "control"),
        ({"control": True}, "random gene sets of like expression", "mouse"),
        ({"layer": "counts"}, "The matrix that was scored is layer 'counts'", "is X"),
        ({"use_raw": True}, "The matrix that was scored is raw.X", "is X"),
        ({}, "The matrix that was scored is X.", "layer"),
        ({}, "values of the matrix were taken for counts.", "log-transformed"),
        ({"layer": "log"}, "were taken for log-transformed values", "for counts"),
        ({"signatures": {"a": ["VIM"]}}, "1 own gene signature ", "averaged into axes"),
        (
            {"signatures": ["hallmark_hypoxia", "ifn_moserle2008"]},
            "2 published gene",
            " own ",
        ),
        ({"species": "mouse"}, "data are from mouse", "not there"),
    ],
)
@pytest.mark.filterwarnings("ignore::dtpscore.errors.CoverageWarning")
def test_methods_say_what_was_done(cells, choices, told, untold):
    adata = cells.copy()
    adata.layers["counts"] = adata.X.copy()
    values = adata.X.toarray()
    adata.layers["log"] = np.log1p(values / values.sum(axis=1, keepdims=True) * 1e4)
    adata.raw = adata
    if choices.get("species") == "mouse":
        adata.var_names = [name.capitalize() for name in adata.var_names]
    dtp.tl.score(adata, **choices)
    text = " ".join(adata.uns["dtp_scores"]["methods"])
    assert told in text
    assert untold not in text


def test_the_record_holds_no_none_and_is_read_again(scored):
    def leaves(entry):
        if isinstance(entry, dict):
            for value in entry.values():
                yield from leaves(value)
        else:
            yield entry

    record = scored.uns["dtp_scores"]
    assert all(value is not None for value in leaves(record))
    assert "layer" not in record["params"]
    assert record["values"] == "counts"
    again = ScoreRecord.from_uns(record)
    pd.testing.assert_frame_equal(again.coverage, record["coverage"])


def with_antibodies(cells):
    rng = np.random.default_rng(0)
    proteins = rng.poisson(150, (cells.n_obs, 40)).astype(np.float32)
    kinds = ["Gene Expression"] * cells.n_vars + ["Antibody Capture"] * 40
    var = pd.DataFrame(
        {"feature_types": kinds}, index=[*cells.var_names, *cells.var_names[:40]]
    )
    both = sp.hstack([cells.X, sp.csr_matrix(proteins)], format="csr")
    adata = ad.AnnData(both, obs=cells.obs[["condition"]].copy(), var=var)
    adata.var_names_make_unique("_")
    return adata


@pytest.mark.parametrize("form", ["csr", "csc", "dense", "dask", "backed", "raw"])
@pytest.mark.parametrize("choices", [{}, {"method": "mean", "normalize": "log1p"}])
def test_antibodies_are_no_genes(cells, tmp_path, form, choices):
    expected, adata = cells.copy(), with_antibodies(cells)
    dtp.tl.score(expected, "emt", **choices)
    if form == "csc":
        adata.X = adata.X.tocsc()
    elif form == "dense":
        adata.X = adata.X.toarray()
    elif form == "dask":
        da = pytest.importorskip("dask.array")
        adata.X = da.from_array(adata.X.toarray(), chunks=(20, 100))
    elif form == "raw":
        adata.raw = adata
        choices = {**choices, "use_raw": True}
    elif form == "backed":
        adata.write_h5ad(tmp_path / "a.h5ad")
        adata = ad.read_h5ad(tmp_path / "a.h5ad", backed="r")
    dtp.tl.score(adata, "emt", **choices)
    np.testing.assert_array_equal(
        dtp.get.scores(adata).to_numpy(), dtp.get.scores(expected).to_numpy()
    )


@pytest.mark.slow
def test_antibodies_are_no_genes_in_files(cells, tmp_path, command):
    expected = cells.copy()
    dtp.tl.score(expected)
    with_antibodies(cells).write_h5ad(tmp_path / "a.h5ad")
    code, _, _ = command("score", tmp_path / "a.h5ad", "-o", tmp_path / "b.h5ad")
    assert code == 0
    found = ad.read_h5ad(tmp_path / "b.h5ad")
    pd.testing.assert_frame_equal(dtp.get.scores(found), dtp.get.scores(expected))


def test_peaks_alone_are_refused(cells, mine):
    adata = cells.copy()
    adata.var["feature_types"] = "Peaks"
    with pytest.raises(DataError, match=r"no genes: var.* says 'Peaks'"):
        dtp.tl.score(adata, mine)
    adata.var["feature_types"] = "something else"
    dtp.tl.score(adata, mine)


@pytest.mark.slow
def test_thousands_of_sets_and_a_reserved_name_in_a_file(cells, tmp_path, command):
    rng = np.random.default_rng(0)
    path, gmt, out = (tmp_path / name for name in ("a.h5ad", "a.gmt", "b.h5ad"))
    few = cells[:10].copy()
    few.write_h5ad(path)
    names = [f"SET_{n}" for n in range(4200)] + ["_index"]
    gmt.write_text(
        "".join(
            "\t".join([name, "", *rng.choice(few.var_names, 5, replace=False)]) + "\n"
            for name in names
        )
    )
    code, _, errors = command("score", path, "-o", out, "--signature-dir", gmt)
    assert code == 0, errors
    back = ad.read_h5ad(out)
    assert back.obsm["dtp_scores"].shape[1] > 4200
    dtp.tl.score(few, gmt)
    pd.testing.assert_frame_equal(
        back.obsm["dtp_scores"][few.obsm["dtp_scores"].columns], few.obsm["dtp_scores"]
    )
    assert few.obsm["dtp_scores"].columns[-1] == "_index_set"
