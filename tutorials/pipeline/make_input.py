"""Write two small simulated experiments for the pipeline."""

from pathlib import Path

import dtpscore as dtp

folder = Path("input")
folder.mkdir(exist_ok=True)
for seed, name in enumerate("ab"):
    adata = dtp.datasets.simulate(
        n_cells=360,
        n_genes=2500,
        n_replicates=2,
        days=(7,),
        holiday_day=None,
        seed=seed,
    )
    adata.write_h5ad(folder / f"{name}.h5ad")
    print(folder / f"{name}.h5ad")
