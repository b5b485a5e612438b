"""Find, load, select, read and write signatures."""

from __future__ import annotations

import re
import tomllib

import pandas as pd
import pytest
from pydantic import ValidationError

from dtpscore import signatures
from dtpscore.errors import InputWarning, SignatureError

UP = "up = ["
SEE = "'dtpscore signatures list' shows all there are."


@pytest.fixture
def example(tmp_path):
    """A user's copy of a shipped file, and a function that changes its text."""
    path = tmp_path / "mine.toml"
    source = (signatures.root() / "pemt_puram2017.toml").read_text(encoding="utf-8")
    path.write_text(source.replace('"pemt_puram2017"', '"mine"'), encoding="utf-8")

    def change(old, new):
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    return path, change


def refused(call, message):
    with pytest.raises(SignatureError, match=f"^{re.escape(message)}"):
        call()


class TestShipped:
    def test_available_is_a_table_in_the_order_of_the_axes(self):
        table = signatures.available()
        assert list(table.columns) == [
            "axis", "direction", "orientation", "use", "species", "n_up", "n_down",
            "confidence", "licence", "citation", "doi", "pmid", "title",
        ]  # fmt: skip
        assert table.index.name == "name"
        assert table.index.is_unique
        assert list(table["axis"].unique()) == list(signatures.axes())
        for _, group in table.groupby("axis"):
            assert list(group.index) == sorted(group.index)
        row, loaded = table.loc["nrf2_singh2008"], signatures.load("nrf2_singh2008")
        assert row["n_up"] == len(loaded.genes.up) == 14
        assert row["doi"] == loaded.provenance.doi

    def test_available_filters(self):
        table = signatures.available()
        pd.testing.assert_frame_equal(
            signatures.available(axis="emt", use="default", species="human"),
            table[(table["axis"] == "emt") & (table["use"] == "default")],
        )
        empty = signatures.available(species="mouse")
        assert len(empty) == 0
        assert list(empty.columns) == list(table.columns)

    def test_load_gives_what_the_file_says(self):
        path = signatures.root() / "dtp_consensus_no_cycle.toml"
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        loaded = signatures.load("dtp_consensus_no_cycle")
        assert list(loaded.genes.up) == content["genes"]["up"]
        assert list(loaded.genes.down) == content["genes"]["down"]
        assert loaded is signatures.load("dtp_consensus_no_cycle")

    def test_unknown_names_are_refused_with_the_nearest(self):
        refused(
            lambda: signatures.load("nrf2_sing2008"),
            "There is no signature 'nrf2_sing2008'. Did you mean nrf2_singh2008",
        )
        nothing = (
            "There is no signature 'zzzzzz'. Nothing has a similar name. Genes of your "
            "own come in a dictionary, such as {'mine': ['VIM', 'ZEB1']}, or in a GMT "
            f"or TOML file. {SEE}"
        )
        axis = f"There is no axis 'zzzzzz'. There are: {', '.join(signatures.axes())}."
        use = (
            "There is no use 'zzzzzz'. There are: default, optional, lineage_gated, "
            "nuisance, evaluation."
        )
        for call, message in (
            (lambda: signatures.load("zzzzzz"), nothing),
            (lambda: signatures.select(names=["pemt_puram2017", "zzzzzz"]), nothing),
            (lambda: signatures.select(axes=["zzzzzz"]), axis),
            (lambda: signatures.available(axis="zzzzzz"), axis),
            (lambda: signatures.vulnerabilities("zzzzzz"), axis),
            (lambda: signatures.select(use="zzzzzz"), use),
        ):
            refused(call, message)

    def test_signatures_cannot_be_changed(self):
        loaded = signatures.load("pemt_puram2017")
        with pytest.raises(ValidationError, match="frozen"):
            loaded.name = "other"

    def test_hash_follows_the_content_alone(self, example):
        path, change = example
        first = signatures.read(path)[0].sha256
        path.write_text(f"# a comment\n{path.read_text(encoding='utf-8')}")
        assert signatures.read(path)[0].sha256 == first
        change('use = "default"', 'use = "optional"')
        assert signatures.read(path)[0].sha256 != first

    def test_vulnerabilities_of_one_axis(self):
        table = signatures.vulnerabilities()
        found = signatures.vulnerabilities("ferroptosis")
        assert list(found.index) == list(range(len(found)))
        assert list(found["paper"]) == list(
            table.loc[table["axis"] == "ferroptosis", "paper"]
        )


