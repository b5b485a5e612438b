"""Score signatures and axes: from a matrix and gene names to tables."""
