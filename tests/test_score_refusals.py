"""``dtpscore.tl.score`` refuses or warns of what it cannot score well."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from small_counts import COUNTS, GENES, N_CELLS, build, make_cells, make_pack

import dtpscore as dtp
from dtpscore._methods.registry import METHODS
from dtpscore._scoring.run import ScoreOptions, score_matrix
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
    with pytest.raises(ValueError, match="one of ucell"):
        ScoreOptions(method="gsva")
    with pytest.raises(ValueError, match="between 0 and 1"):
        ScoreOptions(min_coverage=2)
    with pytest.raises(ValueError, match="control does not exist for 'ssgsea'"):
        ScoreOptions(method="ssgsea", control=True)
    with pytest.raises(ValueError, match="chunk_size must be 1 or more"):
        ScoreOptions(chunk_size=0)
    with pytest.raises(ValueError, match="human or mouse"):
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
    dtp.tl.score(adata := build(scaled), pack, method="mean")
    assert np.isfinite(adata.obsm["dtp_scores"].to_numpy()).all()


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
        dtp.tl.score(adata, ["VIM", "ZEB1"])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"chunk_size": 2.5}, "chunk_size must be a whole number, not 2.5"),
        ({"n_jobs": "3"}, "n_jobs must be a whole number, not '3'"),
        ({"n_jobs": -1}, "n_jobs must be 1 or more, not -1"),
        ({"max_rank": 10.5}, "max_rank must be a whole number"),
        ({"random_state": -1}, "random_state must be 0 or more"),
        ({"random_state": None}, "random_state must be a whole number, not None"),
        ({"w_neg": "1"}, "w_neg must be 0 or more, not '1'"),
        ({"min_coverage": "half"}, "min_coverage must be between 0 and 1"),
        ({"clip": "yes"}, "clip must be one of True, False, not 'yes'"),
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
