"""The registry of public data sets: every entry is complete and honest."""

from __future__ import annotations

import pandas as pd
import pytest
from small_dataset import bulk_entry

import dtpscore as dtp
from dtpscore.datasets import _registry
from dtpscore.datasets._registry import File
from dtpscore.errors import DataError


def test_every_pinned_file_has_address_checksum_and_size():
    for name, entry in _registry.registry().items():
        for file in entry.files:
            for part in file.parts():
                assert part.url or entry.instead, (name, part.name)
                assert (part.sha256 is None) == (part.size is None), part.name
        assert entry.checked == (entry.n_obs is not None), name


def test_unchecked_data_sets_say_so():
    for entry in _registry.registry().values():
        assert entry.checked != entry.note.startswith("Not run against GEO")


def test_addresses_of_repositories_name_a_commit():
    for entry in _registry.registry().values():
        for part in (part for file in entry.files for part in file.parts()):
            if "githubusercontent" in part.url:
                assert len(part.url.split("/")[5]) == 40


def test_the_control_that_is_none_is_told():
    entry = _registry.registry()["pc9_erlotinib_d11"]
    assert "not a control" in entry.note
    assert {file.obs["file_label"] for file in entry.files} == {"control", "erlotinib"}
    assert entry.obs["condition"] == "DTP"


def test_the_registry_refuses_labels_without_meaning():
    with pytest.raises(ValueError, match="no meaning for condition"):
        bulk_entry(labels={"condition": {"parental": "before"}})


@pytest.mark.parametrize(
    "fields",
    [{"sha256": "abc"}, {"url": "ftp://x"}, {"name": "a/b"}, {"unknown": 1}],
)
def test_the_registry_refuses_malformed_files(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        File.model_validate({"name": "a", **fields})


def test_an_unknown_name_gets_the_names_and_a_guess():
    with pytest.raises(DataError, match=r"Did you mean 'pbmc3k'.*Available: pc9_erl"):
        dtp.datasets.load("pbmc3")


def test_a_superseries_gets_the_names_of_its_parts():
    with pytest.raises(DataError, match=r"'gse134839' or 'gse134841' or 'gse134838'"):
        dtp.datasets.load("GSE149383")


def test_addresses_and_checksums_are_those_of_the_mirror(data_dir):
    path = data_dir / "sources.tsv"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    listed = pd.read_csv(path, sep="\t", index_col="file")
    known = {
        part.name: part
        for entry in _registry.registry().values()
        for file in entry.files
        for part in file.parts()
    }
    for name, row in listed.iterrows():
        part = known[name]
        assert (part.url, part.sha256, part.size) == (
            row["url"],
            row["sha256"],
            row["bytes"],
        )
