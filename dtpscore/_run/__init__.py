"""From a file of cells to scores, calls, order, enrichment and a report, in one go."""

from dtpscore._files.apply import Progress
from dtpscore._options.run import RunOptions
from dtpscore._run.config import load_config
from dtpscore._run.folder import opened
from dtpscore._run.many import FileRun, run_files
from dtpscore._run.outputs import Outputs
from dtpscore._run.pipeline import run

__all__ = [
    "FileRun",
    "Outputs",
    "Progress",
    "RunOptions",
    "load_config",
    "opened",
    "run",
    "run_files",
]
