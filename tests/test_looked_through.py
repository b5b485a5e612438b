"""Files are looked through before they are used: damage, other files, code."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import warnings

import anndata as ad
import h5py
import numpy as np
import pytest
import scipy.sparse as sp

from dtpscore import _store
from dtpscore._results.elements import Element
from dtpscore._store import Access, _parts, _probe, _write, open_matrix, write_with
from dtpscore._store._compare import check_copy, check_written
from dtpscore.errors import DamagedError, DataError

pytestmark = pytest.mark.slow

WORDS = ("--axis", "emt", "--quiet")
ARRAY = {"encoding-type": "array", "encoding-version": "0.2.0"}


@pytest.fixture
def store(cells, tmp_path):
    folder = tmp_path / "cells.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cells.write_zarr(folder)
    return folder


def spoil_codes(path):
    with h5py.File(path, "r+") as file:
        file["obs/condition/codes"][3] = 100


def test_a_damaged_part_is_named_and_left_out_only_if_asked(path, out, command):
    spoil_codes(path)
    code, _, err = command("score", path, "-o", out, *WORDS)
    assert code == 6
    assert "'obs/condition'" in err
    assert "--leave-out 'obs/condition'" in err
    assert not out.exists()
    words = (*WORDS, "--leave-out", "obs/condition")
    assert command("score", path, "-o", out, *words)[0] == 0
    obs = ad.read_h5ad(out).obs
    assert "condition" not in obs
    assert {"sample", "dtp_emt"} <= set(obs)


def test_a_damaged_part_of_a_zarr_folder_is_left_out(store, tmp_path, command):
    shutil.rmtree(store / "obs" / "condition" / "categories")
    out = tmp_path / "out.zarr"
    assert command("score", store, "-o", out, *WORDS)[0] == 6
    words = (*WORDS, "--leave-out", "obs/condition")
    assert command("score", store, "-o", out, *words)[0] == 0
    assert "condition" not in ad.read_zarr(out).obs


def test_what_cannot_be_left_out_is_said(path, out, command):
    for place, text in (
        ("uns/nothing", "no such part"),
        ("obs", "cannot be left out"),
        ("obs/cell", "cannot be left out"),
    ):
        code, _, err = command("score", path, "-o", out, *WORDS, "--leave-out", place)
        assert code == 3
        assert text in err
        assert not out.exists()


def spoil_layer(file):
    piece = file["layers/other/data"].id.get_chunk_info(0)
    return piece.byte_offset + piece.size // 2


@pytest.mark.parametrize("wanted", [True, False])
def test_a_layer_that_cannot_be_unpacked_is_found(cells, path, out, command, wanted):
    made = cells.copy()
    made.layers["other"] = made.X.copy()
    made.write_h5ad(path, compression="gzip")
    with h5py.File(path) as file:
        at = spoil_layer(file)
    content = bytearray(path.read_bytes())
    content[at : at + 64] = bytes(64)
    path.write_bytes(content)
    words = WORDS if wanted else (*WORDS, "--results-only")
    code, _, err = command("score", path, "-o", out, *words)
    assert code == (6 if wanted else 0)
    assert ("'layers/other'" in err) == wanted


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda f: f["obsm/X_pca"].resize((20, 2)), "has 20 entries, but obs has 75"),
        (lambda f: f["obsp/near"].attrs.update(shape=[75, 3]), "outside of its 3"),
        (lambda f: f["obsp/near/indptr"].resize((70,)), "76 pointers are expected"),
        (lambda f: f.move("obsm/X_pca", "varm"), "it is one array and no group"),
    ],
    ids=["rows", "shape", "pointers", "slot"],
)
def test_parts_that_do_not_fit_are_found(cells, path, change, text):
    made = cells.copy()
    made.obsm["X_pca"] = np.ones((75, 2))
    made.obsp["near"] = sp.eye(75, format="csr")
    made.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        for place in ("obsm/X_pca", "obsp/near/indptr"):
            values, attributes = file[place][()], dict(file[place].attrs)
            del file[place]
            shape = [None] * values.ndim
            file.create_dataset(place, data=values, maxshape=shape, chunks=True)
            file[place].attrs.update(attributes)
        if "varm" in file:
            del file["varm"]
        change(file)
    with pytest.raises(DamagedError, match=text), open_matrix(path):
        pass


def test_a_part_larger_than_memory_is_not_read(path, monkeypatch):
    monkeypatch.setattr(_parts, "_memory", lambda: 10)
    with pytest.raises(DamagedError, match="more than this machine has"):
        _probe.probe(path, Access(), parts=True)


def end_by_signal(*_):
    os.kill(os.getpid(), signal.SIGSEGV)


def never_end(*_):
    while True:
        pass


@pytest.mark.parametrize(
    ("what", "text"),
    [(end_by_signal, "ended with -11"), (never_end, "makes no progress")],
)
def test_a_library_that_ends_or_never_ends_is_one_error(path, monkeypatch, what, text):
    monkeypatch.setattr(_probe, "outside_hdf5", what)
    monkeypatch.setattr(_probe, "_PATIENCE", 0.2)
    started = time.monotonic()
    with pytest.raises(DamagedError, match=text):
        _probe.probe(path, Access())
    assert time.monotonic() - started < 60


def test_a_file_is_looked_through_once(path, monkeypatch):
    _probe.probe(path, Access(), parts=True)
    monkeypatch.setattr(_probe, "_in_child", lambda *_: pytest.fail("again"))
    _probe.probe(path, Access(), parts=True)
    _probe.probe(path, Access())
    path.touch()
    with pytest.raises(pytest.fail.Exception):
        _probe.probe(path, Access())


def lies_outside(kind, path, folder, values):
    """Let X of a file of cells lie in another file."""
    with h5py.File(folder / "source.h5", "w") as source:
        source["d"] = values
        source["d"].attrs.update(ARRAY)
    (folder / "raw.bin").write_bytes(values.tobytes())
    with h5py.File(path, "r+") as file:
        del file["X"]
        if kind == "link":
            file["X"] = h5py.ExternalLink("source.h5", "/d")
            return
        if kind == "virtual":
            layout = h5py.VirtualLayout(values.shape, values.dtype)
            layout[:] = h5py.VirtualSource("source.h5", "d", values.shape)
            made = file.create_virtual_dataset("X", layout)
        else:
            external = [("raw.bin", 0, values.nbytes)]
            made = file.create_dataset("X", values.shape, "f4", external=external)
        made.attrs.update(ARRAY)


@pytest.mark.parametrize("kind", ["link", "virtual", "storage"])
def test_other_files_are_read_only_if_allowed_and_come_into_the_copy(
    cells, path, tmp_path, monkeypatch, command, kind
):
    values = cells.X.toarray().astype("f4")
    lies_outside(kind, path, tmp_path, values)
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    out = other / "out.h5ad"
    code, _, err = command("score", path.name, "-o", out, *WORDS)
    assert code == 3
    assert "reads other files of this machine: 'X'" in err
    assert not out.exists()
    words = (*WORDS, "--allow-external")
    code, _, err = command("score", path.name, "-o", out, *words)
    assert code == 0, err
    (tmp_path / "source.h5").unlink()
    (tmp_path / "raw.bin").unlink()
    monkeypatch.chdir(other)
    np.testing.assert_array_equal(ad.read_h5ad(out).X, values)


def test_categories_in_another_file_are_refused_by_every_reader(path, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("password" * 100)
    with h5py.File(path, "r+") as file:
        group = file["obs/condition"]
        attributes, n = dict(group["categories"].attrs), len(group["categories"])
        del group["categories"]
        made = group.create_dataset(
            "categories", (n,), "S20", external=[(str(secret), 0, 20 * n)]
        )
        made.attrs.update(attributes)
    for reader in (_store.open_cells, _store.open_matrix, _store.open_root):
        with pytest.raises(DataError, match="secret"), reader(path):
            pass


def test_a_virtual_array_of_the_same_file_is_no_other_file(path):
    with h5py.File(path, "r+") as file:
        file["uns"].create_dataset("numbers", data=np.arange(4.0))
        layout = h5py.VirtualLayout((4,), "f8")
        layout[:] = h5py.VirtualSource(".", "uns/numbers", (4,))
        file["uns"].create_virtual_dataset("again", layout).attrs.update(ARRAY)
    assert _probe.probe(path, Access(), parts=True).outside == []


def test_groups_that_hold_each_other_end(path):
    with h5py.File(path, "r+") as file:
        file["uns/circle"] = file["uns"]
        file["uns/back"] = h5py.SoftLink("/uns")
    with pytest.raises(DamagedError, match="too many links"):
        _probe.probe(path, Access(), parts=True)


def test_links_out_of_a_zarr_folder_are_refused_or_followed(store, tmp_path, command):
    secret = tmp_path / "secret"
    chosen = next(p for p in (store / "X" / "data").rglob("*") if p.name == "0")
    chosen.replace(secret)
    chosen.symlink_to(secret)
    out = tmp_path / "out.zarr"
    code, _, err = command("score", store, "-o", out, *WORDS)
    assert code == 3
    assert "reads other files" in err
    code, _, err = command("score", store, "-o", out, *WORDS, "--allow-external")
    assert code == 0, err
    assert not any(p.is_symlink() for p in out.rglob("*"))


def test_a_pipe_in_a_zarr_folder_is_refused(store):
    os.mkfifo(store / "obs" / "pipe")
    with pytest.raises(DataError, match="is a pipe"):
        _probe.probe(store, Access())


@pytest.mark.parametrize(
    "array",
    [
        {"dtype": "|O", "filters": [{"id": "pickle"}]},
        {"dtype": "|O", "filters": None},
        {"node_type": "array", "codecs": [{"name": "numcodecs.pickle"}]},
    ],
)
def test_pickles_and_objects_in_a_zarr_folder_are_refused(store, array):
    folder = store / "uns" / "bad"
    folder.mkdir()
    name = "zarr.json" if "codecs" in array else ".zarray"
    (folder / name).write_text(json.dumps(array))
    with pytest.raises(DataError, match="Reading it could run a program"):
        _probe.probe(store, Access())


@pytest.mark.parametrize("when", ["before", "during"])
def test_an_input_that_is_replaced_gives_no_output(path, cells, out, monkeypatch, when):
    other = path.with_name("other.h5ad")
    cells.write_h5ad(other)
    with open_matrix(path) as stored:
        seen = stored.seen
    if when == "before":
        other.replace(path)
    else:
        monkeypatch.setattr(_write, "_reserve", lambda *_: other.replace(path))
    with pytest.raises(DamagedError, match="changed while it was being read"):
        write_with(path, out, [], seen=seen)
    assert not out.exists()


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_a_copy_that_differs_is_refused(path, store, tmp_path, ending):
    source = path if ending == "h5ad" else store
    copy = tmp_path / f"copy.{ending}"
    for change in ("value", "gone"):
        (shutil.copyfile if ending == "h5ad" else shutil.copytree)(source, copy)
        check_copy(source, copy, frozenset(), frozenset())
        root = _root(copy)
        if change == "gone":
            del root["obs/condition"]
        else:
            root["X/data"][5] = 77
        if ending == "h5ad":
            root.close()
        with pytest.raises(DataError, match=r"(obs/condition|X/data).* differs"):
            check_copy(source, copy, frozenset(), frozenset())
        check_copy(source, copy, frozenset({"X", "obs/condition"}), frozenset())
        shutil.rmtree(copy) if ending == "zarr" else copy.unlink()


def _root(path):
    if path.is_dir():
        import zarr

        return zarr.open_group(str(path), mode="r+", use_consolidated=False)
    return h5py.File(path, "r+")


def test_results_that_cannot_be_read_back_are_refused(path):
    elements = [Element("obs", "new", np.arange(75.0))]
    with h5py.File(path, "r+") as root:
        with pytest.raises(DataError, match="'obs/new' cannot be read back"):
            check_written(root, elements)
        _write._put(root, elements[0])
        check_written(root, elements)
        root["obs/new"][4] = 0
        with pytest.raises(DataError, match="'obs/new' was not written"):
            check_written(root, elements)
