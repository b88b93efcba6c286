"""``mlcl tune``: from a command to a recipe that trains to the same dev score."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import yaml

from command import TINY, TINY_MODEL, files, invoke, refuse, settings, succeed
from mlcl.recipe import resolve
from mlcl.runs import prepare as preparing
from mlcl.studies.tune import run as running
from patience import HANGS, wait_until

pytestmark = pytest.mark.long

DATA = ["--data", "planted:48"]
CHANGES = settings(
    **{**TINY_MODEL, "model__d_model": 16}, train__epochs=2, train__batch_size=16, train__encoder_learning_rate=1e-3
)
DEMO = ["tune", "demo", *DATA, *TINY, *CHANGES]


def table(folder: str) -> list[dict[str, str]]:
    with Path(folder, "trials.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns(folder: str) -> list[dict[str, str]]:
    """What does not depend on the clock."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in table(folder)]


def test_the_winning_command_and_recipe_train_to_the_same_dev_score(workplace: Path) -> None:
    outcome = invoke(*DEMO, "--trials", 5, "--study", "s", "--apply", "best.yaml", "--importance", "why.svg")
    assert outcome.code == 0, outcome.err
    rows = table("s")
    assert [row["trial"] for row in rows] == list("01234")
    best = min((float(row["value"]), row["trial"]) for row in rows if row["state"] == "complete")
    assert f"best: trial {best[1]}." in outcome.out
    assert "0 (own)" in outcome.out
    assert max(map(len, outcome.out.split("best: ")[0].splitlines())) <= 100 or "share explained" in outcome.out
    [command] = [line for line in outcome.out.splitlines() if line.startswith("mlcl train ")]
    succeed(*shlex.split(command)[1:], "--output", "by_command", "--quiet")
    succeed("train", "best.yaml", *DATA, *TINY, "--output", "by_recipe", "--quiet")
    for run in ("by_command", "by_recipe"):
        history = [json.loads(line) for line in Path(run, "history.jsonl").read_text(encoding="utf-8").splitlines()]
        assert min(record["dev"]["mae"] for record in history) == best[0]
    assert Path("by_command/config.yaml").read_text() == Path("by_recipe/config.yaml").read_text()
    lines = outcome.err.splitlines()
    assert len(lines) == 5
    assert all(
        re.match(rf"trial {n}, {n + 1} of 5: dev mae \d\.\d{{3}}; best .* s$", line) for n, line in enumerate(lines)
    )


def test_the_written_recipe_is_the_winning_experiment(workplace: Path) -> None:
    changes = [*settings(**{**TINY_MODEL, "train__epochs": 1, "data__lower_case": True})]
    model = ["--model", "late_fusion", "--seed", "3"]
    kept = [word for word in changes if not re.search(r"cross|fusion|--set", word)]
    options = [word for change in kept for word in ("--set", change)]
    succeed("tune", "demo", *DATA, *TINY, *model, *options, "--trials", 2, "--study", "s", "--apply", "best.yaml")
    comment, text = Path("best.yaml").read_text(encoding="utf-8").split("\n", 1)
    row = min((row for row in table("s")), key=lambda row: float(row["value"]))
    assert comment == (
        f"# Found by mlcl tune: dev mae {float(row['value']):.3f} in trial {row['trial']}; budget 2 trials "
        "(2 complete), seed 3. The test split was not read."
    )
    assert yaml.safe_load(text)["extends"] == "demo"
    found = [f"{key}={value}" for key, value in row.items() if "." in key]
    assert len(found) >= 4
    expected = resolve(
        "demo", model="late_fusion", data="planted:48", text_encoder="tiny", seed=3, changes=[*kept, *found]
    )
    assert resolve("best.yaml", data="planted:48", text_encoder="tiny") == expected
    assert str(workplace) not in text
    assert "planted" not in text


