"""The report in a real browser: nothing is wider than the window, on a phone and on a desk, and all of it is drawn."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from made_report import make
from patience import HANGS

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MEASURE = """<script>addEventListener("load", () => {
const root = document.documentElement, box = (node) => node.getBoundingClientRect();
const wide = [...document.body.querySelectorAll("*")].filter((node) => !node.closest(".sheet, svg"))
  .filter((node) => box(node).right > root.clientWidth + 1).map((node) => node.tagName + "." + node.className);
const flat = [...document.querySelectorAll("svg.plot")].filter((node) => box(node).height < 100).length;
const letters = [...document.querySelectorAll("svg.plot text")].map((node) => parseFloat(
  getComputedStyle(node).fontSize) * box(node.closest("svg")).width / node.closest("svg").viewBox.baseVal.width);
document.title = [root.clientWidth, root.scrollWidth, wide.join(" "), flat, Math.min(...letters).toFixed(1)].join(";");
})</script>"""

pytestmark = [pytest.mark.long, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")]


def browse(page: Path, width: int, *options: str) -> str:
    """What the browser makes of a page in a window."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--timeout=20000"]
    command += [f"--window-size={width},900", f"--user-data-dir={page.parent / 'browser'}", *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=HANGS).stdout


def test_the_report_fits_every_window(tmp_path: Path) -> None:
    """Chromium's windows are 500 wide at least, so a phone is a frame of 390 in a page."""
    made = make(tmp_path / "study", items=30, epochs=2, systems=["mlcl", "text", "hkt"], failed=[("hkt", 1)])
    page = tmp_path / "measured.html"
    page.write_text(made.html.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
    for width in (390, 1280):
        frame = tmp_path / f"frame-{width}.html"
        frame.write_text(
            f'<iframe src="measured.html" style="width: {width}px; height: 900px; border: 0"></iframe>'
            '<script>addEventListener("load", () => setTimeout(() => {'
            "document.title = frames[0].document.title }, 500))</script>",
            encoding="utf-8",
        )
        shown = browse(frame, 1400, "--dump-dom", "--allow-file-access-from-files", "--virtual-time-budget=5000")
        title = re.search(r"<title>([^<]*)</title>", shown)
        assert title is not None
        inside, needed, wide, flat, smallest = title.group(1).split(";")
        assert int(inside) == width
        assert int(needed) == width, "the page scrolls sideways"
        assert wide == ""
        assert int(flat) == 0, "a drawing collapsed"
        assert float(smallest) >= 7.5, "letters of a figure are too small to read"
