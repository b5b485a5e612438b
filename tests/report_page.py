"""Read a report as a program: what a test needs of the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "br", "hr", "input"}


@dataclass
class Page:
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    alts: list[str] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)
    tables: dict[str, dict] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    answers: list[list[str]] = field(default_factory=list)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.page = Page()
        self.table = None
        self.in_answer = False
        self.shown = False

    def handle_starttag(self, tag, attrs):
        given, page = dict(attrs), self.page
        if tag not in _VOID:
            page.open_tags.append(tag)
        if "id" in given:
            page.ids.append(given["id"])
        if tag == "a":
            page.links.append(given["href"])
        if tag in {"img", "script", "link", "iframe"}:
            page.loads.append(given.get("src") or given.get("href") or "inline")
        if tag == "img":
            page.alts.append(given.get("alt", ""))
        if tag == "canvas":
            page.alts.append(given.get("aria-label", ""))
        if tag == "table":
            self.table = {"head": [], "rows": []}
            page.tables[given["id"].removeprefix("table-")] = self.table
        if tag == "tr" and self.table is not None and self.table["head"]:
            self.table["rows"].append([])
        if tag == "td":
            value = given.get("data-value")
            self.shown = value is None
            self.table["rows"][-1].append({"value": value or "", "text": ""})
        if tag == "article":
            page.answers.append([])
            self.in_answer = True

    def handle_endtag(self, tag):
        opened = self.page.open_tags.pop()
        assert opened == tag, (opened, tag)
        if tag == "table":
            self.table = None
        if tag == "article":
            self.in_answer = False

    def handle_data(self, data):
        inside = self.page.open_tags[-1:] or [""]
        if inside[0] in {"style", "script", "pre"} or not data.strip():
            return
        self.page.text.append(data)
        if self.in_answer:
            self.page.answers[-1].append(data.strip())
        if self.table is not None:
            if "th" in self.page.open_tags:
                self.table["head"].append(data.strip())
            elif "td" in self.page.open_tags:
                cell = self.table["rows"][-1][-1]
                cell["text"] += data.strip()
                # A text is sorted as it is shown, so the page has it once.
                cell["value"] += data if self.shown else ""


def read_page(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.page.open_tags == []
    return reader.page
