"""MuData: its RNA is an AnnData; functions refuse the whole of it in words."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest

import dtpscore as dtp
from dtpscore import pl

mudata = pytest.importorskip("mudata", reason="mudata is not installed")
GROUPS = {"groupby": "condition", "reference": "parental"}
READERS = {
    "tl.score": lambda m: dtp.tl.score(m),
    "tl.call": lambda m: dtp.tl.call(m, **GROUPS),
    "tl.pseudotime": lambda m: dtp.tl.pseudotime(m, groupby="condition", reference="x"),
    "tl.trends": lambda m: dtp.tl.trends(m),
    "tl.enrich": lambda m: dtp.tl.enrich(m, **GROUPS),
    "get.scores": lambda m: dtp.get.scores(m),
    "get.calls": lambda m: dtp.get.calls(m),
    "get.enrichment": lambda m: dtp.get.enrichment(m),
    "report": lambda m: dtp.report(m, "report.html", groupby="condition"),
    "pl.axis_scores": lambda m: pl.axis_scores(m, groupby="condition"),
    "pl.composition": lambda m: pl.composition(m, groupby="condition"),
    "pl.embedding": lambda m: pl.embedding(m),
    "pl.trends": lambda m: pl.trends(m),
}


@pytest.fixture
def both(cells):
    """RNA and protein counts of the same cells."""
    protein = cells[:, :10].copy()
    return mudata.MuData({"prot": protein, "rna": cells.copy()})


def test_the_rna_modality_is_scored_as_the_same_anndata(both, cells):
    alone = cells.copy()
    dtp.tl.score(alone)
    dtp.tl.score(both["rna"])
    np.testing.assert_array_equal(
        both.mod["rna"].obsm["dtp_scores"], alone.obsm["dtp_scores"]
    )
    assert dtp.get.axes(both["rna"]).equals(dtp.get.axes(alone))
    assert "dtp_scores" not in both["prot"].obsm


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_whole_mudata_is_told_which_part_to_pass(both, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError) as caught:
        READERS[name](both)
    for part in ("MuData", "'prot', 'rna'", "mdata['rna']"):
        assert part in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_without_a_modality_of_that_name_the_first_is_the_example(cells):
    made = mudata.MuData({"adt": cells[:, :10].copy(), "cdna": cells.copy()})
    with pytest.raises(TypeError, match=r"'adt', 'cdna'.*mdata\['adt'\]"):
        dtp.tl.score(made)


@pytest.mark.slow
def test_the_rna_of_a_file_is_scored_as_the_same_anndata(
    both, cells, tmp_path, command
):
    path, out = tmp_path / "both.h5mu", tmp_path / "out.h5ad"
    both.write_h5mu(path)
    code, _, err = command("score", path, "-o", out)
    assert code == 0, err
    alone = cells.copy()
    dtp.tl.score(alone)
    found = ad.read_h5ad(out).obsm["dtp_scores"]
    np.testing.assert_array_equal(found, alone.obsm["dtp_scores"])
