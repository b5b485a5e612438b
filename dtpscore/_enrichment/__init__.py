"""Rank genes between groups, and test gene sets along the ranking with GSEApy."""
