"""One page that says what was found, how sure it is, and what would prove it."""

from dtpscore._report.collect import collect
from dtpscore._report.model import ReportData
from dtpscore._report.public import report
from dtpscore._report.render import render, write_tables

__all__ = ["ReportData", "collect", "render", "report", "write_tables"]
