"""Folding of the report's section on what could be tried."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from dtpscore._report import vulnerabilities as part


@pytest.fixture
def section_of(monkeypatch):
    def make(*groups):
        table = pd.DataFrame(
            {"batch": "all", "group": list(groups), "axis_state": "not shown"}
        )
        record = SimpleNamespace(table=table, genes=table, drugs=None, messages=())
        monkeypatch.setattr(part, "vulnerability_record", lambda _: record)
        monkeypatch.setattr(part, "titled", lambda frame: frame)
        monkeypatch.setattr(part, "_picture", lambda _, group: f"figure of {group}")
        return part.tried_section(SimpleNamespace(has=lambda _: True, adata=None), None)

    return make


def test_one_group_is_open_and_nothing_is_folded_beside_it(section_of):
    section = section_of("7 d")
    assert section.pictures == ("figure of 7 d",)
    assert section.folds == ()


def test_the_first_group_is_open_and_every_other_is_folded(section_of):
    section = section_of("7 d", "14 d", "21 d")
    assert section.pictures == ("figure of 7 d",)
    (fold,) = section.folds
    assert fold.pictures == ("figure of 14 d", "figure of 21 d")
    assert [table.name for table in section.tables] == [
        "vulnerabilities",
        "target_genes",
    ]
