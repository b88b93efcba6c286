"""Plans: what is trained, what is refused before anything is made, and how a study grows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlcl.errors import RunError, UsageError
from mlcl.studies.ablation import ablation, part_names
from mlcl.studies.folder import Plan, Study
from mlcl.studies.plan import Shared, comparison, experiment, open_or_create

SHARED = Shared("demo", data="planted:64", text_encoder="tiny", seeds=(1, 2), changes=("train.epochs=3",))
MOSI = Shared("mosi", data="x.pkl", text_encoder="tiny", seeds=(1, 2))


def plan_of(models: list[str], **options: Any) -> Plan:
    return comparison(replace(SHARED, **options), models)


def test_a_change_reaches_all_systems_and_one_with_a_prefix_only_its_own() -> None:
    plan = plan_of(
        ["mlcl", "text"],
        changes=(
            "train.epochs=3",
            "text:train.learning_rate=0.5",
        ),
    )
    settings = [experiment(plan, system, 7).train for system in plan.systems]
    assert [one.epochs for one in settings] == [3, 3]
    assert settings[1].learning_rate == 0.5
    assert settings[0].learning_rate != 0.5


def test_runs_differ_in_seed_and_model_and_share_the_data() -> None:
    plan = plan_of(["mlcl", "mag"])
    runs = [experiment(plan, system, seed) for system in plan.systems for seed in plan.seeds]
    assert [(run.model.name, run.seed) for run in runs] == [("mlcl", 1), ("mlcl", 2), ("mag", 1), ("mag", 2)]
    assert {run.data.file for run in runs} == {"planted:64"}


def test_a_study_goes_on_with_its_data_under_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.pkl").touch()
    open_or_create(Path("study"), comparison(MOSI, ["text"]))
    for name in ("./x.pkl", str(tmp_path / "x.pkl")):
        assert open_or_create(Path("study"), comparison(replace(MOSI, data=name), ["text"])).plan.data == "x.pkl"
    Path("y.pkl").touch()
    with pytest.raises(UsageError, match=r"planned with data = 'x.pkl', not 'y.pkl'"):
        open_or_create(Path("study"), comparison(replace(MOSI, data="y.pkl"), ["text"]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": ["mlcl", "mgg"]}, "unknown model 'mgg'.*mag"),
        ({"models": ["mlcl", "mlcl"]}, "named twice"),
        ({"models": ["mlcl"], "changes": ("train.epoch=3",)}, "train.epoch'.*train.epochs"),
        ({"models": ["mlcl", "text"], "changes": ("text:model.umcl_weight=0",)}, "model.umcl_weight"),
        ({"models": ["mlcl", "text"], "changes": ("txt:train.epochs=1",)}, "'txt' is not in this study.*text"),
    ],
)
def test_what_is_wrong_is_found_before_a_folder_is_made(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_of(**options)


def test_an_opened_study_is_the_one_that_was_made(tmp_path: Path) -> None:
    plan = plan_of(["mlcl", "text"])
    open_or_create(tmp_path / "study", plan)
    assert Study.open(tmp_path / "study").plan == plan


def test_a_study_grows_by_systems_and_seeds(tmp_path: Path) -> None:
    open_or_create(tmp_path / "study", plan_of(["mlcl", "text"]))
    grown = open_or_create(tmp_path / "study", plan_of(["mlcl", "text", "mag"], seeds=(2, 5)))
    assert [system.name for system in grown.plan.systems] == ["mlcl", "text", "mag"]
    assert grown.plan.seeds == (1, 2, 5)
    assert grown.plan.title.startswith("mlcl, text, mag on")
    again = open_or_create(tmp_path / "study", plan_of(["text"]))
    assert again.plan == grown.plan


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"data": "planted:65"}, "data"),
        ({"changes": ("train.epochs=4",)}, "changes"),
        ({"profile": "release"}, "profile"),
        (
            {
                "changes": (
                    "train.epochs=3",
                    "text:train.clip_norm=2",
                )
            },
            "text unchanged",
        ),
    ],
)
def test_a_study_never_changes_what_was_planned(tmp_path: Path, options: dict[str, Any], key: str) -> None:
    study = open_or_create(tmp_path / "study", plan_of(["mlcl", "text"]))
    before = study.plan_file.read_bytes()
    with pytest.raises(UsageError, match=f"was planned with {key}"):
        open_or_create(tmp_path / "study", plan_of(["mlcl", "text"], **options))
    assert study.plan_file.read_bytes() == before


def test_a_folder_of_something_else_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="is no study"):
        open_or_create(tmp_path, plan_of(["mlcl"]))
    with pytest.raises(RunError, match=r"no study\.yaml"):
        Study.open(tmp_path)


@pytest.mark.parametrize("text", ["kind: compare\n", "{", "kind: [\n", "- 1\n"])
def test_a_damaged_plan_is_said_to_be_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(RunError, match="is damaged"):
        Study.open(tmp_path)


def test_each_part_of_an_ablation_changes_the_experiment() -> None:
    plan = ablation(MOSI, part_names())
    whole, *others = (experiment(plan, system, 1) for system in plan.systems)
    assert plan.reference == plan.systems[0].name == "mlcl"
    assert len(others) == len(part_names())
    assert all(other != whole for other in others)
    assert len({other.model_dump_json() for other in others}) == len(others)


def test_an_ablation_without_contrast_has_no_contrastive_weight() -> None:
    plan = ablation(MOSI, ["no_contrast"])
    model = experiment(plan, plan.systems[1], 1).model
    assert (model.umcl_weight, model.bmcl_weight, model.tmcl_weight) == (0, 0, 0)  # type: ignore[union-attr]
