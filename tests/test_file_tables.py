"""Tables in files that R, Julia and SeuratDisk wrote, and compression by plugins."""

from __future__ import annotations

import anndata as ad
import h5py
import numpy as np
import pytest

import dtpscore as dtp

SIGNATURE = "hallmark_e2f_targets"
CALL = ("--groupby", "condition", "--reference", "parental", "--sample-key", "sample")


@pytest.fixture(scope="module")
def cells():
    made = dtp.datasets.simulate(n_cells=300, n_genes=3000, seed=0)
    made.raw = made
    return made


@pytest.fixture
def changed(cells, tmp_path):
    """A function that writes the cells, changes the file, and gives its path."""

    def make(change):
        path = tmp_path / "in.h5ad"
        cells.write_h5ad(path)
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return make


def fixed_lengths(file):
    """Attributes as Julia and hdf5r write them."""
    for table in ("obs", "var", "raw/var"):
        attributes = file[table].attrs
        for name in ("_index", "encoding-type", "encoding-version"):
            value = attributes[name]
            del attributes[name]
            attributes.create(name, np.bytes_(value))
        columns = np.bytes_([str(one) for one in attributes["column-order"]])
        del attributes["column-order"]
        attributes.create("column-order", columns)


def bare_raw(file):
    """Genes of raw as SeuratDisk writes an assay without features of its own."""
    table = file["raw/var"]
    for name in ("column-order", "encoding-type", "encoding-version"):
        del table.attrs[name]
    for name in set(table) - {table.attrs["_index"]}:
        del table[name]


def categories_apart(file):
    """Factors as SeuratDisk writes them: codes, with the names elsewhere."""
    obs = file["obs"]
    apart = obs.create_group("__categories")
    obs.attrs["encoding-version"] = "0.1.0"
    for name in ("condition", "sample"):
        codes, names = obs[name]["codes"][:], obs[name]["categories"][:]
        del obs[name]
        obs[name], apart[name] = codes.astype("i4"), names
    kept = {"condition", "sample", "__categories", obs.attrs["_index"]}
    for name in set(obs) - kept:
        del obs[name]
    obs.attrs.create("column-order", ["condition", "sample"], dtype=h5py.string_dtype())


@pytest.mark.slow
@pytest.mark.parametrize("change", [fixed_lengths, bare_raw])
def test_scores_are_those_of_the_whole_file(changed, cells, command, tmp_path, change):
    out = tmp_path / "out.h5ad"
    words = ["--signature", SIGNATURE, "--use-raw"]
    code, _, errors = command("score", changed(change), "-o", out, *words)
    assert code == 0, errors
    expected = cells.copy()
    dtp.tl.score(expected, SIGNATURE, use_raw=True)
    with h5py.File(out) as file:
        found = file[f"obsm/dtp_scores/{SIGNATURE}"][:]
    np.testing.assert_array_equal(found, expected.obsm["dtp_scores"][SIGNATURE])


@pytest.mark.slow
def test_names_of_categories_are_found_where_seuratdisk_puts_them(
    changed, cells, command, tmp_path
):
    path, out = changed(categories_apart), tmp_path / "out.h5ad"
    made = dtp.read(path)
    for name in ("condition", "sample"):
        assert list(made.obs[name]) == list(cells.obs[name])
    code, _, errors = command("call", path, "-o", out, *CALL)
    assert code == 0, errors
    expected = cells.copy()
    design = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
    dtp.tl.call(expected, **design)
    found = ad.read_h5ad(out).obs["dtp_call"].astype(str)
    assert list(found) == list(expected.obs["dtp_call"].astype(str))


@pytest.mark.slow
def test_missing_values_of_r_among_categories_are_named(changed, command, tmp_path):
    def missing(file):
        codes = file["obs/condition/codes"][:].astype("i4")
        attributes = dict(file["obs/condition/codes"].attrs)
        codes[::7] = -(2**31)
        del file["obs/condition/codes"]
        file["obs/condition/codes"] = codes
        file["obs/condition/codes"].attrs.update(attributes)

    code, _, errors = command("score", changed(missing), "-o", tmp_path / "out.h5ad")
    words = " ".join(errors.split())
    assert code == 3
    assert "damaged" not in words
    assert "'obs/condition'" in words
    assert "by which R means a missing value" in words