class TestSelect:
    def names(self, **options):
        return [signature.name for signature in signatures.select(**options)]

    def test_by_default_what_is_scored_everywhere(self):
        table = signatures.available()
        wanted = table.index[table["use"].isin({"default", "nuisance"})]
        assert self.names() == list(wanted)

    def test_axes_bring_their_lineage_signatures(self):
        table = signatures.available()
        of_axis = table[table["axis"] == "melanoma_ncsc"]
        gated = list(of_axis.index[of_axis["use"] == "lineage_gated"])
        assert self.names(axes="melanoma_ncsc") == gated
        assert self.names(axes=["melanoma_ncsc"], use="optional") == list(
            of_axis.index[of_axis["use"] == "optional"]
        )

    def test_names_keep_their_order(self):
        wanted = ["tirosh2016_g2m_phase", "dtp_consensus", "emt_mak2016_76of77"]
        assert self.names(names=wanted) == wanted
        assert self.names(names="dtp_consensus") == ["dtp_consensus"]

    def test_own_files_are_added_and_can_be_named(self, example):
        path, _ = example
        assert self.names(directory=path) == [*self.names(), "mine"]
        assert self.names(directory=path, axes=["emt"])[-1] == "mine"
        assert "mine" not in self.names(directory=path, axes=["oxphos"])
        named = self.names(directory=path.parent, names=["mine", "pemt_puram2017"])
        assert named == ["mine", "pemt_puram2017"]

    def test_own_file_with_a_shipped_name(self, example, tmp_path):
        path, change = example
        change('name = "mine"', 'name = "pemt_puram2017"')
        change('use = "default"', 'use = "optional"')
        path.rename(tmp_path / "pemt_puram2017.toml")
        with pytest.warns(InputWarning, match="is called 'pemt_puram2017_2'"):
            found = signatures.select(directory=tmp_path)
        assert found[-1].name == "pemt_puram2017_2"
        (named,) = signatures.select(names="pemt_puram2017", directory=tmp_path)
        assert named.use == "optional"


