"""Gene signatures of persister mechanisms, with the source of every list."""

from dtpscore.signatures._directions import AxisDirection, direction
from dtpscore.signatures._gmt import read_gmt, to_net, write_gmt
from dtpscore.signatures._library import available, axes, load, root, select
from dtpscore.signatures._model import (
    USER_AXIS,
    Axis,
    Genes,
    Provenance,
    Signature,
    json_schema,
)
from dtpscore.signatures._net import from_net
from dtpscore.signatures._own import from_dict
from dtpscore.signatures._read import read
from dtpscore.signatures._resolve import resolve
from dtpscore.signatures._tables import not_scorable, vulnerabilities

__all__ = [
    "USER_AXIS",
    "Axis",
    "AxisDirection",
    "Genes",
    "Provenance",
    "Signature",
    "available",
    "axes",
    "direction",
    "from_dict",
    "from_net",
    "json_schema",
    "load",
    "not_scorable",
    "read",
    "read_gmt",
    "resolve",
    "root",
    "select",
    "to_net",
    "vulnerabilities",
    "write_gmt",
]