@pytest.mark.slow
def test_an_entry_of_an_unknown_kind_stops_nothing_that_does_not_need_it(
    changed, command, tmp_path
):
    def unknown(file):
        made = file["uns"].create_group("misc")
        made.attrs.update({"encoding-type": "weird", "encoding-version": "0.1.0"})

    path, out = changed(unknown), tmp_path / "out.h5ad"
    code, _, errors = command("call", path, "-o", out, *CALL)
    assert code == 0, errors
    assert "'uns/misc'" in " ".join(errors.split())
    with h5py.File(out) as file:
        assert file["uns/misc"].attrs["encoding-type"] == "weird"
        assert "dtp_call" in file["obs"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["weird", ""])
def test_a_layer_of_an_unknown_kind_is_said(changed, command, tmp_path, kind):
    """An output that anndata cannot read whole must not come without a word."""

    def unknown(file):
        made = file.require_group("layers").create_group("other")
        made.attrs.update({"encoding-type": kind, "encoding-version": "0.1.0"})

    path, out = changed(unknown), tmp_path / "out.h5ad"
    code, _, errors = command("score", path, "-o", out)
    words = " ".join(errors.split())
    assert code in {0, 3}
    assert "'layers/other'" in words
    assert ("does not know" in words) == (code == 0)


def test_a_filter_that_is_missing_is_named_with_its_package(changed, command, tmp_path):
    def compressed(file):
        values, attributes = file["X/data"][:], dict(file["X/data"].attrs)
        del file["X/data"]
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((1000,))
        # Optional, so that it can be asked for where it is not installed.
        made.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple(values.shape)
        kind = h5py.h5t.py_create(values.dtype)
        array = h5py.Dataset(h5py.h5d.create(file["X"].id, b"data", kind, space, made))
        array[:] = values
        array.attrs.update(attributes)

    path = changed(compressed)
    code, _, errors = command("score", path, "-o", tmp_path / "out.h5ad")
    words = " ".join(errors.split())
    assert code == 3
    assert "'filter 32999'" in words
    assert "pip install hdf5plugin" in words
    assert "damaged" not in words


@pytest.mark.slow
def test_one_layer_with_a_missing_filter_can_be_left_out(changed, command, tmp_path):
    def compressed(file):
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((10, 10))
        made.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, ())
        shape = tuple(int(n) for n in file["X"].attrs["shape"])
        space = h5py.h5s.create_simple(shape)
        place, kind = file["layers"].id, h5py.h5t.NATIVE_FLOAT
        array = h5py.Dataset(h5py.h5d.create(place, b"other", kind, space, made))
        array.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})

    path, out = changed(compressed), tmp_path / "out.h5ad"
    code, _, errors = command("score", path, "-o", out)
    assert code == 3
    assert "'layers/other'" in " ".join(errors.split())
    code, _, errors = command("score", path, "-o", out, "--leave-out", "layers/other")
    assert code == 0, errors
    with h5py.File(out) as file:
        assert "other" not in file["layers"]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["uns", "uns/nested", "obsm", "layers"])
def test_a_group_whose_kind_is_damaged_is_named(changed, command, tmp_path, place):
    def damaged(file):
        file["uns"].require_group("nested").attrs.update(file["uns"].attrs)
        del file[place].attrs["encoding-version"]

    out = tmp_path / "out.h5ad"
    code, _, errors = command("score", changed(damaged), "-o", out)
    assert code == 6
    assert f"part {place!r} cannot be read (its attributes call it 'dict' None)" in (
        " ".join(errors.split())
    )
    assert not out.exists()


@pytest.mark.parametrize("table", ["obs", "var"])
def test_names_of_an_unknown_kind_are_damage(changed, command, tmp_path, table):
    def damaged(file):
        names = file[table][file[table].attrs["_index"]]
        names.attrs["encoding-type"] = "string-&rray"

    code, _, errors = command("score", changed(damaged), "-o", tmp_path / "out.h5ad")
    assert code == 6
    assert "is damaged" in " ".join(errors.split())