class TestRead:
    def test_own_file_is_like_a_shipped_one(self, example):
        path, _ = example
        [mine] = signatures.read(path)
        shipped = signatures.load("pemt_puram2017")
        assert mine == shipped.model_copy(update={"name": "mine"})

    def test_folder_of_toml_and_gmt(self, example):
        path, _ = example
        (path.parent / "b.GMT").write_text("SET_A\tnote\tTP53\nSET_B\t\tMYC\n")
        (path.parent / "notes.txt").write_text("not read")
        found = [signature.name for signature in signatures.read(path.parent)]
        assert found == ["SET_A", "SET_B", "mine"]

    def test_what_is_not_there_or_not_a_signature_file(self, tmp_path):
        refused(
            lambda: signatures.read(tmp_path),
            f"The folder {tmp_path} holds no .toml or .gmt file.",
        )
        missing = tmp_path / "a.toml"
        refused(
            lambda: signatures.read(missing), f"There is no signature file {missing}."
        )
        other = tmp_path / "a.xlsx"
        other.write_text("gene\n")
        refused(
            lambda: signatures.read(other),
            f"{other} must be a folder or end in one of .toml, .gmt, .txt, .grp, .csv, "
            ".tsv (or in one of these and .gz).",
        )

    def test_two_files_of_one_name(self, example):
        path, _ = example
        (path.parent / "sets.gmt").write_text("mine\tnote\tTP53\n")
        with pytest.warns(InputWarning, match="set 'mine' is called 'mine_2'"):
            found = signatures.read(path.parent)
        assert [one.name for one in found] == ["mine", "mine_2"]

    def test_short_file(self, tmp_path):
        path = tmp_path / "short.toml"
        path.write_text('name = "short"\nup = ["VIM"]\ndown = ["CDH1"]\n')
        (short,) = signatures.read(path)
        assert (short.axis, short.genes.down) == (signatures.USER_AXIS, ("CDH1",))

    def test_list_of_genes(self, tmp_path):
        for name, text in (("a.txt", "VIM\nCDH1-\n"), ("a.grp", "#a\nVIM\nCDH1-\n\n")):
            path = tmp_path / name
            path.write_text(text)
            (one,) = signatures.read(path)
            assert (one.name, one.genes.up, one.genes.down) == (
                "a",
                ("VIM",),
                ("CDH1",),
            )
        (tmp_path / "b.txt").write_text("A\t\tVIM\n")
        assert signatures.read(tmp_path / "b.txt")[0].name == "A"

    @pytest.mark.parametrize("mark", [",", "\t"])
    def test_table(self, tmp_path, mark):
        net = signatures.to_net([signatures.load("dtp_consensus")])
        path = tmp_path / "net.tsv.gz"
        net.to_csv(path, sep=mark, index=False)
        (one,) = signatures.read(path)
        shipped = signatures.load("dtp_consensus")
        assert (one.name, one.genes.down) == (shipped.name, shipped.genes.down)
        path = tmp_path / "b.csv"
        path.write_text("gene\nVIM\n")
        refused(lambda: signatures.read(path), f"{path}: A net has one row per gene")

    def test_broken_toml_names_the_line(self, example):
        path, change = example
        change('title = "', "title = ")
        refused(lambda: signatures.read(path), f"{path} is not a valid TOML file: ")
        with pytest.raises(SignatureError, match=r"line 3"):
            signatures.read(path)

    def test_a_file_that_is_no_text(self, tmp_path):
        for ending, what in (("toml", "a valid TOML file"), ("gmt", "a text file")):
            path = tmp_path / f"a.{ending}"
            path.write_bytes(b"\xff\xfe\x00name")
            refused(lambda path=path: signatures.read(path), f"{path} is not {what}")

    def test_name_must_be_that_of_the_file(self, example):
        path, change = example
        change('name = "mine"', 'name = "yours"')
        refused(
            lambda: signatures.read(path),
            f"{path}: the name is 'yours' but the file is 'mine'.",
        )

    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ('axis = "emt"\n', "", "axis: Field required"),
            (
                'axis = "emt"',
                'a = 1\naxis = "emt"',
                "a: Extra inputs are not permitted",
            ),
            ('use = "default"', 'use = "always"', "use: Input should be 'default', "),
            ('doi = "10.', 'doi = "doi:10.', "provenance.doi: String should match"),
            (UP, 'down = ["A"]\nup = ["A",', "genes: in up and in down: A."),
            (UP, 'up = ["A", "A",', "genes: listed more than once in up: A."),
            (UP, 'up = [" A",', "genes.up.0: String should match pattern"),
            (
                UP,
                'up = ["1-Mar", "2-Sep",',
                "genes: a spreadsheet turned gene names into dates: 1-Mar, 2-Sep. "
                "Take the names from the source again",
            ),
            (
                "[genes]",
                "[genes.weights]\nA = 2\n[genes]",
                "genes: weights names genes that are not listed: A.",
            ),
        ],
    )
    def test_invalid_content_is_named(self, example, old, new, problem):
        path, change = example
        change(old, new)
        refused(
            lambda: signatures.read(path),
            f"{path} is not a valid signature: {problem}",
        )

    def test_a_signature_needs_a_gene(self, make_signature):
        with pytest.raises(ValidationError, match="at least one gene in up or down"):
            make_signature("empty")


def test_net_has_a_row_a_gene_and_signed_weights(make_signature):
    plain = make_signature("plain", ["TP53"], ["MYC", "CDH1"])
    weighted = make_signature("weighted", ["TP53", "KRAS"], weights={"KRAS": 0.5})
    net = signatures.to_net([plain, weighted])
    assert net.iloc[:, :3].to_dict("split")["data"] == [
        ["plain", "TP53", 1.0], ["plain", "MYC", -1.0], ["plain", "CDH1", -1.0],
        ["weighted", "TP53", 1.0], ["weighted", "KRAS", 0.5],
    ]  # fmt: skip
    columns = ["source", "target", "weight", "licence", "citation", "retrieved_from"]
    assert list(net.columns) == columns
    assert list(signatures.to_net([]).columns) == columns


def test_exports_keep_licence_and_source_of_every_shipped_list(tmp_path):
    every = [signatures.load(name) for name in signatures.available().index]
    net = signatures.to_net(every).drop_duplicates("source").set_index("source")
    path = tmp_path / "all.gmt"
    signatures.write_gmt(every, path)
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    notes = {name.rsplit("_", 1)[0]: note for name, note, *_ in lines}
    assert set(notes) == set(net.index) == {one.name for one in every}
    for one in every:
        source = one.provenance
        row = net.loc[one.name]
        assert row["licence"] == source.licence
        assert row["citation"] == source.citation
        assert row["retrieved_from"] == source.retrieved_from
        for text in (source.citation, source.licence, source.retrieved_from):
            assert " ".join(text.split()) in notes[one.name]
