"""Score, call and order a file on disk."""
