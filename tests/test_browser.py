"""The report in a real browser: it renders, sorts and reports no error."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess

import pytest

import dtpscore as dtp
from dtpscore.get._axes import axis_by_group

pytestmark = pytest.mark.slow

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Clicks a heading twice and leaves what it sees in the title of the page.
PROBE = """<script>
for (const part of document.querySelectorAll("details")) part.open = true;
const head = document.querySelector("#table-axes th.num:last-child");
const place = head.cellIndex;
const order = () => [...document.querySelectorAll("#table-axes tbody tr")]
  .map((row) => Number(row.cells[place].dataset.value));
const button = head.querySelector("button");
button.click();
const up = order();
const first = head.getAttribute("aria-sort");
button.click();
const down = order();
const wide = document.documentElement.scrollWidth - window.innerWidth;
const broken = [...document.images].filter((i) => !i.naturalWidth).length;
document.title = JSON.stringify({
  first, second: head.getAttribute("aria-sort"), wide, broken, group: head.innerText,
  values: up,
  sorted: up.every((v, i) => !i || up[i - 1] <= v),
  reversed: down.every((v, i) => !i || down[i - 1] >= v),
});
</script>"""


@pytest.fixture(scope="module")
def browser():
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser found: none of {', '.join(NAMES)} is installed")
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    adata = dtp.datasets.simulate(n_cells=150, n_genes=800, seed=5)
    dtp.tl.score(adata)
    path = tmp_path_factory.mktemp("report") / "report.html"
    dtp.report(
        adata, path, groupby="condition", reference="treated", sample_key="sample"
    )
    html = path.read_text(encoding="utf-8")
    probe = path.with_name("probe.html")
    # The probe waits for the images, which decode after the page is parsed.
    waiting = PROBE.replace("<script>", "<script>addEventListener('load', () => {")
    waiting = waiting.replace("</script>", "});</script>")
    # The policy of the page allows its own script alone, so the probe is added to it.
    script = waiting.removeprefix("<script>").removesuffix("</script>")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    html = html.replace("script-src ", f"script-src &#39;sha256-{digest}&#39; ", 1)
    probe.write_text(html.replace("</body>", f"{waiting}</body>"), encoding="utf-8")
    return probe, axis_by_group(
        adata, groupby="condition", reference="treated", sample_key="sample"
    )


@pytest.mark.parametrize("size", ["1280,900", "390,844"])
def test_renders_sorts_and_fits(browser, page, size, tmp_path):
    import json

    done = subprocess.run(
        [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            f"--window-size={size}",
            "--dump-dom",
            page[0].as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert console == []
    title = re.search(r"<title>(.*?)</title>", done.stdout, flags=re.DOTALL)[1]
    seen = json.loads(title)
    table = page[1]
    group = seen["group"].strip()
    assert group == table.columns[-1]
    assert seen["values"] == sorted(table[group])
    assert seen["sorted"]
    assert seen["reversed"]
    assert (seen["first"], seen["second"]) == ("ascending", "descending")
    assert seen["broken"] == 0
    assert seen["wide"] <= 0