def test_a_study_in_two_parts_is_the_study_in_one(workplace: Path) -> None:
    succeed(*DEMO, "--trials", 4, "--study", "whole", "--quiet")
    succeed(*DEMO, "--trials", 2, "--study", "parts", "--quiet")
    first = columns("parts")
    succeed(*DEMO, "--trials", 4, "--study", "parts", "--quiet")
    assert columns("parts")[:2] == first
    assert columns("parts") == columns("whole")
    before = table("parts")
    outcome = invoke(*DEMO, "--trials", 4, "--study", "parts")
    assert (outcome.code, outcome.err) == (0, "")
    assert table("parts") == before


def test_the_folder_has_a_name_of_its_own_and_says_nothing_of_the_machine(workplace: Path) -> None:
    succeed(*DEMO, "--trials", 1, "--seed", 9, "--quiet")
    folder = Path("tune/demo-mlcl-default-9")
    assert {name for name, data in files(folder).items() if data is not None} == {
        "tune.yaml",
        "journal.log",
        "trials.csv",
    }
    plan = yaml.safe_load((folder / "tune.yaml").read_text())
    assert (plan["kind"], plan["metric"], plan["direction"]) == ("tune", "mae", "minimize")
    assert plan["not_searched"]["train.batch_size"] == "set by hand"
    assert "file" not in plan["experiment"]["data"]
    content = "".join((folder / name).read_text() for name in ("tune.yaml", "trials.csv", "journal.log"))
    assert str(workplace) not in content


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--seed", "7"], "experiment.seed = 5576, not 7"),
        (settings(train__epochs=3), "experiment.train.epochs = 2, not 3"),
        (["--data", "planted:49"], "data.name = 'planted:48', not 'planted:49'"),
    ],
)
def test_another_experiment_cannot_join(workplace: Path, change: list[str], message: str) -> None:
    succeed(*DEMO, "--trials", 1, "--study", "s", "--quiet")
    arguments = [word for word in DEMO if word not in (DATA if "--data" in change else [])]
    assert message in refuse(2, *arguments, *change, "--trials", 2, "--study", "s")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--trials", "0"], "--trials 0: must be at least 1"),
        (["--timeout", "0"], "--timeout 0: must be above 0"),
        (["--apply", "best.txt"], "--apply best.txt: the suffix must be .yaml or .yml"),
        (["--apply", "there.yaml"], "--apply there.yaml: exists and is not of mlcl tune; name a new file"),
        (["--apply", "nowhere/best.yaml"], "there is no folder nowhere"),
        (["--importance", "why.png"], "the suffix must be .svg"),
        (["--importance", "folder.svg"], "--importance folder.svg: exists"),
        (["--profile", "relase"], "unknown profile 'relase'; did you mean 'release'"),
        (["--set", "train.epoch=3"], "unknown key 'train.epoch'"),
        (["--set", "train.select_on=mea"], "train.select_on = 'mea' is no regression metric"),
        (["--set", "model.d_model=18"], "d_model (18) must be a multiple of num_heads (4)"),
        (["--data", "none.pkl"], "none.pkl: no such file"),
    ],
)
def test_what_could_not_be_done_is_refused_before_any_work(workplace: Path, options: list[str], message: str) -> None:
    Path("there.yaml").write_text("mine")
    Path("folder.svg").mkdir()
    code = 1 if "--data" in options else 2
    base = [word for word in DEMO if word not in (DATA if "--data" in options else [])]
    assert message in refuse(code, *base, *options)


