"""Whether the target of the drug was hit, by the output of its pathway."""
