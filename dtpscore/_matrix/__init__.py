"""Read matrices of any kind in blocks of rows."""
