"""Statistics in which the sample is the unit: pure functions on arrays."""
