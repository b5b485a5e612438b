"""Kernels on rows made to break them: plain Python body, compiled, and reference."""

from __future__ import annotations

import ast
import inspect
import threading

import numba
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dtpscore._kernels import (
    _gains,
    _lines,
    _nearness,
    _ranks,
    _rows,
    _ssgsea,
    _sums,
    _zeros,
)
from dtpscore._methods.linear import SetTable
from dtpscore._methods.registry import METHODS
from dtpscore._methods.run import run_method
from dtpscore._methods.ssgsea import by_set
from dtpscore._options.score import ScoreOptions
from dtpscore._threads import in_order, n_threads

QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Zeros and ties often; also values far apart, next to each other, and denormal.
VALUES = st.sampled_from(
    [0, 0, 0, 0, 1, 1, 1, 2, 3, 255, 256, 0.5, 1.0000001, 1.0000002, 1e-40, 1e30]
)


@st.composite
def problems(draw):
    """A small matrix and signatures over its columns, any of which may be empty."""
    n_rows, n_genes = draw(st.integers(1, 4)), draw(st.integers(1, 40))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    values = VALUES if draw(st.booleans()) else st.floats(0, 100, width=32)
    dense = draw(hnp.arrays(dtype, (n_rows, n_genes), elements=values.map(dtype)))
    genes = st.lists(st.integers(0, n_genes - 1), max_size=8)
    pairs = draw(st.lists(st.tuples(genes, genes), min_size=1, max_size=4))
    return dense, reference.make_net(pairs, n_genes, n_missing=draw(st.integers(0, 2)))


def run(dense, net, method, **options):
    return run_method(dense, net, method=method, options=ScoreOptions(**options)).scores


@pytest.mark.slow
@QUICK
@given(
    problems(), st.integers(12, 40), st.sampled_from(["average", "min", "max", "order"])
)
def test_ucell(problem, max_rank, ties):
    dense, net = problem
    found = run(dense, net, "ucell", max_rank=max_rank, ties_method=ties)
    expected = reference.ucell(dense, net, max_rank=max_rank, ties=ties)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.slow
@QUICK
@given(problems(), st.floats(0.05, 1), st.sampled_from(["average", "order"]))
def test_aucell(problem, fraction, ties):
    dense, net = problem
    found = run(dense, net, "aucell", auc_fraction=fraction, ties_method=ties)
    expected = reference.aucell(dense, net, fraction=fraction, ties=ties)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.slow
@QUICK
@given(problems(), st.sampled_from(["average", "order"]), st.sampled_from([0, 0.25, 1]))
def test_ssgsea(problem, ties, weight):
    dense, net = problem
    found = run(dense, net, "ssgsea", ssgsea_ties=ties, ssgsea_weight=weight)
    expected = reference.ssgsea(dense, net, ties=ties, weight=weight)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-10)


