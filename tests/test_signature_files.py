"""Every shipped signature file keeps the rules of signatures/README.md."""

from __future__ import annotations

import csv
import json
import re
import tomllib

import pytest

from dtpscore import signatures

TABLE = signatures.available()
NAMES = sorted(TABLE.index)
# Lists that are derived from other shipped lists.
OWN = [
    name
    for name in NAMES
    if TABLE.loc[name, "citation"].startswith("dtpscore, derived")
]
# Lists whose paper is named by journal and page; no DOI or PMID was found to check.
NO_IDENTIFIER = {
    "cisplatin_resistance_kang2004",
    "doxorubicin_resistance_kang2004",
    "dtp_moghal2023_common",
    "dtp_moghal2023_scrnaseq",
    "egfr_output_kobayashi2006",
    "emt_foroutan2017",
    "ferroptosis_drivers",
    "ferroptosis_suppressors",
    "fluorouracil_resistance_kang2004",
    "hdac_heller2008",
    "neural_crest_lee2007",
    "neuroendocrine_zhang2018",
    "predtp_moghal2023_dtp_like",
    "squamous_salcher2022",
    "stemness_wong2008_esc_core",
}
LICENCES = re.compile(
    r"MSigDB,? CC BY 4\.0|WikiPathways CC0|Reactome \(CC0/CC BY 4\.0\)|CC0|CC BY"
    r"|MIT \(repository|facts from publication|paper CC BY|those of its sources: "
)
TWO_SIDED = {
    "redox_nrf2", "ros_production", "oxphos", "fao_peroxisome", "kdm5_chromatin",
    "ferroptosis", "ferroptosis_drivers",
}  # fmt: skip
PROLIFERATION = {"slow_cycling", "diapause_myc", "s_phase", "g2m"}


@pytest.fixture(scope="module")
def hgnc():
    """Approved symbols, and the approved symbols of every previous one."""
    approved, previous = set(), {}
    path = signatures.root() / "gene_names.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(
        (line for line in lines if not line.startswith("#")), delimiter="\t"
    )
    for row in rows:
        if row["symbol"]:
            approved.add(row["symbol"])
            for old in (row["previous"] or "").split("|"):
                previous.setdefault(old.upper(), set()).add(row["symbol"])
    return approved, previous


@pytest.fixture(scope="module")
def sign_check():
    with (signatures.root() / "sign_check.tsv").open(encoding="utf-8") as handle:
        return {row["signature"]: row for row in csv.DictReader(handle, delimiter="\t")}


def test_there_are_enough_and_no_name_is_lost():
    files = {path.stem for path in signatures.root().glob("*.toml")}
    tables = {"axes", "vulnerabilities", "not_scorable"}
    assert files - tables == set(NAMES)
    assert len(NAMES) > 100


@pytest.mark.parametrize("name", NAMES)
def test_file_is_valid_and_says_where_it_comes_from(name):
    path = signatures.root() / f"{name}.toml"
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    signature = signatures.Signature.model_validate(content)
    assert signature.name == name
    assert signature.axis in signatures.axes()
    assert (signature.species, signature.gene_id) == ("human", "symbol")
    source = signature.provenance
    assert source.redistributable
    assert LICENCES.match(source.licence)
    assert not re.search(r"unclear|non-?commercial|not stated", source.licence)
    assert len(source.citation) > 8
    assert signature.context
    missing = source.doi is None and source.pmid is None
    assert missing == (name in NO_IDENTIFIER or name in OWN)


@pytest.mark.parametrize("name", NAMES)
def test_genes_have_current_names(name, hgnc):
    approved, previous = hgnc
    genes = signatures.load(name).genes
    listed = {*genes.up, *genes.down}
    assert len(listed) == len(genes.up) + len(genes.down)
    unknown = listed - approved
    if TABLE.loc[name, "use"] != "optional":
        assert not unknown
    stale = {gene for gene in unknown if len(previous.get(gene.upper(), ())) == 1}
    assert not stale, "these have one current symbol"
    for current, printed in (genes.renamed or {}).items():
        assert current != printed
        assert current in approved


