"""Which published program the contrast of an experiment is nearest."""
