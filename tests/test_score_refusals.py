"""``dtpscore.tl.score`` refuses or warns of what it cannot score well."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from small_counts import COUNTS, GENES, N_CELLS, build, make_cells, make_pack

import dtpscore as dtp
from dtpscore._methods.registry import METHODS
from dtpscore._options.score import ScoreOptions
from dtpscore._scoring.run import score_matrix
from dtpscore.errors import DataError, InputWarning, OptionError, SignatureError


@pytest.fixture(scope="module")
def pack(make_signature):
    return make_pack(make_signature)


@pytest.fixture
def adata():
    return make_cells()


@pytest.mark.parametrize("method", ["mean", "zscore", "tirosh"])
def test_raw_counts_are_pointed_out(method, adata, pack):
    with pytest.warns(InputWarning, match="raw counts"):
        dtp.tl.score(adata, pack, method=method)
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputWarning)
        dtp.tl.score(adata, pack, method=method, normalize="log1p")
        adata.X = adata.X.log1p()
        dtp.tl.score(adata, pack, method=method)
    with pytest.warns(InputWarning, match="log-transformed already"):
        dtp.tl.score(adata, pack, method=method, normalize="log1p")


@pytest.mark.parametrize("method", ["ucell", "aucell", "ssgsea"])
def test_rank_methods_do_not_depend_on_the_scale_of_a_cell(method, adata, pack):
    """Why methods on ranks take raw counts without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputWarning)
        dtp.tl.score(adata, pack, method=method)
    first = adata.obsm["dtp_scores"].to_numpy()
    adata.X = sp.csr_matrix(adata.X.multiply(4.0))
    dtp.tl.score(adata, pack, method=method)
    np.testing.assert_array_equal(adata.obsm["dtp_scores"], first)


def test_options_that_make_no_sense():
    with pytest.raises(ValueError, match="one of 'ucell'"):
        ScoreOptions(method="gsva")
    with pytest.raises(ValueError, match="min_coverage must be at least 0 and at most"):
        ScoreOptions(min_coverage=2)
    with pytest.raises(ValueError, match="control does not exist for 'ssgsea'"):
        dtp.tl.score(make_cells(), method="ssgsea", control=True)
    with pytest.raises(ValueError, match="chunk_size must be at least 1"):
        ScoreOptions(chunk_size=0)
    with pytest.raises(
        ValueError, match="species must be one of 'human', 'mouse', not 'rat'"
    ):
        ScoreOptions(species="rat")


def test_missing_places_are_named_with_what_there_is(adata, pack):
    adata.layers["counts"] = adata.X.copy()
    with pytest.raises(DataError, match=r"no layer 'cuonts'.*'counts'\.$"):
        dtp.tl.score(adata, pack, layer="cuonts")
    with pytest.raises(DataError, match="not both"):
        dtp.tl.score(adata, pack, layer="counts", use_raw=True)
    with pytest.raises(DataError, match="no raw"):
        dtp.tl.score(adata, pack, use_raw=True)
    with pytest.raises(DataError, match=r"no column 'symbol'.*none"):
        dtp.tl.score(adata, pack, gene_symbols="symbol")
    with pytest.raises(TypeError, match="Expected an AnnData, got DataFrame"):
        dtp.tl.score(adata.to_df(), pack)
    adata.X = None
    with pytest.raises(DataError, match=r"X is empty.*'counts'"):
        dtp.tl.score(adata, pack)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_refused(bad, method, adata, pack):
    adata.X.data[3] = bad
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        with pytest.raises(DataError, match=rf"holds {bad} in row 0"):
            dtp.tl.score(adata, pack, method=method)


@pytest.mark.parametrize("method", ["ucell", "aucell", "ssgsea"])
def test_scaled_values_are_refused_by_rank_methods(method, pack):
    scaled = COUNTS - COUNTS.mean(axis=0)
    with pytest.raises(DataError, match=r"below 0.*looks scaled: pass the layer"):
        dtp.tl.score(build(scaled), pack, method=method)


@pytest.mark.parametrize("method", ["mean", "zscore"])
def test_scaled_values_are_warned_of_by_methods_on_values(method, pack):
    adata = build(COUNTS - COUNTS.mean(axis=0))
    with pytest.warns(InputWarning, match=r"look scaled: .*same weight"):
        dtp.tl.score(adata, pack, method=method)
    assert np.isfinite(adata.obsm["dtp_scores"].to_numpy()).all()
    with pytest.raises(DataError, match=r"The control matches genes by their mean"):
        dtp.tl.score(adata, pack, method=method, control=True)
    with pytest.raises(DataError, match="below 0"):
        dtp.tl.score(adata, pack, method=method, normalize="log1p")


def test_scaled_values_are_refused_by_tirosh(pack):
    scaled = COUNTS - COUNTS.mean(axis=0)
    with pytest.raises(DataError, match=r"'tirosh' matches genes.*values look scaled"):
        dtp.tl.score(build(scaled), pack, method="tirosh")


def in_every_form():
    """Counts, and what other programs make of them."""
    rng = np.random.default_rng(0)
    counts = np.asarray(COUNTS, np.float64)
    counts[counts.sum(axis=1) == 0, 0] = 1
    decimals = np.maximum(counts - rng.uniform(0, 0.4, counts.shape), 0)
    lengths = rng.lognormal(7.5, 0.8, counts.shape[1])
    tpm = counts / lengths
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
    return {
        "raw counts": counts,
        "counts with decimals": decimals,
        "TPM": tpm,
        "log": np.log1p(tpm / 100),
    }


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("raw counts", "look like raw counts"),
        ("counts with decimals", "look like raw counts"),
        ("TPM", "normalized without a logarithm"),
    ],
)
@pytest.mark.parametrize("method", ["mean", "zscore", "tirosh"])
def test_values_that_need_normalizing(form, said, method, pack):
    values = in_every_form()[form]
    with pytest.warns(InputWarning, match=rf"{said}.*normalize='log1p'.*'ucell'"):
        dtp.tl.score(build(values), pack, method=method)
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputWarning)
        dtp.tl.score(build(values), pack, method=method, normalize="log1p")
        dtp.tl.score(build(in_every_form()["log"]), pack, method=method)