def test_without_optuna_one_line_names_the_extra(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert refuse(1, *DEMO) == "mlcl tune needs Optuna: pip install 'mlcl[sweep]'"


def test_torchrun_is_refused(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "start it several times with the same --study" in refuse(2, *DEMO)


def test_when_every_trial_fails_the_reason_is_the_error(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> Any:
        raise MemoryError

    monkeypatch.setattr(running, "train_for_dev", fail)
    outcome = invoke(*DEMO, "--trials", 2, "--study", "s", "--apply", "best.yaml")
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1] == "mlcl: s: no trial is complete yet; out of memory"
    assert "trial 1, 2 of 2: failed out of memory" in outcome.err
    assert [(row["state"], row["reason"]) for row in table("s")] == [("failed", "out of memory")] * 2
    assert not Path("best.yaml").exists()


def test_the_whole_command_never_sees_a_test_split(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    check = preparing.check_splits
    monkeypatch.setattr(preparing, "check_splits", lambda corpus: (seen.append(list(corpus.splits)), check(corpus)))
    succeed(*DEMO, "--trials", 2, "--study", "s", "--quiet")
    assert seen == [["train", "dev"]]


def test_the_figure_names_each_setting_with_its_share(workplace: Path) -> None:
    outcome = invoke(*DEMO, "--trials", 4, "--study", "s", "--importance", "why.svg", "--quiet")
    assert outcome.code == 0, outcome.err
    root = ElementTree.fromstring(Path("why.svg").read_text(encoding="utf-8"))
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    searched = [key for key in table("s")[0] if "." in key]
    assert sorted(text for text in texts if "." in text) == sorted(searched)
    shares = [float(text.removesuffix("%")) for text in texts if text.endswith("%")]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=len(shares))
    [line] = [line for line in outcome.out.splitlines() if line.startswith("share explained: ")]
    assert all(key in line for key in searched)


def test_with_few_trials_nothing_is_said_of_importance(workplace: Path) -> None:
    outcome = invoke(*DEMO, "--trials", 2, "--study", "s", "--importance", "why.svg", "--quiet")
    assert outcome.code == 0, outcome.err
    assert "share explained" not in outcome.out
    assert outcome.err.strip() == "note: why.svg is not written: it takes 4 complete trials that differ"
    assert not Path("why.svg").exists()


def start(folder: str, trials: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mlcl", *map(str, DEMO), "--trials", str(trials), "--study", folder]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(process: subprocess.Popen[str], folder: str, text: str) -> None:
    journal = Path(folder, "journal.log")
    wait_until(lambda: process.poll() is not None or (journal.exists() and text in journal.read_text()))


def test_two_processes_share_a_study(workplace: Path) -> None:
    both = [start("s", 6) for _ in range(2)]
    ended = [process.communicate(timeout=HANGS) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    rows = table("s")
    assert [row["trial"] for row in rows] == [str(number) for number in range(6)]
    assert {row["state"] for row in rows} <= {"complete", "pruned"}
    done = [re.findall(r"^trial (\d+),", err, re.MULTILINE) for _, err in ended]
    assert sorted(done[0] + done[1], key=int) == [row["trial"] for row in rows]
    values = [tuple(value for key, value in row.items() if "." in key) for row in rows]
    assert len(set(values)) == 6
    assert list(Path("s/workers").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_study_goes_on_with_the_same_values(workplace: Path, number: signal.Signals) -> None:
    process = start("s", 500)
    wait_for(process, "s", '"worker"')
    time.sleep(0.2)  # its lock is free again
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=HANGS)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    if number != signal.SIGKILL:
        assert re.fullmatch(r"mlcl: stopped .*trials?.*; go on with mlcl tune demo .*", err.splitlines()[-1])
    begun = Path("s/journal.log").read_text().count('"worker"')
    succeed(*DEMO, "--trials", begun + 1, "--study", "s", "--quiet")
    rows = table("s")
    stopped = [row for row in rows if row["state"] == "interrupted"]
    assert len(stopped) <= 1  # none, if it was stopped just between two trials
    assert len(rows) == begun + 1 + len(stopped)
    for row in stopped:
        again = rows[int(row["trial"]) + 1]
        assert {k: v for k, v in row.items() if "." in k} == {k: v for k, v in again.items() if "." in k}


def test_config_prints_what_is_searched(workplace: Path) -> None:
    printed = yaml.safe_load(succeed("config", "mosi", "--search"))["search"]
    assert printed["train.batch_size"] == {"choices": [16, 32, 64]}
    assert "--search needs a recipe" in refuse(2, "config", "--search")
    assert "# not searched: train.batch_size, set by hand" in succeed(
        "config", "mosi", "--search", "--set", "train.batch_size=8"
    )
