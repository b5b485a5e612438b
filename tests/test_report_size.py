"""A report of many arms stays small, and folds what is not read first."""

from __future__ import annotations

import re
from urllib.parse import unquote

import numpy as np
import pytest

import dtpscore as dtp
from dtpscore._report.picture import ROWS

pytestmark = pytest.mark.slow

KW = {"groupby": "condition", "reference": "untreated", "sample_key": "sample"}
# Megabytes of a page that can be sent by mail.
LARGEST = 4.0


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Every result of ten arms, with a map of cells."""
    adata = dtp.datasets.simulate(
        n_cells=2200, n_genes=2500, days=(7,), holiday_day=None, difficulty="easy"
    )
    treated = (adata.obs["condition"] == "treated").to_numpy()
    arms = np.arange(adata.n_obs) % 10
    adata.obs["condition"] = np.where(
        treated, [f"drug {arm}" for arm in arms], "untreated"
    )
    replicates = adata.obs["replicate"].astype(str)
    adata.obs["sample"] = adata.obs["condition"].astype(str) + " " + replicates
    rng = np.random.default_rng(0)
    adata.obsm["X_umap"] = rng.normal(size=(adata.n_obs, 2))
    dtp.tl.score(adata)
    dtp.tl.call(adata, **KW)
    dtp.tl.compare(adata, **KW)
    dtp.tl.enrich(adata, **KW, n_permutations=50)
    dtp.tl.vulnerabilities(adata, **KW)
    path = tmp_path_factory.mktemp("report") / "report.html"
    dtp.report(adata, path, **KW)
    return path.read_text(encoding="utf-8")


def test_a_report_of_ten_arms_stays_below_4_megabytes(page):
    assert page.count("drug 9") > 10
    assert len(page.encode()) < LARGEST * 1e6


@pytest.mark.parametrize("name", ["why", "compare", "vulnerabilities"])
def test_a_figure_beside_its_text_has_few_rows_and_the_table_has_all(page, name):
    section = page[page.index(f'<section id="{name}"') :].split("</section>")[0]
    drawing = unquote(re.search('<img src="([^"]*)"', section)[1])
    texts = re.findall("<text[^>]*>([^<]*)</text>", drawing)
    titles = [axis.title for axis in dtp.signatures.axes().values()]
    # Names of genes stand before the axis, and long names lose their middle.
    named = [one for one in texts if any(title[:12] in one for title in titles)]
    assert len(named) == ROWS
    assert section.count("<tr>") > 2 * ROWS


def test_vulnerabilities_show_one_arm_and_fold_the_others(page):
    section = page[page.index('<section id="vulnerabilities"') :].split("</section>")[0]
    shown, folded = section.split('<div class="folds">')
    assert shown.count("<figure>") == 1
    assert "<summary>The other groups</summary>" in folded
    assert folded.count("<figure>") > 1
    assert "<table" not in shown
