"""Match the genes of signatures to the gene names of a data set."""

from dtpscore._genes._detect import check_species, is_known, likely_species
from dtpscore._genes._match import GeneMatch, match
from dtpscore._genes._names import Nomenclature, Resolved
from dtpscore._genes._table import nomenclature, orthologs

__all__ = [
    "GeneMatch",
    "Nomenclature",
    "Resolved",
    "check_species",
    "is_known",
    "likely_species",
    "match",
    "nomenclature",
    "orthologs",
]
