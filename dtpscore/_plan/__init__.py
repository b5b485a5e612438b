"""How many samples and cells, and how deep, an experiment needs."""
