"""Records are written without None and read back as they were."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData, read_h5ad

from dtpscore._records import Record
from dtpscore.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Part:
    share: float
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Example(Record):
    record_version = 3
    made_by = "dtpscore.tl.example"

    alpha: float
    whole: bool
    groups: list[str]
    table: pd.DataFrame
    part: Part
    layer: str | None = None
    note: str | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    ends: tuple[float, ...] = ()


def example():
    return Example(
        alpha=0.05,
        whole=True,
        groups=["a", "b"],
        table=pd.DataFrame({"x": [1.0, 2.0]}, index=["i", "j"]),
        part=Part(share=0.5),
        note="said",
        sizes={"a": 3},
        methods=["Cells were called."],
        ends=(0.0, 1.0),
    )


def without_table(record):
    return {k: v for k, v in vars(record).items() if k != "table"}


def has_none(value):
    if isinstance(value, dict):
        return any(has_none(one) for one in value.values())
    return value is None


def test_written_to_a_file_and_read_back(tmp_path):
    stored = example().to_uns()
    assert not has_none(stored)
    assert stored["record_version"] == 3
    adata = AnnData(np.zeros((2, 2)), uns={"example": stored})
    adata.write_h5ad(tmp_path / "a.h5ad")
    found = Example.from_uns(read_h5ad(tmp_path / "a.h5ad").uns["example"])
    assert without_table(found) == without_table(example())
    assert {type(one) for one in found.groups} == {str}
    pd.testing.assert_frame_equal(found.table, example().table)


def test_empty_lists_and_dicts(tmp_path):
    stored = Example(**{**vars(example()), "groups": [], "methods": []}).to_uns()
    adata = AnnData(np.zeros((2, 2)), uns={"example": stored})
    adata.write_h5ad(tmp_path / "a.h5ad")
    found = Example.from_uns(read_h5ad(tmp_path / "a.h5ad").uns["example"])
    assert found.groups == []
    assert found.methods == []


def test_entries_of_a_newer_version_are_passed_over():
    stored = {**example().to_uns(), "fresh": 1}
    assert without_table(Example.from_uns(stored)) == without_table(example())


def test_a_missing_entry_says_what_to_run_again():
    stored = example().to_uns()
    del stored["alpha"]
    with pytest.raises(DataError, match=r"no alpha: .* Run dtpscore.tl.example again"):
        Example.from_uns(stored)
