"""Records of steps as ``uns`` holds them, made by hand for tests of what reads them."""

from __future__ import annotations

import pandas as pd

from dtpscore._calling.record import CallRecord
from dtpscore._ordering.record import OrderRecord
from dtpscore._values import Values


def call_uns(**fields):
    """Record of a call; fields that are not given say little."""
    given = {
        "params": {"groupby": "condition", "alpha": 0.05, "index": "x"},
        "version": "0",
        "note": "A note.",
        "matrix_values": Values("counts", True, 0.0, 9.0, 10, "whole numbers"),
        "calibrated": True,
        "evidence_level": "E2",
        "evidence": "calibrated",
        "error_rate": [],
        "coverage": pd.DataFrame({"n_found": [1]}, index=["x"]),
    }
    return CallRecord(**{**given, **fields}).to_uns()


def order_uns(**fields):
    """Record of an order; fields that are not given say little."""
    given = {
        "params": {"groupby": "condition"},
        "method": "dpt",
        "root": "c0",
        "n_root_cells": 5,
        "n_unreachable": 0,
        "validated": False,
        "values": "counts",
        "direction": pd.DataFrame({"verdict": []}),
        "cycle": pd.DataFrame({"rho": []}),
        "branches": pd.DataFrame({"exists": []}),
        "stability": {},
    }
    return OrderRecord(**{**given, **fields}).to_uns()
