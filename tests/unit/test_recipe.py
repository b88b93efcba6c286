"""A recipe of one's own: what it says, on top of the recipe that it extends."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlcl.errors import UsageError
from mlcl.recipe import resolve


def write(path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return str(path)


def test_a_file_that_changes_nothing_is_the_recipe(tmp_path: Path) -> None:
    file = write(tmp_path / "own.yaml", {"extends": "mosi"})
    assert resolve(file, data="d", text_encoder="e") == resolve("mosi", data="d", text_encoder="e")


def test_a_file_says_model_profile_and_settings_and_the_command_goes_last(tmp_path: Path) -> None:
    settings = {"seed": 7, "execution": "plain", "data": {"max_length": 40}, "train": {"epochs": 3, "batch_size": 8}}
    file = write(tmp_path / "own.yml", {"extends": "mosei", "model": "mag", "profile": "release", "settings": settings})
    changes = ["execution=plain", "data.max_length=40", "train.epochs=3", "train.batch_size=8"]
    assert resolve(file) == resolve("mosei", model="mag", profile="release", seed=7, changes=changes)
    last = resolve(file, model="mag", seed=8, changes=["train.epochs=4"])
    assert (last.seed, last.train.epochs, last.train.batch_size) == (8, 4, 8)


@pytest.mark.parametrize("options", [{"model": "mlcl"}, {"profile": "default"}])
def test_another_model_or_profile_than_the_file_s_is_refused(tmp_path: Path, options: dict[str, str]) -> None:
    file = write(tmp_path / "own.yaml", {"extends": "mosi", "model": "mag", "profile": "release"})
    with pytest.raises(UsageError, match="leave the option out"):
        resolve(file, **options)  # type: ignore[arg-type]  # no change in it


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, 2", "is not valid YAML"),
        ("3", "is no recipe file"),
        ({"model": "mag"}, "must say which recipe it extends"),
        ({"extends": "mossi"}, "unknown recipe 'mossi'; did you mean 'mosi'"),
        ({"extends": "mosi", "model": "mlc"}, "unknown model 'mlc'; did you mean"),
        ({"extends": "mosi", "profile": "relase"}, "unknown profile 'relase'; did you mean 'release'"),
        ({"extends": "mosi", "setings": {}}, "unknown key 'setings'; did you mean 'settings'"),
        ({"extends": "mosi", "settings": {"trian": {}}}, "unknown key 'settings.trian'; did you mean 'train'"),
        ({"extends": "mosi", "settings": {"train": {"epoch": 3}}}, "unknown key 'train.epoch'; did you mean"),
        ({"extends": "mosi", "settings": {"train": {"epochs": 0}}}, "train.epochs = 0"),
        ({"extends": "mosi", "settings": {"train": 3}}, "settings.train = 3"),
        ({"extends": "mosi", "settings": {"model": {"name": "mag"}}}, "name the model under model"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, content: Any, message: str) -> None:
    file = write(tmp_path / "own.yaml", content)
    with pytest.raises(UsageError) as error:
        resolve(file)
    assert str(error.value).startswith(file)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    for name, reason in (("none.yaml", "no such file"), ("folder.yaml", "directory")):
        with pytest.raises(UsageError, match=reason):
            resolve(str(tmp_path / name))


@pytest.mark.parametrize("model", ["mlcl", "mag", "mib", "mcl", "hkt", "lfmim", "late_fusion", "text"])
@pytest.mark.parametrize("recipe", ["demo", "mosi", "mosei", "mustard", "ur_funny"])
def test_capitals_are_the_tokenizer_s_matter_by_default_and_left_alone_as_in_the_releases(
    recipe: str, model: str
) -> None:
    found = {p: resolve(recipe, model=model, profile=p).data.lower_case for p in ("default", "release")}
    assert found == {"default": "auto", "release": False}


@pytest.mark.parametrize("value", ["auto", "true", "false"])
def test_words_may_be_lowered_by_hand(value: str) -> None:
    assert resolve("mosi", changes=[f"data.lower_case={value}"]).data.lower_case in ("auto", True, False)
    with pytest.raises(UsageError, match=r"^data\.lower_case = 'maybe': input should be 'auto', True or False"):
        resolve("mosi", changes=["data.lower_case=maybe"])
