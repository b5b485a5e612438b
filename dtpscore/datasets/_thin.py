"""Cells with a known truth, drawn from the counts of bulk samples."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from dtpscore import __version__
from dtpscore._keys import DATASET
from dtpscore.datasets._draw import cell_weights, draw_counts
from dtpscore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

Mixture: TypeAlias = Mapping[str, Mapping[str, float]]

THINNED = "dtpscore_thinned"
TRUE_MIXTURE = "true_mixture"
_NOTE = (
    "Semi-synthetic: the cells are drawn from bulk profiles. Genes vary independently "
    "within a cell and all cells of a profile share one mean, so groups separate more "
    "easily than in a real experiment."
)


def _proportions(bulk: AnnData) -> NDArray[np.float64]:
    from scipy import sparse

    counts = bulk.X.toarray() if sparse.issparse(bulk.X) else np.asarray(bulk.X)
    counts = counts.astype(np.float64)
    if not np.isfinite(counts).all() or (counts < 0).any():
        msg = "thin() needs raw bulk counts: found negative or missing values in X."
        raise DataError(msg)
    total = counts.sum(axis=1, keepdims=True)
    if (total == 0).any():
        empty = bulk.obs_names[np.flatnonzero(total == 0)[0]]
        msg = f"The bulk sample {empty!r} has no counts, so no cell can be drawn."
        raise DataError(msg)
    return counts / total


def _share_rows(bulk: AnnData, mixture: Mixture) -> dict[str, NDArray[np.float64]]:
    """Share of every bulk row in each sample, as one array per sample."""
    result = {}
    for sample, parts in mixture.items():
        unknown = [row for row in parts if row not in bulk.obs_names]
        if unknown:
            msg = (
                f"The mixture of sample {sample!r} names rows that the bulk data do "
                f"not have: {', '.join(unknown)}. Available: "
                f"{', '.join(bulk.obs_names[:8])}{' ...' if bulk.n_obs > 8 else ''}."
            )
            raise DataError(msg)
        shares = np.zeros(bulk.n_obs)
        shares[bulk.obs_names.get_indexer(list(parts))] = list(parts.values())
        if (shares < 0).any() or not np.isclose(shares.sum(), 1):
            msg = (
                f"The shares of sample {sample!r} must be positive and add up to 1; "
                f"found {dict(parts)}."
            )
            raise DataError(msg)
        result[sample] = shares / shares.sum()
    return result


def _per_sample(
    value: float | Mapping[str, float], samples: list[str], name: str
) -> dict[str, float]:
    given = value if isinstance(value, Mapping) else dict.fromkeys(samples, value)
    missing = [sample for sample in samples if sample not in given]
    if missing:
        msg = f"{name} has no entry for these samples: {', '.join(missing)}."
        raise DataError(msg)
    if any(given[sample] < 1 for sample in samples):
        msg = f"{name} must be at least 1; found {value}."
        raise DataError(msg)
    return {sample: float(given[sample]) for sample in samples}


def _check_numbers(
    dispersion: float, depth_spread: float, concentration: float | None
) -> None:
    given = {"dispersion": dispersion, "depth_spread": depth_spread}
    for name, value in given.items():
        if not 0 <= value < np.inf:
            msg = f"{name} must be a number of 0 or more; found {value}."
            raise DataError(msg)
    if concentration is not None and not 0 < concentration < np.inf:
        msg = f"concentration must be a number above 0; found {concentration}."
        raise DataError(msg)


def _check_bulk(bulk: AnnData, state_key: str | None) -> None:
    if not bulk.obs_names.is_unique:
        msg = "The names of the bulk samples repeat; run bulk.obs_names_make_unique()."
        raise DataError(msg)
    if state_key is not None and state_key not in bulk.obs:
        msg = (
            f"The bulk data have no column {state_key!r} in obs. Available: "
            f"{', '.join(bulk.obs.columns)}. Pass state_key=None to go without."
        )
        raise DataError(msg)


def _agreed(bulk: AnnData, weights: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """Annotations in which the rows of every single sample agree."""
    used = [np.flatnonzero(part.any(axis=0)) for part in weights.values()]
    return [
        column
        for column in bulk.obs.columns
        if all(len(bulk.obs[column].iloc[rows].unique()) == 1 for rows in used)
    ]


def _obs(
    bulk: AnnData, weights: Mapping[str, NDArray[np.float64]], state_key: str | None
) -> pd.DataFrame:
    import pandas as pd

    samples = list(weights)
    sizes = [len(part) for part in weights.values()]
    names = [f"{name}-{i:05d}" for name in samples for i in range(len(weights[name]))]
    source = np.concatenate([part.argmax(axis=1) for part in weights.values()])
    from_bulk = bulk.obs.iloc[source].set_axis(pd.Index(names, name="cell"), axis=0)
    obs = from_bulk[_agreed(bulk, weights)].copy()
    obs["sample"] = pd.Categorical(np.repeat(samples, sizes), categories=samples)
    obs["source"] = pd.Categorical(
        bulk.obs_names.to_numpy()[source], categories=list(bulk.obs_names)
    )
    if state_key is not None:
        obs["true_state"] = from_bulk[state_key].astype("category")
    return obs


def _samples_frame(
    shares: Mapping[str, NDArray[np.float64]],
    rows: pd.Index,
    depths: Mapping[str, float],
    sizes: Mapping[str, float],
) -> pd.DataFrame:
    """List what was asked for, one line for each bulk row of each sample."""
    import pandas as pd

    lines = [
        (sample, rows[row], share[row], depths[sample], int(sizes[sample]))
        for sample, share in shares.items()
        for row in np.flatnonzero(share)
    ]
    frame = pd.DataFrame(lines, columns=["sample", "row", "share", "depth", "n_cells"])
    return frame.set_axis(frame.index.astype(str), axis=0)


def thin(
    bulk: AnnData,
    *,
    depth: float | Mapping[str, float],
    n_cells: int | Mapping[str, int],
    mixture: Mixture | None = None,
    concentration: float | None = None,
    dispersion: float = 0.3,
    depth_spread: float = 0.3,
    state_key: str | None = "condition",
    seed: int = 0,
) -> AnnData:
    """Draw cells of known origin from bulk counts.

    The result is semi-synthetic: real expression profiles, invented cells. Genes
    vary independently within a cell and every cell of a profile has the same mean,
    so groups separate more easily than in a real experiment. Call numbers that come
    from it semi-synthetic.

    A cell takes its profile from the bulk rows, multiplies it by gamma noise (mean
    1, variance ``dispersion``, independent between genes) and draws its molecules
    from the result (multinomial). The number of molecules is log-normal.

    Parameters
    ----------
    bulk
        Raw counts, bulk samples x genes.
    depth
        Median molecules of a cell; one number, or one for each sample.
    n_cells
        Cells of every sample; one number, or one for each sample.
    mixture
        Samples to make: name of the sample to shares of bulk rows, adding up to 1,
        such as ``{"query": {"A_8day_rep3": 0.1, "A_0day_rep3": 0.9}}``. By default
        every bulk row becomes a sample of its own.
    concentration
        None: every cell comes from one bulk row, and the numbers follow the shares
        to within one cell. A number: every cell is a blend of the rows, drawn from a
        Dirichlet distribution with the shares as its mean and this sum of
        parameters; 2 spreads cells evenly between two rows of equal share.
    dispersion
        Variance of the gamma noise of a gene between cells; 0 for none.
    depth_spread
        Standard deviation of the natural log of the molecules of a cell.
    state_key
        Column of ``bulk.obs`` that becomes the true state; None for no such column.
    seed
        Seed. A sample is the same whichever other samples are made with it.

    Returns
    -------
    Counts in ``X`` (cells x genes, CSR, int32). ``obs`` holds ``sample``, ``source``
    (bulk row, of a blend the one with the largest share), ``true_state`` (state of
    that row) and the annotations of ``bulk`` in which the rows of every sample
    agree. ``obsm["true_mixture"]`` holds the share of each bulk row in each cell,
    ``uns["dtpscore_thinned"]`` the parameters and the word semi-synthetic, and
    ``uns["dtpscore_dataset"]`` the source of ``bulk`` where it was loaded by name.

    Raises
    ------
    DataError
        If ``bulk`` does not hold counts, or if an argument is out of range or names
        a row, sample or column that is not there.

    See Also
    --------
    dtpscore.datasets.simulate : Cells without any data.
    dtpscore.datasets.load : Public bulk counts to thin.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from anndata import AnnData
    >>> import dtpscore as dtp
    >>> bulk = AnnData(
    ...     np.array([[90.0, 10.0], [10.0, 90.0]]),
    ...     obs=pd.DataFrame({"condition": ["parental", "DTP"]}, index=["p", "d"]),
    ... )
    >>> mixture = {"query": {"p": 0.75, "d": 0.25}}
    >>> cells = dtp.datasets.thin(bulk, depth=500, n_cells=8, mixture=mixture)
    >>> cells.obs["true_state"].value_counts().to_dict()
    {'parental': 6, 'DTP': 2}
    """
    import pandas as pd
    from anndata import AnnData
    from scipy import sparse

    _check_numbers(dispersion, depth_spread, concentration)
    _check_bulk(bulk, state_key)
    shares = _share_rows(bulk, mixture or {row: {row: 1} for row in bulk.obs_names})
    sizes = _per_sample(n_cells, list(shares), "n_cells")
    depths = _per_sample(depth, list(shares), "depth")
    profiles = _proportions(bulk)
    weights, counts = {}, []
    for name, share in shares.items():
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        part = cell_weights(share, int(sizes[name]), concentration, rng)
        spread = np.exp(depth_spread * rng.standard_normal(len(part)))
        molecules = np.maximum(1, np.rint(depths[name] * spread)).astype(np.int64)
        counts.append(
            draw_counts(part, profiles, molecules, dispersion=dispersion, rng=rng)
        )
        weights[name] = part
    obs = _obs(bulk, weights, state_key)
    truth = pd.DataFrame(
        np.concatenate(list(weights.values())), index=obs.index, columns=bulk.obs_names
    )
    adata = AnnData(sparse.vstack(counts, format="csr"), obs=obs, var=bulk.var.copy())
    adata.obsm[TRUE_MIXTURE] = truth.loc[:, truth.any()]
    adata.uns[THINNED] = {
        "semi_synthetic": True,
        "note": _NOTE,
        "samples": _samples_frame(shares, bulk.obs_names, depths, sizes),
        "concentration": np.nan if concentration is None else concentration,
        "dispersion": dispersion,
        "depth_spread": depth_spread,
        "seed": seed,
        "version": __version__,
    }
    if DATASET in bulk.uns:
        adata.uns[DATASET] = dict(bulk.uns[DATASET])
    return adata
