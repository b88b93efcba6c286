"""What the pages point to exists, and the commands they show are commands."""

import re
import shlex
from pathlib import Path

import pytest

from mlcl.cli.app import build_app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "DEVELOPERS.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_resolve(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_every_command_shown_parses() -> None:
    lines = [
        line.split("#")[0].strip().removeprefix("$ ")
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.removeprefix("$ ").startswith("mlcl ")
    ]
    assert len(lines) >= 5
    for line in lines:
        build_app().parse_args(shlex.split(line)[1:], exit_on_error=False, print_error=False)


def test_every_recipe_option_in_the_readme_is_a_setting() -> None:
    from mlcl.config import DataConfig, MLCLOptions, TrainConfig

    sections = {"data": DataConfig, "model": MLCLOptions, "train": TrainConfig}
    named = re.findall(r"`(data|model|train)\.([a-z_0-9]+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert named
    assert [f"{section}.{key}" for section, key in named if key not in sections[section].model_fields] == []