@pytest.mark.parametrize("name", NAMES)
def test_derivation_counts_the_renamed_genes(name):
    signature = signatures.load(name)
    stated = re.search(
        r"(\d+) symbols? brought up to date", signature.provenance.derivation
    )
    assert int(stated[1] if stated else 0) == len(signature.genes.renamed or {})


@pytest.mark.parametrize("name", NAMES)
def test_direction_follows_the_rule(name, sign_check):
    signature = signatures.load(name)
    if name.startswith("dtp_"):
        assert name not in sign_check
        assert (signature.direction, signature.orientation) == ("up", "with")
        return
    row = sign_check[name]
    up, down, none = (int(row[key]) for key in ("up", "down", "none"))
    cycle = float(row["cell_cycle_fraction"])
    assert signature.direction == row["direction"]
    said = up + down
    fixed = (
        signature.axis not in TWO_SIDED
        and said >= 5
        and abs(up - down) >= 0.6 * said
        and (cycle <= 0.25 or signature.axis in PROLIFERATION)
    )
    assert signature.direction == (
        "two-sided" if not fixed else "up" if up > down else "down"
    )
    assert signature.direction_evidence.startswith(
        f"Of {up + down + none} votes of persister contrasts, {up} say up, {down} down "
        f"and {none} neither; "
    )
    stated = int(re.search(r"(\d+)% of its genes", signature.direction_evidence)[1])
    assert abs(stated - 100 * cycle) < 1.5  # both are rounded


def test_votes_of_the_sign_check_add_up(sign_check):
    fixed = ("signature", "axis", "up", "down", "none", "cell_cycle_fraction")
    labels = [key for key in next(iter(sign_check.values())) if key not in fixed]
    labels.remove("direction")
    assert len(labels) == 12
    shown = {"GSE153183", "GSE114647"}
    for name, row in sign_check.items():
        cast = [row[label] for label in labels if label not in shown]
        counted = [cast.count(vote) for vote in ("1", "-1", "0")]
        assert counted == [int(row[key]) for key in ("up", "down", "none")]
        own = [label for label in labels if row[label] == "own study"]
        assert sum(counted) + cast.count("own study") + cast.count("") == 10
        assert bool(own) == (name in {
            "diapause_rehman2021_signed", "predtp_chang2022_npy1r_high",
            "predtp_moghal2023_dtp_like",
        })  # fmt: skip


def test_schema_is_current():
    text = (signatures.root() / "schema.json").read_text(encoding="utf-8")
    assert json.loads(text) == signatures.json_schema()
    assert set(json.loads(text)["required"]) >= {"name", "axis", "provenance", "genes"}


def test_axes_cover_what_the_reviews_name():
    axes = signatures.axes()
    persister = [name for name, axis in axes.items() if axis.kind == "persister"]
    assert persister[:6] == [
        "redox_nrf2", "oxphos", "emt", "senescence", "slow_cycling", "kdm5_chromatin"
    ]  # fmt: skip
    assert set(persister[6:]) == {
        "diapause_myc", "mtorc1", "glycolysis", "pentose_phosphate", "fao_peroxisome",
        "autophagy_lysosome", "ferroptosis", "ferroptosis_drivers", "nfkb",
        "interferon", "mhc_class_i", "yap_tead_axl", "stemness_wnt_notch",
        "dna_repair", "apoptosis_resistance", "drug_handling", "microenvironment",
        "ros_production", "consensus", "published_contrasts",
    }  # fmt: skip
    kinds = [axis.kind for axis in axes.values()]
    order = ["persister", "engagement", "lineage", "ambiguous", "nuisance"]
    assert kinds == sorted(kinds, key=order.index)
    by_kind = {kind: [n for n, a in axes.items() if a.kind == kind] for kind in order}
    assert by_kind["engagement"] == [
        "mapk_output",
        "estrogen_output",
        "androgen_output",
    ]
    # Rival states of melanoma are apart, so that no score averages them.
    assert by_kind["lineage"] == [
        "melanoma_undifferentiated", "melanoma_invasive", "melanoma_ncsc",
        "melanoma_smc", "melanoma_pigmented", "alveolar", "squamous", "neuroendocrine",
    ]  # fmt: skip
    assert by_kind["ambiguous"] == ["unfolded_protein", "hypoxia"]
    assert by_kind["nuisance"] == ["s_phase", "g2m", "dissociation_stress", "ribosomal"]


