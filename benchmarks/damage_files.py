"""Small files of cells, and damage to them in one place at random."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    import random
    from pathlib import Path


def make(kind: str, folder: Path) -> Path:
    """Write a small file of cells with everything that such files hold."""
    import dtpscore as dtp

    adata = dtp.datasets.simulate(n_cells=48, n_genes=900, seed=2)
    rng = np.random.default_rng(0)
    adata.layers["other"] = adata.X.copy()
    adata.obsm["X_pca"] = rng.normal(size=(adata.n_obs, 5)).astype(np.float32)
    adata.obsp["near"] = sp.random_array(
        (adata.n_obs, adata.n_obs), density=0.1, format="csr", rng=rng
    )
    adata.uns["colors"] = np.array(["red", "blue"])
    adata.uns["nested"] = {"number": 3, "text": "some"}
    form = "dense" if kind == "h5ad-dense" else "csc" if kind == "h5ad-csc" else "csr"
    adata.X = adata.X.toarray() if form == "dense" else adata.X.asformat(form)
    path = folder / f"whole.{'zarr' if kind.startswith('zarr') else 'h5ad'}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind.startswith("zarr"):
            ad.settings.zarr_write_format = int(kind[-1])
            adata.write_zarr(path)
        else:
            compression = "gzip" if kind == "h5ad-gzip" else None
            adata.write_h5ad(path, compression=compression)
    return path


def spoil_bytes(content: bytearray, rng: random.Random) -> bytearray:
    """Damage bytes in one place."""
    if not content:
        return bytearray(b"\x01")
    at = rng.randrange(len(content))
    size = min(rng.choice((1, 8, 64, 512, 4096)), len(content) - at)
    what = rng.choice(("bit", "bit", "zeros", "random", "other", "end"))
    if what == "bit":
        content[at] ^= 1 << rng.randrange(8)
    elif what == "zeros":
        content[at : at + size] = bytes(size)
    elif what == "random":
        content[at : at + size] = rng.randbytes(size)
    elif what == "other":
        start = rng.randrange(len(content) - size + 1)
        content[at : at + size] = content[start : start + size]
    else:
        del content[at:]
    return content


def spoil_file(path: Path, rng: random.Random) -> None:
    """Damage the bytes of an h5ad file, or of one file of a zarr folder."""
    chosen = path
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        chosen = rng.choice(files)
        if rng.random() < 0.2:
            chosen.unlink()
            return
    chosen.write_bytes(spoil_bytes(bytearray(chosen.read_bytes()), rng))


def _one_number(values: np.ndarray, rng: random.Random) -> np.ndarray:
    changed = values.copy()
    flat = changed.reshape(-1)
    at = rng.randrange(flat.size)
    what = rng.choice(("zero", "swap", "far", "negative", "next", "block", "shift"))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if what == "zero":
            flat[at] = 0
        elif what == "swap":
            other = rng.randrange(flat.size)
            flat[at], flat[other] = flat[other], flat[at]
        elif what == "far":
            flat[at] = rng.choice((10**6, 2**31 - 1, 100))
        elif what == "negative":
            flat[at] = -1
        elif what == "next":
            flat[at] += 1
        elif what == "block":
            flat[at : at + rng.choice((2, 10, 100))] = 0
        else:
            flat += np.ones((), flat.dtype)
    return changed


def _length(values: np.ndarray, rng: random.Random) -> np.ndarray:
    n = rng.choice((1, 5, 40))
    what = rng.choice(("short", "long", "late", "early"))
    if what == "short":
        return values[:-n]
    if what == "long":
        return np.concatenate([values, values[-n:]])
    if what == "late":
        return values[n:]
    return np.concatenate([values[:n], values])


def spoil_entry(path: Path, rng: random.Random) -> None:
    """Damage one array, or take it away."""
    if path.is_dir():
        import zarr

        root = zarr.open_group(str(path), mode="r+", use_consolidated=False)
        _spoil_array(root, path, rng)
    else:
        with h5py.File(path, "r+") as file:
            _spoil_array(file, path, rng)


def _spoil_array(root: Any, path: Path, rng: random.Random) -> None:
    matrix = (
        ["X"] if hasattr(root["X"], "shape") else ["X/data", "X/indices", "X/indptr"]
    )
    near = [f"layers/other/{name}" for name in ("data", "indices", "indptr")]
    others = ["obs/condition/codes", "obsm/X_pca", "obsp/near/indptr", "uns/colors"]
    place = rng.choice([*matrix, *matrix, *near, *others])
    if rng.random() < 0.1:
        del root[place]
        return
    if rng.random() < 0.1 and "shape" in root["X"].attrs:
        shape = [int(n) for n in root["X"].attrs["shape"]]
        shape[rng.randrange(2)] += rng.choice((-1, 1, 10**6))
        root["X"].attrs["shape"] = shape
        return
    stored = root[place]
    attributes, values = dict(stored.attrs), stored[...]
    numeric = values.dtype.kind in "iuf"
    change = _one_number if numeric and rng.random() < 0.7 else _length
    changed = change(values, rng)
    del root[place]
    if path.is_dir():
        group, _, name = place.rpartition("/")
        parent = root[group] if group else root
        made = parent.create_array(name, data=changed)
    else:
        made = root.create_dataset(place, data=changed)
    made.attrs.update(attributes)
