"""Pages in a real browser: nothing is wider than the window, on a phone and on a desk, and all of it is drawn."""

import re
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from made_report import make
from mlcl.report.recording_page import recording_page
from patience import HANGS
from timelines import sentence, timeline

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


def measured(html: str, folder: Path, width: int) -> list[str]:
    """What MEASURE finds in a window of a width.

    Chromium's windows are 500 wide at least, so a phone is a frame of 390 in a page.
    """
    (folder / "measured.html").write_text(html.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
    frame = folder / f"frame-{width}.html"
    frame.write_text(
        f'<iframe src="measured.html" style="width: {width}px; height: 900px; border: 0"></iframe>'
        '<script>addEventListener("load", () => setTimeout(() => {'
        "document.title = frames[0].document.title }, 500))</script>",
        encoding="utf-8",
    )
    shown = browse(frame, 1400, "--dump-dom", "--allow-file-access-from-files", "--virtual-time-budget=5000")
    title = re.search(r"<title>([^<]*)</title>", shown)
    assert title is not None
    return title.group(1).split(";")


def test_the_report_fits_every_window(tmp_path: Path) -> None:
    made = make(tmp_path / "study", items=30, epochs=2, systems=["mlcl", "text", "hkt"], failed=[("hkt", 1)])
    for width in (390, 1280):
        inside, needed, wide, flat, smallest = measured(made.html, tmp_path, width)
        assert int(inside) == width
        assert int(needed) == width, "the page scrolls sideways"
        assert wide == ""
        assert int(flat) == 0, "a drawing collapsed"
        assert float(smallest) >= 7.5, "letters of a figure are too small to read"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("long_words", [False, True])
def test_the_page_of_a_recording_fits_every_window(tmp_path: Path, width: int, long_words: bool) -> None:
    """The strip of pictures and the table scroll by themselves."""
    picture = BytesIO()
    Image.new("RGB", (128, 96)).save(picture, "JPEG")
    if long_words:
        one = sentence(0, "x" * 400 + " well", id="y" * 300, speaker="z" * 200)
        shown = timeline((one,), recording=f"{'talk' * 60}.mp4", run="r" * 200, notes=("n" * 300,), duration=1.0)
        shown = replace(shown, words_from="w" * 200 + ".srt", label="l" * 200)
    else:
        shown = timeline(tuple(sentence(at, "well that went brilliantly") for at in range(60)), duration=60.0)
    pictures = [(at * 2.5, picture.getvalue()) for at in range(24)]
    inside, needed, wide, *_ = measured(recording_page(shown, link="talk.mp4", frames=pictures), tmp_path, width)
    assert int(inside) == width
    assert int(needed) == width, "the page scrolls sideways"
    assert wide.replace("FIGURE.", "").replace("IMG.", "").replace("FIGCAPTION.", "").split() == []
