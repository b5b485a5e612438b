"""Benchmarks for airspeed velocity, one module a topic."""

import sys
from pathlib import Path

# The simulated data are shared with compare.py.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
