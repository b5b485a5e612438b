"""What a report is made of, before it becomes a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["text", "count", "share", "number", "signed", "pvalue", "doi"]


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
    """A table of the page, also written as a CSV file.

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
    wide
        Whether it takes the whole width.
    """

    uri: str
    alt: str
    caption: str
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes
    ----------
    name, title
        Anchor and heading.
    paragraphs
        Text before the figures.
    notes
        Caveats, set off from the text.
    pictures, tables
        What it shows.
    items
        A list after the text, such as the references.
    """

    name: str
    title: str
    paragraphs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One question of the first screen with its answer.

    Attributes
    ----------
    question, headline
        The question, and the answer in a few words.
    details
        Sentences or rows under it.
    """

    question: str
    headline: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportData:
    """Everything that a page shows.

    Attributes
    ----------
    title, subtitle
        Heading and the line under it.
    banners
        Warnings that stand above all, such as that data are simulated.
    answers
        The first screen.
    sections
        The rest, in order.
    provenance
        Record of the run, or of the results where there was no run.
    """

    title: str
    subtitle: str
    banners: tuple[str, ...]
    answers: tuple[Answer, ...]
    sections: tuple[Section, ...]
    provenance: dict[str, Any] = field(default_factory=dict)
