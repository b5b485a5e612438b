"""The table of gene names read in another way, and views of a match, for tests."""

from __future__ import annotations

from functools import cache

from dtpscore._resources import signature_root

COLUMNS = ("symbol", "ensembl", "previous", "alias", "mouse", "mouse_ensembl")


@cache
def table() -> list[dict[str, list[str]]]:
    """The shipped table, read without the package's reader."""
    text = (signature_root() / "gene_names.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line and line[0] != "#"]
    assert tuple(lines[0].split("\t")) == COLUMNS
    return [
        {
            column: [value for value in cell.split("|") if value]
            for column, cell in zip(COLUMNS, line.split("\t"), strict=True)
        }
        for line in lines[1:]
    ]


def slow_resolve(name: str) -> set[str]:
    """Current human symbols of a name: every rule tried over the whole table."""
    dashed = name.upper().replace(".", "-")

    def carriers(column: str, spelled: str) -> set[str]:
        return {symbol for symbol, names in _upper(column) if spelled in names}

    attempts = [
        {row["symbol"][0] for row in table() if name in row["symbol"]},
        carriers("ensembl", name.upper().split(".")[0]),
        carriers("symbol", name.upper()),
        carriers("symbol", dashed),
        carriers("previous", name.upper()),
        carriers("previous", dashed),
        carriers("alias", name.upper()),
        carriers("alias", dashed),
    ]
    return next((found for found in attempts if found), {dashed})


@cache
def _upper(column: str) -> list[tuple[str, tuple[str, ...]]]:
    """Symbol and names in upper case of every human gene."""
    human = [row for row in table() if row["symbol"]]
    return [(row["symbol"][0], tuple(map(str.upper, row[column]))) for row in human]


def found(match, signature: str = "s") -> dict[str, object]:
    """Coverage of one signature."""
    return match.coverage.loc[signature].to_dict()


def columns(match, half: int = 0) -> list[int]:
    net = match.net
    return net.genes[net.offsets[half] : net.offsets[half + 1]].tolist()
