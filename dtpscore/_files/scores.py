"""Score a file of cells: read by pieces, write a copy with the scores added."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from glob import escape
from typing import TYPE_CHECKING, Any

from dtpscore import _keys, _store
from dtpscore._files.outputs import Outputs
from dtpscore._matrix.partitions import connected
from dtpscore._options.score import ScoreOptions
from dtpscore._results.elements import Source
from dtpscore._results.scores import check_key, elements, stale, table_names
from dtpscore._scoring.run import ScoreResult, score_matrix
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dtpscore.signatures import Signature

    # Given the number of cells, opens what is told how many are done.
    Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class ScoreJob:
    """What to do with every file of one run.

    Attributes
    ----------
    signatures
        What to score.
    options
        How to score.
    source
        Which matrix and which gene names.
    key_added
        Key of the results.
    backed
        Leave the matrix on disk and read it piece by piece.
    overwrite
        Replace outputs that exist.
    access
        What may be read of the input, and what is left out of the output.
    scheduler
        Address of a dask scheduler whose workers read and score the matrix, each
        some rows at a time; they must see the input under the same path. None
        scores here.
    """

    signatures: Sequence[Signature]
    options: ScoreOptions = field(default_factory=ScoreOptions)
    source: Source = field(default_factory=Source)
    key_added: str = _keys.SCORES
    backed: bool = True
    overwrite: bool = False
    access: _store.Access = field(default_factory=_store.Access)
    scheduler: str | None = None

    def __post_init__(self) -> None:
        check_key(self.key_added)

    @classmethod
    def of(
        cls, chosen: ScoreOptions, signatures: Sequence[Signature], **files: Any
    ) -> ScoreJob:
        """Make a job from the options of the step.

        Parameters
        ----------
        chosen
            The options.
        signatures
            What to score.
        files
            The attributes that say how files are read and written.
        """
        return cls(
            signatures=signatures,
            options=chosen,
            source=Source(chosen.layer, chosen.use_raw, chosen.gene_symbols),
            key_added=chosen.key_added,
            **files,
        )


def score_file(
    path_in: Path,
    path_out: Path,
    job: ScoreJob,
    *,
    tables: Path | None = None,
    progress: Progress | None = None,
) -> ScoreResult:
    """Score a file of cells into a copy of it.

    Parameters
    ----------
    path_in
        An h5ad file or the folder of a zarr store. It is not changed.
    path_out
        The output: the input with the results added.
    job
        What to score and how.
    tables
        Folder for the results as CSV files as well.
    progress
        Opens a display for a number of cells, which is told how many are done.

    Returns
    -------
    The scores.

    Raises
    ------
    DataError
        The input cannot be used or the output cannot be written.
    """
    with _store.open_matrix(
        path_in,
        job.source,
        backed=job.backed,
        lazy=job.scheduler is not None,
        uns=(job.key_added,),
        access=job.access,
    ) as stored:
        outputs = Outputs(
            path_in, path_out, tables, job.overwrite, job.access, stored.seen
        )
        outputs.check(map(escape, table_names(job.key_added)))
        with _scratch(job, path_out) as scratch:
            # Copying takes as long as scoring, and they hardly wait for each other.
            with outputs.writing() as output:
                result = _scored(
                    path_in, stored, job, progress=progress, scratch=scratch
                )
                # Names of very many cells stay in the file unless something needs them.
                needed = scratch is None or tables is not None
                names = stored.obs_names if needed else None
                fresh = elements(result, job.key_added, names, source=job.source)
                old = stale(stored.uns.get(job.key_added), fresh, job.key_added)
                output.put([*old, *fresh])
            outputs.write_tables(fresh, names)
    return result


@contextmanager
def _scratch(job: ScoreJob, path_out: Path) -> Iterator[Path | None]:
    """Make a folder beside the output for the results of data that stay on disk.

    Scores of many cells may be larger than memory as well, so they are written to files
    as they come.
    """
    if not job.backed and job.scheduler is None:
        yield None
        return
    with _store.scratch(path_out.resolve().parent) as folder:
        yield folder


def _scored(
    path: Path,
    stored: _store.Stored,
    job: ScoreJob,
    *,
    progress: Progress | None,
    scratch: Path | None,
) -> ScoreResult:
    using = nullcontext() if job.scheduler is None else connected(job.scheduler)
    showing = nullcontext() if progress is None else progress(stored.n_obs)
    try:
        with using, showing as done:
            return score_matrix(
                stored.matrix,
                stored.gene_names,
                job.signatures,
                job.options,
                progress=done,
                scratch=scratch,
            )
    except OSError as error:
        msg = (
            f"{path} could not be read to its end: {error}. The file is damaged, or "
            "its compression is not installed here. Get the file again."
        )
        raise DataError(msg) from error
