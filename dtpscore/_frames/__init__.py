"""The numbers behind every plot and the report, as data frames.

Nothing here draws. Each function reads results from an AnnData and returns a frame;
`dtpscore.pl` and the report show these frames and compute nothing of their own.
"""