@pytest.mark.parametrize("name", signatures.axes())
def test_axis_has_signatures_to_score(name):
    axis = signatures.axes()[name]
    uses = {
        "persister": {"default"},
        "engagement": {"default", "lineage_gated"},
        "lineage": {"lineage_gated"},
        "ambiguous": {"nuisance"},
        "nuisance": {"nuisance"},
    }[axis.kind]
    scored = TABLE[(TABLE["axis"] == name) & TABLE["use"].isin(uses)]
    assert len(scored) > 0 or name == "published_contrasts"
    if axis.kind == "persister":
        assert axis.direction == signatures.direction(name).direction
    else:
        # Engagement is defined by its fall; the rest are not read as persister.
        assert axis.direction == ("down" if axis.kind == "engagement" else "two-sided")
    if name in TWO_SIDED:
        assert axis.direction == "two-sided"


def test_proxies_are_labeled():
    axes = signatures.axes()
    proxies = {name for name, axis in axes.items() if axis.proxy}
    assert proxies == {
        "kdm5_chromatin", "ros_production", "ferroptosis", "ferroptosis_drivers",
        "apoptosis_resistance",
    }  # fmt: skip
    assert "proxy" in axes["kdm5_chromatin"].summary


def test_vulnerabilities_have_paper_and_evidence(hgnc):
    table = signatures.vulnerabilities()
    assert list(table.columns) == [
        "axis", "target", "genes", "agent", "effect", "paper", "doi", "context",
        "evidence", "read", "review", "caveat",
    ]  # fmt: skip
    assert set(table["axis"]) <= set(signatures.axes())
    assert set(table["evidence"]) == {"cell line", "animal", "trial", "not stated"}
    assert set(table["effect"]) == {
        "kills", "prevents", "sensitizes", "re-awakens", "not stated"
    }  # fmt: skip
    unstated = table[table["evidence"] == "not stated"]
    assert set(unstated["read"]) == {"review"}
    for column in table.columns.drop(["doi", "genes"]):
        assert table[column].str.len().min() > 0, column
    dois = table.loc[table["doi"] != "", "doi"]
    assert dois.str.fullmatch(r"10\.\d{4,9}/\S+").all()
    assert table["paper"].str.contains(r" 20\d\d$").all()
    assert table["review"].str.fullmatch(r"[ABC](, [ABC])*").all()
    assert not table.duplicated(["axis", "target", "paper"]).any()
    listed = {gene for cell in table["genes"] if cell for gene in cell.split(", ")}
    assert listed <= hgnc[0]


def test_every_persister_axis_has_vulnerabilities_or_says_that_none_is_named():
    table = signatures.vulnerabilities()
    axes = signatures.axes()
    persister = {name for name, axis in axes.items() if axis.kind == "persister"}
    none = set(table.attrs["none_named"])
    assert none == persister - set(table["axis"])
    assert signatures.vulnerabilities("emt").empty
    assert signatures.vulnerabilities("emt").attrs["none_named"]


@pytest.mark.parametrize(
    ("paper", "column", "expected"),
    [
        ("Raha 2014", "agent", "disulfiram"),
        ("Viswanathan 2017", "agent", "RSL3, ML210"),
        ("Taniguchi 2019", "evidence", "animal"),
        ("Picco 2021", "evidence", "animal"),
        ("Freter 2021", "doi", "10.1038/s41467-021-23580-4"),
        ("Freter 2021", "effect", "not stated"),
        ("Montero 2012", "evidence", "trial"),
        ("Zhang Z 2022", "genes", "NPC1L1"),
        ("Lu Z 2008", "effect", "re-awakens"),
        ("Gardner 2017", "genes", "EZH2, SLFN11"),
    ],
)
def test_rows_that_were_wrong_or_missing_say_what_the_reviews_say(
    paper, column, expected
):
    table = signatures.vulnerabilities()
    assert list(table.loc[table["paper"] == paper, column]) == [expected]


