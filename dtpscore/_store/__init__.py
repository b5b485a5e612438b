"""Files of cells: open a matrix on disk, add results to a copy of the file."""

from dtpscore._store._cells import open_cells
from dtpscore._store._ending import cleaning_up
from dtpscore._store._foreign import as_cells, read
from dtpscore._store._identity import identity
from dtpscore._store._open import Stored, open_matrix, open_root
from dtpscore._store._place import beside, check_file, check_output, make_folder
from dtpscore._store._probe import Access, probe
from dtpscore._store._tables import check_tables, write_tables
from dtpscore._store._temporary import scratch
from dtpscore._store._write import Writing, write_with, writing

__all__ = [
    "Access",
    "Stored",
    "Writing",
    "as_cells",
    "beside",
    "check_file",
    "check_output",
    "check_tables",
    "cleaning_up",
    "identity",
    "make_folder",
    "open_cells",
    "open_matrix",
    "open_root",
    "probe",
    "read",
    "scratch",
    "write_tables",
    "write_with",
    "writing",
]
