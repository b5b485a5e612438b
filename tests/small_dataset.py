"""A small data set, described as in the registry."""

from __future__ import annotations

import hashlib

from dtpscore.datasets._registry import Dataset

BULK = "gene,A_0day_rep1,A_8day_rep1\nG1,5,0\nG2,0,7\nG3,1,2\n"


def bulk_entry(url="", text=BULK, **fields):
    raw = text.encode()
    file = {
        "name": "bulk.csv",
        "url": url and f"{url}/bulk.csv",
        "sha256": hashlib.sha256(raw).hexdigest(),
        "size": len(raw),
    }
    content = {
        "title": "Small bulk table",
        "kind": "bulk",
        "accession": "none",
        "paper": "none",
        "doi": "",
        "licence": "CC0",
        "platform": "none",
        "species": "human",
        "note": "A test.",
        "name_pattern": r"(?P<cell_line>\w)_(?P<day>\d+)day_(?P<replicate>rep\d)",
        "by_day": {"0": {"condition": "parental"}, "8": {"condition": "DTP"}},
        "labels": {"condition": {"parental": "before", "DTP": "after"}},
        "files": [file],
    }
    return Dataset.model_validate({**content, **fields})