@pytest.mark.parametrize(("n_genes", "warns"), [(4, False), (5, True)])
def test_profiles_too_deep_for_max_rank(n_genes, warns, make_signature):
    values = np.tile(np.arange(1.0, n_genes + 1), (6, 1))
    wide = np.pad(values, ((0, N_CELLS - 6), (0, COUNTS.shape[1] - n_genes)))
    adata = build(wide)
    signature = make_signature("one", [GENES[0]])
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        dtp.tl.score(adata, [signature], max_rank=1)
    said = [str(one.message) for one in found]
    assert any("first 1 alone (max_rank" in one for one in said) == warns


def test_old_name_of_the_seed(adata, pack):
    with pytest.warns(FutureWarning, match="random_state is now called seed"):
        dtp.tl.score(adata, pack, random_state=3)
    assert adata.uns["dtp_scores"]["params"]["seed"] == 3


def test_no_cells_no_genes_no_signatures(adata, pack):
    with pytest.raises(DataError, match="no cells"):
        dtp.tl.score(adata[:0].copy(), pack)
    with pytest.raises(DataError, match="no genes"):
        dtp.tl.score(adata[:, :0].copy(), pack)
    with pytest.raises(SignatureError, match="empty"):
        dtp.tl.score(adata, [])
    with pytest.raises(SignatureError, match="more than once"):
        score_matrix(COUNTS, GENES, [pack[0], pack[0]], ScoreOptions())
    with pytest.raises(SignatureError):
        dtp.tl.score(adata, "no_such_signature")


def test_names_must_fit_the_matrix(pack):
    with pytest.raises(DataError, match=rf"{len(GENES)} columns .* {len(GENES) - 1}"):
        score_matrix(COUNTS, GENES[1:], pack, ScoreOptions())


def test_progress_counts_every_cell_once(pack):
    seen = []
    options = ScoreOptions(chunk_size=10)
    score_matrix(COUNTS, GENES, pack, options, progress=seen.append)
    assert sum(seen) == N_CELLS
    assert len(seen) > 1


def test_get_says_what_there_is(adata, pack):
    with pytest.raises(DataError, match=r"No scores under 'dtp_scores'.*none"):
        dtp.get.scores(adata)
    dtp.tl.score(adata, pack, key_added="mine")
    with pytest.raises(DataError, match="'mine'"):
        dtp.get.coverage(adata)
    with pytest.raises(ValueError, match="kind must be"):
        dtp.get.scores(adata, key="mine", kind="q")


@pytest.mark.parametrize("wrong", [5, [5], [["VIM"]], dtp.signatures.Signature, b"a"])
def test_what_is_no_signature_is_named_with_what_to_do(wrong, adata):
    with pytest.raises(TypeError, match=r"signatures must be names.*GMT or TOML file"):
        dtp.tl.score(adata, wrong)


def test_genes_that_the_data_lack(adata):
    with pytest.raises(DataError, match="None of the 2 genes"):
        dtp.tl.score(adata, ["ZEB1", "ZEB2"])


def test_warnings_name_the_line_of_the_user(adata, pack):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        dtp.tl.score(adata, [*pack, {"a": ["ZEB1", "VIM", "ACTB-"], "b": []}])
        dtp.tl.score(adata, pack, method="mean", key_added="mean")
        dtp.signatures.from_dict({"a": ["VIM"], "b": []})
    assert len(found) >= 3
    assert {Path(one.filename).name for one in found} == {Path(__file__).name}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"chunk_size": 2.5}, "chunk_size must be a whole number, not 2.5"),
        ({"n_jobs": "few"}, "n_jobs must be a whole number, not 'few'"),
        ({"n_jobs": -1}, "n_jobs must be at least 1, not -1"),
        ({"species": "rat"}, "species must be one of 'human', 'mouse', not 'rat'"),
        ({"max_rank": 10.5}, "max_rank must be a whole number"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": None}, "seed must be a whole number, not None"),
        ({"w_neg": -1}, "w_neg must be at least 0, not -1"),
        ({"min_coverage": "half"}, "min_coverage must be a number, not 'half'"),
        ({"clip": "perhaps"}, "clip must be true or false, not 'perhaps'"),
        ({"key_added": ""}, "key_added cannot be ''"),
        ({"key_added": "a/b"}, "holds no '/'"),
        ({"key_added": ".."}, "is not a dot"),
        ({"key_added": 5}, "key_added cannot be 5"),
        ({"key_added": "dtp"}, "those of the default key"),
    ],
    ids=str,
)
def test_options_of_the_wrong_kind(option, message, adata, pack):
    with pytest.raises(OptionError, match=message):
        dtp.tl.score(adata, pack, **option)
    assert list(adata.uns) == []


@pytest.mark.parametrize("method", METHODS)
def test_matrix_of_zeros_is_refused(method, pack):
    with pytest.raises(DataError, match=r"Every value of the matrix is 0.*layer"):
        dtp.tl.score(build(sp.csr_matrix(COUNTS.shape)), pack, method=method)
    with pytest.raises(DataError, match="Every value of the matrix is 0"):
        dtp.tl.score(build(sp.csr_matrix(COUNTS.shape))[:1], pack, method=method)