@pytest.mark.slow
@QUICK
@given(problems(), st.booleans())
def test_sums(problem, center):
    dense, net = problem
    if dense.shape[1] < 2:
        return
    np.testing.assert_allclose(
        run(dense, net, "mean"), reference.mean(dense, net), rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(
        run(dense, net, "zscore", center=center),
        reference.zscore(dense, net, center=center),
        rtol=1e-9,
        atol=1e-9,
    )


@pytest.mark.slow
@QUICK
@given(problems(), st.sampled_from(list(METHODS)))
def test_formats_and_blocks_give_the_same_bits(problem, method):
    dense, net = problem
    options = ScoreOptions(max_rank=20, n_bins=4)
    first, second = (
        run_method(matrix, net, method=method, options=options, **more).scores
        for matrix, more in (
            (dense, {}),
            (sp.csc_array(dense), {"chunk_size": 1, "n_jobs": 1}),
        )
    )
    np.testing.assert_array_equal(first, second)


@pytest.fixture
def rows():
    """Canonical rows: one empty, one of ties, one dense and one with few values."""
    rng = np.random.default_rng(0)
    dense = np.zeros((6, 60), np.float32)
    dense[1] = 2
    dense[2] = rng.random(60)
    dense[3, ::7] = rng.integers(1, 4, 9)
    dense[4:] = rng.poisson(1, (2, 60))
    csr = sp.csr_array(dense)
    return csr.data, csr.indices.astype(np.int32), csr.indptr.astype(np.int64)


def tables(n_genes=60):
    counts = np.arange(n_genes) % 7
    ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    sets = (np.arange(ptr[-1]) % 4).astype(np.int32)
    return (counts > 0).astype(np.uint8), ptr, sets, np.linspace(-1, 2, ptr[-1])


def calls(rows):
    """Every kernel with its arguments; the last ones are written to."""
    data, indices, indptr = rows
    n, size, keys = indptr.size - 1, data.size, _ranks.as_keys(data)
    member, ptr, sets, weights = tables()
    dense = np.zeros((n, 60), np.float32)
    dense[0, 3] = np.nan
    dense[2, :5] = 1
    stratum = (np.arange(60) % 5).astype(np.int32)
    ranked = np.ones(60, np.uint8)
    ranked[::4] = 0
    powers = (np.arange(130) / 2) ** 0.25
    set_sizes = np.bincount(sets, minlength=4).astype(float)
    table = SetTable(member, ptr, sets, weights, set_sizes)
    starts = np.array([0, 1, 1, 6], np.int64)

    def moments():
        return np.zeros((n, 5, 2))

    yield _rows.count_nonzero, (dense,), (np.zeros(n, np.int64),)
    yield (
        _rows.compress,
        (dense[:3], starts),
        (np.zeros(6, np.float32), np.zeros(6, np.int32)),
    )
    yield _rows.check, (data, indices, indptr, 60), (np.zeros((n, 5), np.int64),)
    yield _rows.log_normalize, (data, indptr, 1e4), (np.zeros(size),)
    yield (
        _sums.set_sums,
        (data, indices, indptr, member, ptr, sets, weights),
        (np.zeros((n, 4)),),
    )
    yield _sums.stratum_moments, (data, indices, indptr, stratum), (moments(),)
    yield _sums.gene_sums, (data, indices), (np.zeros((60, 3), np.int64),)
    yield _sums.row_moments, (data, indptr, 60), (np.zeros(n), np.zeros(n))
    yield (
        _sums.null_z,
        (
            np.arange(12.0).reshape(n, 2),
            moments() + 3,
            np.full(5, 12.0),
            np.full((5, 2), 0.5),
            np.full((5, 2), 0.25),
        ),
        (np.zeros((n, 2)),),
    )
    yield _sums.two_sided, (np.linspace(-3, 3, 12).reshape(n, 2),), (np.ones((n, 2)),)
    every = np.ones_like(member)
    zero = np.linspace(0, 1, n)
    for rule in range(5):
        for control in (False, True):
            chosen = every if control or rule == _gains.ORDER else member
            yield (
                _gains.gain_sums,
                (
                    *(keys, indices, indptr, chosen, ptr, sets, weights),
                    *(9, rule, zero, stratum if control else stratum[:0]),
                ),
                (np.zeros((n, 4)), moments()),
            )
    yield _gains.zero_gains, (np.diff(indptr), 60, 40), (np.zeros(n),)
    yield (
        _zeros.ordered_zero_gains,
        (indices, indptr, ranked, 45, ptr, sets, weights),
        (np.zeros((n, 4)),),
    )
    yield (
        _zeros.ordered_zero_moments,
        (indices, indptr, ranked, 45, stratum),
        (moments(),),
    )
    for order in (True, False):
        arguments = (member, *by_set(table), ptr, sets, set_sizes, order, powers)
        yield (
            _ssgsea.enrichment,
            (keys, indices, indptr, *arguments),
            (np.zeros((n, 4)),),
        )
    ends = np.array([0, 20, 60])
    yield (
        _lines.fit,
        (np.sin(np.arange(60.0)), ends[:-1], ends[1:], np.zeros(2), 2.0, 3, 3.0),
        (np.zeros((2, 3)), np.full((2, 3), 0.2), np.zeros((2, 3)), np.zeros(60)),
    )


def test_plain_body_and_compiled_kernel_agree(rows):
    for function, given_, written in calls(rows):
        outcomes = []
        for build in (function, function.py_func):
            out = [one.copy() for one in written]
            build(*given_, *out)
            outcomes.append(out)
        for first, second in zip(*outcomes, strict=True):
            np.testing.assert_array_equal(first, second, err_msg=function.__name__)
        changed = zip(outcomes[0], written, strict=True)
        assert any(not np.array_equal(a, b, equal_nan=True) for a, b in changed)


def test_every_kernel_is_covered(rows):
    covered = {function.__name__ for function, _, _ in calls(rows)}
    known = {
        name
        for module in (_rows, _sums, _ranks, _gains, _lines, _zeros, _ssgsea)
        for name, value in vars(module).items()
        if hasattr(value, "py_func") and value.targetoptions.get("nogil")
    }
    assert covered == known


@pytest.mark.parametrize(
    "module", [_gains, _lines, _nearness, _ranks, _rows, _ssgsea, _sums, _zeros]
)
def test_no_array_is_assigned_to_a_slice(module):
    """For its error message alone numba would compile text for three seconds."""
    slow = []
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        into = [one.slice for one in targets if isinstance(one, ast.Subscript)]
        cut = [part for one in into for part in ast.walk(one)]
        value = getattr(node, "value", None)
        plain = isinstance(value, ast.Constant | ast.Name | ast.Attribute | ast.UnaryOp)
        if any(isinstance(part, ast.Slice) for part in cut) and (
            isinstance(node, ast.AugAssign) or not plain
        ):
            slow.append(ast.unparse(node))
    assert not slow


@pytest.mark.parametrize("rule", range(5))
def test_buckets_with_many_close_values_are_sorted(rule):
    rng = np.random.default_rng(rule)
    # One far value squeezes all the others into few buckets.
    close = 1 + rng.integers(0, 40, 3000) * np.float32(2**-22)
    row = np.append(close, 1e30).astype(np.float32)
    # Every gene is a set of its own, so the sums are the gains.
    number = np.arange(row.size, dtype=np.int32)
    out = np.zeros((1, row.size))
    _gains.gain_sums(
        _ranks.as_keys(row),
        number,
        np.array([0, row.size]),
        np.ones(row.size, np.uint8),
        np.arange(row.size + 1, dtype=np.int32),
        number,
        np.ones(row.size),
        1500,
        rule,
        np.zeros(1),
        number[:0],
        out,
        np.empty((0, 0, 2)),
    )
    from scipy.stats import rankdata

    if rule == _gains.EXPECTED:
        expected = reference.aucell_gains(row.astype(float), 1500, "average")
    else:
        ties = ["average", "min", "max", "", "ordinal"][rule]
        expected = np.maximum(1500 - rankdata(-row, method=ties), 0)
    np.testing.assert_allclose(out[0], expected, rtol=1e-12)


def test_threads_are_those_asked_for_up_to_those_there_are():
    largest = numba.config.NUMBA_NUM_THREADS
    assert n_threads(None) == numba.get_num_threads()
    assert n_threads(1) == 1
    assert n_threads(10_000) == largest


def test_results_come_in_order_while_several_threads_work():
    both = threading.Barrier(2, timeout=30)
    main = threading.get_ident()

    def work(item):
        both.wait()  # passes only if two threads work at the same time
        assert threading.get_ident() != main
        return -item

    assert list(in_order(work, range(20), n_workers=2)) == [-i for i in range(20)]


def test_an_error_stops_the_rest():
    taken, done = [], []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    def work(item):
        if item == 3:
            raise KeyError(item)
        done.append(item)

    with pytest.raises(KeyError):
        list(in_order(work, items(), n_workers=2))
    assert len(taken) < 20
    assert len(done) < 20
