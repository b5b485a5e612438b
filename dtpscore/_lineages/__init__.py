"""Clones that are known by barcodes: who survives, and what foretells it."""
