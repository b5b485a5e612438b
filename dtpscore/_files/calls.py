"""Call a file of cells: write a copy with the calls added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dtpscore import _keys, _store
from dtpscore._calling.run import call_matrix
from dtpscore._files.outputs import Outputs
from dtpscore._results.calls import call_elements, score_frame
from dtpscore._results.elements import Source, available
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from dtpscore._calling.own_scores import ScoreFrame
    from dtpscore._calling.result import CallResult
    from dtpscore._options.call import CallOptions


@dataclass(frozen=True)
class CallJob:
    """What to do with a file.

    Attributes
    ----------
    options
        How to call.
    backed
        Leave the matrix on disk and read it piece by piece.
    overwrite
        Replace outputs that exist.
    access
        What may be read of the input, and what is left out of the output.
    """

    options: CallOptions
    backed: bool = True
    overwrite: bool = False
    access: _store.Access = field(default_factory=_store.Access)

    @property
    def source(self) -> Source:
        """Which matrix and which gene names."""
        given = self.options
        return Source(given.layer, given.use_raw, given.gene_symbols)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of ``obs`` to read."""
        keys = vars(self.options.keys)
        named = [keys["groupby"], *(keys[name] for name in keys if name[-4:] == "_key")]
        return tuple(dict.fromkeys(name for name in named if name))


def _scores(path: Path, key: str | None, access: _store.Access) -> ScoreFrame | None:
    from anndata.io import read_elem

    if key is None:
        return None
    with _store.open_root(path, access=access) as root:
        there = list(root["obsm"]) if "obsm" in root else []
        if key not in there:
            msg = (
                f"obsm has no score frame {key!r}. Entries there are: "
                f"{available(there)}. Run dtpscore score first, or leave --scores out."
            )
            raise DataError(msg)
        uns = read_elem(root["uns"]) if "uns" in root else {}
        return score_frame(key, read_elem(root["obsm"][key]), uns)


def call_file(
    path_in: Path, path_out: Path, job: CallJob, *, tables: Path | None = None
) -> CallResult:
    """Call a file of cells into a copy of it.

    Parameters
    ----------
    path_in
        An h5ad file or the folder of a zarr store. It is not changed.
    path_out
        The output: the input with the results added.
    job
        What to do.
    tables
        Folder for the results as CSV files as well.

    Returns
    -------
    The calls.

    Raises
    ------
    DataError
        The input cannot be used or the output cannot be written.
    SignatureError
        The index does not exist or was made from an excluded study.
    """
    with _store.open_matrix(
        path_in,
        job.source,
        backed=job.backed,
        obs=job.columns,
        access=job.access,
    ) as stored:
        outputs = Outputs(
            path_in, path_out, tables, job.overwrite, job.access, stored.seen
        )
        keys = _keys.call_keys(job.options.key_added)
        outputs.check((f"{keys['call']}*", keys["contributions"]))
        result = call_matrix(
            stored.matrix,
            stored.gene_names,
            stored.obs,
            job.options,
            scores=_scores(path_in, job.options.scores, job.access),
        )
        names = stored.obs_names
    outputs.write(call_elements(result, job.options.key_added), names)
    return result
