"""Read files that hold cells in another form than anndata's: 10x, h5mu, text, gzip."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import warnings
import zlib
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import h5py

from dtpscore._results.elements import RNA_NAMES, available
from dtpscore._store._frames import column_names
from dtpscore._store._kinds import EXPECTED, check_name, is_zarr
from dtpscore._store._open import open_root, read_table, reading
from dtpscore._store._outside import links_outside, refuse_outside
from dtpscore._store._probe import Access, probe
from dtpscore._store._temporary import scratch
from dtpscore.errors import DamagedError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    from anndata import AnnData

    Read = Callable[[Path], AnnData]

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".tab": "\t"}
# Columns of text that a table may have beside its counts, such as the Ensembl id.
_ANNOTATIONS = 3
_PACKED = (".gz", "")
# Bytes that are unpacked at once, and that stay free on the disk.
_BLOCK = 2**24


@contextmanager
def as_cells(path: Path, *, access: Access | None = None) -> Iterator[Path]:
    """Give a file of any kind that can be read as one of the form of anndata.

    Parameters
    ----------
    path
        An h5ad file or zarr folder, which is given back as it is; or an h5 file or a
        folder of Cell Ranger, an h5mu file, a table of counts as text, each of the
        files also compressed with gzip.
    access
        What may be read.

    Yields
    ------
    The path of an h5ad file. One that had to be made is removed at the end.
    """
    check_name(path)
    packed = _is_packed_h5ad(path)
    found = None if packed else _reader(path, access or Access())
    if found is None and not packed:
        yield path
        return
    with scratch(Path(gettempdir())) as folder:
        made = folder / f"{_stem(path)}.h5ad"
        if found is None:
            _unpack(path, made)
        else:
            adata = _read(path, found)
            with _room_for(made), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                adata.write_h5ad(made)
        yield made


def read(path: str | Path) -> AnnData:
    """Read a file of cells into memory, whoever made it.

    Parameters
    ----------
    path
        An h5ad file, a zarr folder, an h5 file of Cell Ranger (of any version), its
        folder with ``matrix.mtx``, an h5mu file, or a table of counts as text (.csv,
        .tsv or .txt; genes in rows or in columns). Files may be compressed with gzip.

    Returns
    -------
    The cells. Features that are no genes, such as antibodies, stay in and are named in
    ``var["feature_types"]``; all functions leave them out. Of an h5mu file the RNA is
    read, with the columns that all modalities share.

    Raises
    ------
    DataError
        There is no such file, or it is of a kind that cannot be read.
    DamagedError
        The file is damaged.

    See Also
    --------
    dtpscore.check : What is in the cells, and what they can answer.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import dtpscore as dtp
    >>> table = dtp.datasets.simulate(n_cells=60, n_genes=300, seed=0).to_df().T
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "counts.csv.gz"
    ...     table.to_csv(path)
    ...     dtp.read(path).shape
    (60, 300)
    """
    from dtpscore._store._cells import open_cells

    path = Path(path).expanduser()
    check_name(path)
    if (found := _reader(path, Access())) is not None:
        return _read(path, found)
    with as_cells(path) as cells, open_cells(cells, backed=False) as adata:
        return adata


def _read(path: Path, found: Read) -> AnnData:
    with reading(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that names of genes repeat; mended below
        adata = found(path)
        adata.var_names_make_unique()
        adata.obs_names_make_unique()
    return adata


def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    return name if path.is_dir() else Path(name).stem


def _reader(path: Path, access: Access) -> Read | None:
    """Find what reads a file; None where anndata does, or nothing can."""
    if path.is_dir():
        is_10x = any(path.glob("*matrix.mtx*")) and not is_zarr(path)
        if is_10x and not access.external:
            refuse_outside(path, links_outside(path))
        return _folder_of_10x if is_10x else None
    if not path.is_file():
        return None
    suffixes = [one.lower() for one in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    kind = (suffixes[:-1] if packed else suffixes)[-1:]
    if kind and kind[0] in _SEPARATORS:
        return _text
    if packed:
        return None
    read = _HDF5.get("".join(kind))
    return None if read is None or _is_of_anndata(path, access) else read


def _is_of_anndata(path: Path, access: Access) -> bool:
    """Whether a file has the form of anndata, or cannot be opened as HDF5."""
    if not h5py.is_hdf5(path):
        return True
    # Opens it in a process of its own first.
    probe(path, access)
    with h5py.File(path) as file:
        return "obs" in file and "mod" not in file


def _is_packed_h5ad(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(".h5ad.gz")


def _unpack(path: Path, made: Path) -> None:
    """Unpack an h5ad file, so that it can be opened by pieces."""
    try:
        with _room_for(made), gzip.open(path) as packed, made.open("wb") as file:
            # A file of a few MB can unpack to more than any disk holds.
            while block := packed.read(_BLOCK):
                if shutil.disk_usage(made.parent).free < _BLOCK + len(block):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                file.write(block)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        msg = f"{path} is damaged: {str(error).rstrip('.')}. Get the file again."
        raise DamagedError(msg) from error
    if not h5py.is_hdf5(made):
        msg = f"{path} is compressed, and what it holds is no HDF5 file. {EXPECTED}"
        raise DataError(msg)


@contextmanager
def _room_for(made: Path) -> Iterator[None]:
    """Say which folder of temporary files cannot take a file that is being made."""
    try:
        yield
    except gzip.BadGzipFile:
        raise
    except OSError as error:
        msg = (
            f"The cells cannot be unpacked into {made.parent.parent}: "
            f"{error.strerror or error}. Make room there, or set the environment "
            "variable TMPDIR to another folder."
        )
        raise DataError(msg) from error


def _h5_of_10x(path: Path) -> AnnData:
    import anndata as ad
    import scanpy as sc

    with h5py.File(path) as file:
        found = [
            name
            for name, one in file.items()
            if isinstance(one, h5py.Group) and {"barcodes", "indptr"} <= set(one)
        ]
    if not found:
        msg = f"{path} holds no cells in the form of Cell Ranger. {EXPECTED}"
        raise DataError(msg)
    # Before version 3 of Cell Ranger, each genome has a group; with two of them, a
    # cell has a row in both.
    genomes = [] if "matrix" in found else sorted(found)
    if len(genomes) < 2:
        return sc.read_10x_h5(path, gex_only=False)
    parts = [sc.read_10x_h5(path, genome=name) for name in genomes]
    for part, name in zip(parts, genomes, strict=True):
        part.var["genome"] = name
    return ad.concat(parts, axis="var", join="outer", merge="first")


def _folder_of_10x(path: Path) -> AnnData:
    """Read a folder of any version of Cell Ranger, packed or not.

    scanpy reads the packed files of versions from 3 on, and those before 3 unpacked.
    """
    import anndata as ad
    import numpy as np
    import pandas as pd
    from scipy.io import mmread

    matrices = sorted(one.name for one in path.glob("*matrix.mtx*"))
    if len(matrices) > 1:
        msg = (
            f"{path} holds {len(matrices)} matrices ({available(matrices)}). Put each "
            "with its genes and barcodes into a folder of its own."
        )
        raise DataError(msg)
    prefix = matrices[0].removesuffix(".gz").removesuffix("matrix.mtx")

    def table(*names: str) -> pd.DataFrame:
        places = [path / f"{prefix}{one}.tsv{gz}" for one in names for gz in _PACKED]
        for place in places:
            if place.is_file():
                return pd.read_csv(place, sep="\t", header=None, dtype=str)
        msg = f"{path} lacks {places[0].name}, without which the matrix has no names."
        raise DataError(msg)

    genes, barcodes = table("features", "genes"), table("barcodes")
    columns = dict(zip(("gene_ids", "name", "feature_types"), genes, strict=False))
    var = pd.DataFrame({name: genes[at].to_numpy() for name, at in columns.items()})
    names = var.pop("name") if "name" in var else var["gene_ids"]
    values = mmread(path / matrices[0]).T.tocsr().astype(np.float32)
    if values.shape != (len(barcodes), len(genes)):
        msg = (
            f"{path} is damaged: the matrix has {values.shape[1]:,} genes and "
            f"{values.shape[0]:,} cells, but the tables name {len(genes):,} and "
            f"{len(barcodes):,}. Get the folder again."
        )
        raise DamagedError(msg)
    return ad.AnnData(
        values,
        obs=pd.DataFrame(index=list(barcodes[0])),
        var=var.set_axis(list(names)),
    )


def _modality(path: Path) -> AnnData:
    """RNA of an h5mu file, with the columns of obs that all modalities share."""
    from anndata.io import read_elem

    with open_root(path) as root:
        names = list(root["mod"])
        rna = [name for name in names if name.lower() in RNA_NAMES]
        if len(rna) != 1 and len(names) != 1:
            msg = (
                f"{path} holds the modalities {available(names)}, and none of them is "
                "called rna. Read it with mudata and write that of the RNA with "
                "write_h5ad."
            )
            raise DataError(msg)
        adata: AnnData = read_elem(root[f"mod/{(rna or names)[0]}"])
        shared = root["obs"]
        columns = tuple(column_names(shared))
        table = read_table(shared, "obs", columns).reindex(adata.obs_names)
    for name in columns:
        if ":" not in name and name not in adata.obs:
            adata.obs[name] = table[name]
    return adata


def _text(path: Path) -> AnnData:
    """Table of counts; its genes are where more of the names are known genes."""
    import anndata as ad
    import numpy as np
    import pandas as pd
    import scipy.sparse as sp

    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    table = pd.read_csv(path, sep=_SEPARATORS[suffix], index_col=0)
    kept = table.select_dtypes("number")
    if (
        kept.shape[1] < max(table.shape[1] - _ANNOTATIONS, 1)
        or kept.isna().to_numpy().any()
    ):
        msg = (
            f"{path} is no table of counts: {_first_text(table)}. Expected names of "
            "genes and cells in the first row and column, and numbers elsewhere."
        )
        raise DataError(msg)
    if _share_of_genes(kept.index) >= _share_of_genes(kept.columns):
        kept = kept.T
    values = sp.csr_matrix(kept.to_numpy(np.float32))
    return ad.AnnData(
        values,
        obs=pd.DataFrame(index=kept.index.astype(str)),
        var=pd.DataFrame(index=kept.columns.astype(str)),
    )


def _share_of_genes(names: Sequence[str] | pd.Index) -> float:
    from dtpscore._genes import is_known

    some = [str(name) for name in names[:5000]]
    return sum(map(is_known, some)) / max(len(some), 1)


def _first_text(table: Any) -> str:
    words = table.select_dtypes(exclude="number")
    if words.shape[1] == 0:
        return "it has empty places"
    return f"its column {str(words.columns[0])!r} holds {str(words.iloc[0, 0])!r}"


_HDF5 = {".h5": _h5_of_10x, ".hdf5": _h5_of_10x, ".h5mu": _modality}
