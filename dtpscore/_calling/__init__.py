"""Calling of DTP-like cells: pure functions on arrays, one reason a file."""
