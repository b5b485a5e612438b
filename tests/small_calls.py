"""An easy experiment and the calls on it, made once for all tests of calls."""

from __future__ import annotations

from functools import cache

import numpy as np
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore import _keys
from dtpscore._calling.record import CallRecord

DESIGN = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}


def simulated():
    """Parental and day 14, three replicates, a clear difference."""
    return dtp.datasets.simulate(
        n_cells=480, days=(14,), holiday_day=None, difficulty="easy", seed=2
    )


@cache
def easy():
    """Make the same data once; tests that change them take a copy."""
    return simulated()


def run(adata, **choices):
    """Call without what takes most of the time: components, and the check."""
    quick = {"components": False, "check_reference": False}
    return dtp.tl.call(adata, **{**DESIGN, **quick, **choices})


@cache
def called():
    """The easy experiment with calls, components looked at as by default."""
    return run(easy(), components=True, copy=True)


def record_of(adata, key=_keys.CALL):
    return CallRecord.from_uns(adata.uns[key])


def logs(adata):
    """Log values of the same cells."""
    changed = adata.copy()
    total = np.asarray(changed.X.sum(axis=1))
    changed.X = sp.csr_matrix(np.log1p(changed.X.toarray() / total * 1e4))
    return changed


def with_columns(adata, **columns):
    """A copy with further columns of obs."""
    changed = adata.copy()
    for name, values in columns.items():
        changed.obs[name] = values
    return changed
