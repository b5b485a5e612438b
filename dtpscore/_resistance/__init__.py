"""Persister or resistant: evidence for each side, and no call."""
