"""The loaders of GEO series, on small files of the documented form."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from local_server import serve

import dtpscore as dtp
from dtpscore.datasets import _download, _registry
from dtpscore.errors import DataError

BASES = np.array(list("ACGT"))
DROPSEQ = ["gse134838", "gse134839", "gse134841"]


def barcodes(n, rng, *, size=12):
    return ["".join(rng.choice(BASES, size)) for _ in range(n)]


def dge(genes, cells, counts):
    """Drop-seq's text form: GENE and barcodes, then one line per gene."""
    lines = ["\t".join(["GENE", *cells])]
    lines += [
        "\t".join([gene, *map(str, row)])
        for gene, row in zip(genes, counts, strict=True)
    ]
    return gzip.compress(("\n".join(lines) + "\n").encode())


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    monkeypatch.setattr(_download, "cache", lambda: tmp_path / "cache")
    monkeypatch.setenv(_download.MIRROR, str(tmp_path))
    return tmp_path


def write_dropseq(name, folder, *, n_cells=6, n_genes=300):
    """Stand-ins for the files of a series; every library has a gene of its own."""
    truth = {}
    for number, file in enumerate(_registry.registry()[name].files):
        rng = np.random.default_rng(number)
        genes = [f"G{i}" for i in range(n_genes)] + [f"ONLY{number}"]
        counts = rng.poisson(3, (len(genes), n_cells))
        counts[:, 0] = 0
        counts[:50, 0] = 1  # an empty droplet: 50 genes
        cells = barcodes(n_cells, rng)
        (folder / file.name).write_bytes(dge(genes, cells, counts))
        truth[file.obs["sample"]] = (genes, cells, counts)
    return truth


@pytest.mark.parametrize("name", DROPSEQ)
def test_dropseq_tables_become_one_annotated_matrix(name, mirror):
    truth = write_dropseq(name, mirror)
    adata = dtp.datasets.load(name)
    assert adata.n_obs == 5 * len(truth)
    assert adata.n_vars == 300 + len(truth)
    assert adata.uns["dtpscore_dataset"]["checked"] is False
    for sample, (genes, cells, counts) in truth.items():
        rows = [f"{sample}_{cell}" for cell in cells[1:]]
        part = adata[rows, genes]
        np.testing.assert_array_equal(part.X.toarray(), counts[:, 1:].T)
        assert set(part.obs["sample"]) == {sample}
        elsewhere = [g for g in adata.var_names if g.startswith("ONLY")]
        others = [gene for gene in elsewhere if gene not in genes]
        assert adata[rows, others].X.nnz == 0


def test_days_and_conditions_of_the_time_course(mirror):
    write_dropseq("gse134839", mirror)
    obs = dtp.datasets.load("gse134839").obs
    assert list(obs["day"].cat.categories) == [0, 1, 2, 4, 9, 11]
    first = obs["day"].astype(int) == 0
    assert set(obs.loc[first, "condition"]) == {"parental"}
    assert set(obs.loc[~first, "condition"]) == {"treated"}
    assert set(obs.loc[~first, "drug"]) == {"erlotinib"}


def test_the_drug_holiday_is_told_from_the_arm_back_on_drug(mirror):
    write_dropseq("gse134841", mirror)
    obs = dtp.datasets.load("gse134841").obs
    late = obs[obs["day"].astype(int) == 19]
    pairs = set(zip(late["condition"], late["drug"], strict=True))
    assert pairs == {("holiday", "none"), ("rechallenge", "erlotinib")}


def test_a_damaged_table_is_told(mirror):
    write_dropseq("gse134838", mirror)
    path = mirror / _registry.registry()["gse134838"].files[0].name
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"damaged or cut short .* Delete it"):
        dtp.datasets.load("gse134838")


SAMPLE_TYPES = ["0", "3", "3", "7", "14_high", "14_low"]
SAMPLES = ["0", "3_rep1", "3_rep2", "7_rep1", "14_rep1_high", "14_rep2_low"]


