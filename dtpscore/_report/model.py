"""What a report is made of, before it becomes a page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

Format = Literal[
    "text", "count", "share", "number", "signed", "pvalue", "doi", "verdict"
]


# Folds that are not taller than the figure they stand beside.
_MOST_BESIDE = 5


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    key
        Column of the frame.
    title
        Heading.
    format
        How its values are shown.
    floor
        Probabilities below this are shown as smaller than it.
    """

    key: str
    title: str
    format: Format = "text"
    floor: float = 0.001


@dataclass(frozen=True)
class Table:
    """A table of the page, which is also written as a CSV file.

    Attributes
    ----------
    name
        Name of the CSV file.
    caption
        What it shows.
    frame
        The numbers.
    columns
        Columns that the page shows, in this order.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]

    @property
    def summary(self) -> str:
        """What the table shows, without how it is read, for the line of its fold."""
        return re.split("[:;]", self.caption)[0]


@dataclass(frozen=True)
class Grid:
    """The cells of a heat map, which a reader can point at on its figure.

    Attributes
    ----------
    left, top, width, height
        Where the cells are on the figure, as shares of its width and height.
    rows, columns
        Names beside and below the cells, as they are drawn.
    values
        Text of the number of each cell, row by row; empty where there is none.
    unit
        Text of the color bar; empty where there is none.
    """

    left: float
    top: float
    width: float
    height: float
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    unit: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes
    ----------
    uri
        Data URI of an SVG image.
    alt
        What it shows, for a person who does not see it.
    caption
        Text under it.
    grids
        Its heat maps.
    wide
        Whether it needs the whole width of the page.
    """

    uri: str
    alt: str
    caption: str
    grids: tuple[Grid, ...] = ()
    wide: bool = False


@dataclass(frozen=True)
class Coloring:
    """One thing by which the map of cells is colored.

    Attributes
    ----------
    name, title
        Its name, and what a reader sees.
    colors
        Color of each label, or the colors of a scale from low to high.
    of_cells
        Place of the label of each cell, or the number of each cell; None where it has
        none.
    labels
        The labels; empty for numbers.
    low, high
        Numbers at both ends of the scale.
    """

    name: str
    title: str
    colors: tuple[str, ...]
    of_cells: tuple[float | int | None, ...]
    labels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class CellMap:
    """Cells on an embedding, for the script of the page to draw.

    Attributes
    ----------
    title
        What it shows.
    axes
        Names of the two coordinates.
    names
        Names of the cells, in the order in which they are drawn.
    x, y
        Where they are, from 0 to 1000.
    colorings
        By what they can be colored.
    """

    title: str
    axes: tuple[str, str]
    names: tuple[str, ...]
    x: tuple[int, ...]
    y: tuple[int, ...]
    colorings: tuple[Coloring, ...]


@dataclass(frozen=True)
class Fold:
    """A part of a section that is closed until a reader opens it.

    Attributes
    ----------
    title
        The line that is always seen.
    paragraphs, pictures, tables
        What it holds.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes
    ----------
    name, title
        Anchor and heading.
    result
        One sentence with what was found.
    paragraphs
        Further text before the figures.
    notes
        Caveats, set off from the text.
    pictures, tables
        What it shows. Tables are folded.
    folds
        Further parts that are folded.
    items
        A list after the text, such as the references.
    cells
        A map of cells.
    closed
        Line under which text and list are folded; empty where they are open.
    """

    name: str
    title: str
    result: str = ""
    paragraphs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    folds: tuple[Fold, ...] = ()
    items: tuple[str, ...] = ()
    cells: CellMap | None = None
    closed: str = ""

    @property
    def layout(self) -> str:
        """Where text and folds stand: beside the figure, below it, or alone."""
        if len(self.pictures) != 1:
            return "alone"
        many = len(self.tables) + len(self.folds) > _MOST_BESIDE
        return "below" if many or self.pictures[0].wide else "beside"


@dataclass(frozen=True)
class Level:
    """One level of evidence.

    Attributes
    ----------
    name, text
        ``"E0"`` to ``"E4"``, and what it means.
    reached
        Whether these results have it.
    """

    name: str
    text: str
    reached: bool


@dataclass(frozen=True)
class Answer:
    """One question of the first screen with its answer.

    Attributes
    ----------
    question, headline
        The question, and the answer in a few words.
    details
        Sentences under it.
    levels
        The ladder of evidence, where the question is how sure the answer is.
    folds
        What can be read further, in sentences.
    """

    question: str
    headline: str
    details: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    folds: tuple[Fold, ...] = ()


@dataclass(frozen=True)
class FirstScreen:
    """The answer, before anything else.

    Attributes
    ----------
    title
        Heading.
    headline
        One sentence.
    table
        One row per arm and time; None where nothing was called.
    picture
        Shares over time; None where nothing was called.
    answers
        Questions with short answers.
    """

    title: str
    headline: str
    table: Table | None = None
    picture: Picture | None = None
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class ReportData:
    """Everything that a page shows.

    Attributes
    ----------
    title, subtitle
        Heading and the line under it.
    banners
        Warnings that stand above all, such as that data are simulated.
    first
        The first screen.
    sections
        The rest, in order.
    provenance
        Record of the run, or of the results where there was no run.
    """

    title: str
    subtitle: str
    banners: tuple[str, ...]
    first: FirstScreen
    sections: tuple[Section, ...]
    provenance: dict[str, Any] = field(default_factory=dict)

    def tables(self) -> Iterator[Table]:
        """Give every table of the page, in order."""
        if self.first.table is not None:
            yield self.first.table
        for section in self.sections:
            yield from section.tables
            for fold in section.folds:
                yield from fold.tables
