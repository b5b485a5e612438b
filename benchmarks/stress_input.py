"""Write the input of the stress simulator to one small file.

    python benchmarks/stress_input.py population.npz
    DTPSCORE_STRESS_INPUT=population.npz python benchmarks/stress.py --runs 40 --jobs 16

The file holds means, dispersions and loadings of genes, and no cell. With it the
benchmark runs on a machine that has no data folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stress_population import fit_to_cells, save_population

if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].endswith(".npz"):
        sys.exit("Give one file to write, whose name ends in .npz.")
    save_population(fit_to_cells(), Path(sys.argv[1]))
