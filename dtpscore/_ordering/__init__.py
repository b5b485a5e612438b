"""Order cells from parental to persister: pure functions on arrays and frames."""