def test_every_gene_of_the_reviews_can_be_read_somewhere(build_script):
    script = build_script("review_genes")
    path = signatures.root() / "review_genes.tsv"
    assert script.table() == path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(path.open(encoding="utf-8"), delimiter="\t"))
    assert len(rows) > 150
    mechanisms = set(signatures.not_scorable()["mechanism"])
    for row in rows:
        assert bool(row["signatures"]) != bool(row["not_scorable"]), row["gene"]
        if row["not_scorable"]:
            assert row["not_scorable"] in mechanisms
    where = {row["gene"]: row for row in rows}
    assert where["RXRG"]["axis"] == "melanoma_ncsc"
    assert "melanoma_rambow_ncsc" in where["RXRG"]["signatures"]
    for gene in ("TFEB", "IGF1R", "TRPA1", "NPC1L1", "COPS8", "EIF4G3", "MPC1"):
        assert where[gene]["signatures"]
    assert where["SPRY4"]["sign"] == where["MPC1"]["sign"] == "down"


def test_what_rna_cannot_show_has_a_reason_and_a_way_out():
    table = signatures.not_scorable()
    assert list(table.columns) == [
        "mechanism", "claim", "paper", "review", "kind", "reason", "instead"
    ]  # fmt: skip
    assert (table.map(len) > 0).all(axis=None)
    assert not table["mechanism"].duplicated().any()
    for text in table["instead"]:
        for axis in re.findall(r"\baxis (\w+)", text):
            assert axis in signatures.axes()
        for word in re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", text):
            assert word in NAMES or word in signatures.axes()


@pytest.fixture(scope="module")
def readme(repository):
    path = repository / "signatures" / "README.md"
    if not path.is_file():
        pytest.skip("signatures/README.md is in the repository only, and is not here")
    return path.read_text(encoding="utf-8")


def test_example_of_the_readme_is_a_signature(readme):
    example = re.search(r"```toml\n(.*?)```", readme, flags=re.DOTALL)[1]
    signature = signatures.Signature.model_validate(tomllib.loads(example))
    assert signature.axis in signatures.axes()
    shown = {*type(signature).model_fields, *type(signature.provenance).model_fields}
    assert not {field for field in shown if field not in example} - {"pmid"}


def test_readme_states_the_figures_of_the_files(readme):
    genes = signatures.load("dtp_consensus").genes
    assert f"| found | {len(genes.up)} | {len(genes.down)} |" in readme
    derivation = signatures.load("dtp_consensus").provenance.derivation
    chance = re.findall(r"([\d.]+) (?:up|down) on average", derivation)
    assert re.findall(r"([\d.]+) on average", readme) == chance
    forms = TABLE[TABLE["use"] == "evaluation"]
    up, down = ((forms[half].min(), forms[half].max()) for half in ("n_up", "n_down"))
    assert f"{up[0]} to {up[1]} up genes, {down[0]} to {down[1]} down." in readme
    names = re.findall(r"`((?:[a-z0-9]+_)+[a-z0-9]+)`", readme)
    known = {*NAMES, *signatures.axes(), "direction_evidence", "lineage_gated"}
    assert set(names) <= known


@pytest.mark.parametrize("name", NAMES)
def test_a_derived_list_has_the_licences_of_its_sources(name):
    source = signatures.load(name).provenance
    if source.retrieved_from != "signatures/ of this package":
        return
    made_of = {signatures.load(one).provenance.licence
               for one in source.table.split(", ")}  # fmt: skip
    assert source.licence == f"those of its sources: {'; '.join(sorted(made_of))}"


def test_notice_holds_what_the_licences_require(repository):
    path = repository / "NOTICE"
    if not path.is_file():
        pytest.skip("NOTICE is in the repository only, and is not here")
    notice = path.read_text(encoding="utf-8")
    for name in NAMES:
        source = signatures.load(name).provenance
        if source.licence.startswith("MIT"):
            home = source.retrieved_from.partition(":")[0]
            owner, _, repo = home.partition("/")
            assert home in notice or (repo in notice and owner in notice), name
        if "MSigDB" in source.licence:
            assert "Broad Institute" in notice
            assert "creativecommons.org/licenses/by/4.0" in notice
    assert notice.count("Permission is hereby granted") == 1
    content = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(content["project"]["license"].split(" AND ")) == {
        "BSD-3-Clause", "MIT", "CC-BY-4.0", "CC0-1.0"
    }  # fmt: skip
    assert content["project"]["license-files"] == ["LICENSE", "NOTICE"]
