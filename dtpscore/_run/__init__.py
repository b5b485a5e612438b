"""From a file of cells to scores, calls, order, enrichment and a report, in one go."""

from dtpscore._run.config import RunConfig, load_config
from dtpscore._run.folder import opened
from dtpscore._run.outputs import Outputs
from dtpscore._run.pipeline import Progress, run

__all__ = ["Outputs", "Progress", "RunConfig", "load_config", "opened", "run"]