def write_watermelon(folder, *, order=None, rename=None):
    """Stand-ins for the count table and the table of cells of GSE150949."""
    rng = np.random.default_rng(1)
    counts_file = _registry.registry()["gse150949"].files[0]
    cells = [f"{code}-1_{i}" for i, code in enumerate(barcodes(6, rng, size=16))]
    genes = ["MKI67", "TOP2A", "AXL", "HLA-A"]
    counts = rng.poisson(2, (4, 6))
    text = "," + ",".join(f'"{cell}"' for cell in cells) + "\n"
    for gene, row in zip(genes, counts, strict=True):
        text += f'"{gene}",' + ",".join(map(str, row)) + "\n"
    (folder / counts_file.name).write_bytes(gzip.compress(text.encode()))
    columns = ["nUMI", "sample_name", "time_point", "sample_type", "lineage_barcode"]
    if rename:
        columns = [rename.get(column, column) for column in columns]
    # As R's write.table writes it: the header has no name for the row names.
    lines = ["\t".join(columns)]
    for i in order or range(6):
        kind = SAMPLE_TYPES[i]
        lineage = "NA" if i == 0 else f"L{i}"
        day = kind.split("_")[0]
        lines.append(
            f"{cells[i]}\t{counts[:, i].sum()}\t{SAMPLES[i]}\t{day}\t{kind}\t{lineage}"
        )
    table = ("\n".join(lines) + "\n").encode()
    (folder / counts_file.cells.name).write_bytes(gzip.compress(table))
    return cells, genes, counts


def test_counts_and_cells_of_the_lineage_experiment_are_joined_by_name(mirror):
    cells, genes, counts = write_watermelon(mirror, order=[5, 3, 1, 0, 2, 4])
    adata = dtp.datasets.load("gse150949")
    np.testing.assert_array_equal(adata[cells, genes].X.toarray(), counts.T)
    obs = adata.obs.loc[cells]
    assert obs["sample_type"].tolist() == SAMPLE_TYPES
    assert obs["sample"].tolist() == SAMPLES
    assert obs["day"].tolist() == [0, 3, 3, 7, 14, 14]
    assert obs["condition"].tolist() == ["parental", *["treated"] * 5]
    assert list(obs["sample_type"].cat.categories) == [
        "0",
        "3",
        "7",
        "14_low",
        "14_high",
    ]
    assert obs["lineage"].isna().tolist() == [True, *[False] * 5]


def test_a_table_of_cells_without_a_column_names_those_it_has(mirror):
    write_watermelon(mirror, rename={"time_point": "day"})
    with pytest.raises(DataError, match=r"no column 'time_point'.*found: nUMI, sample"):
        dtp.datasets.load("gse150949")


def test_cells_missing_from_the_table_are_told(mirror):
    write_watermelon(mirror, order=[0, 1, 2])
    with pytest.raises(DataError, match=r"3 of 6 cells .* are not in"):
        dtp.datasets.load("gse150949")


@pytest.fixture
def served_geo(tmp_path, monkeypatch):
    """GSE134838 from a local server; the paths that were asked for."""
    folder = tmp_path / "server"
    folder.mkdir()
    write_dropseq("gse134838", folder)
    entry = _registry.registry()["gse134838"]
    with serve(folder) as (url, asked):
        local = [
            file.model_copy(update={"url": f"{url}/{file.name}"})
            for file in entry.files
        ]
        moved = entry.model_copy(update={"files": tuple(local)})
        monkeypatch.setattr(_registry, "registry", lambda: {"gse134838": moved})
        monkeypatch.setattr(_download, "cache", lambda: tmp_path / "cache")
        monkeypatch.delenv(_download.MIRROR, raising=False)
        yield asked


def test_geo_files_come_over_http_and_are_read(served_geo):
    name = "gse134838"
    adata = dtp.datasets.load(name, progress=False)
    assert adata.n_obs == 10
    assert served_geo == [f"/{file.name}" for file in _registry.registry()[name].files]
