"""Numerical loops over the rows of a block, compiled by numba.

Every function takes a block in canonical compressed-row form: ``data`` (float32
or float64, no zeros), ``indices`` (int32, ascending within a row) and ``indptr``
(int64, starting at 0), and works on one row after another. Sums run in column order
in float64, so that the numbers depend neither on threads nor on how rows were
grouped into blocks.
"""
