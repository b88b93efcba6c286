"""A study of trials: a budget that is kept, exact resumption, and nothing lost when a process dies."""

import re
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from mlcl.config import Experiment
from mlcl.errors import Interrupted, MlclError, RunError, UsageError
from mlcl.studies.tune.folder import TuneFolder
from mlcl.studies.tune.trials import TuneStudy, experiment_of, tried
from mlcl.studies.tune.worker import Worker
from tuning import ends, experiment, open_study, parameters, rate, work


def values(study: TuneStudy) -> list[float | None]:
    return [trial.value for trial, _ in study.every()]


def test_the_first_trial_has_the_recipe_s_own_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = open_study(tmp_path / "s")
    seen = work(study, 3, rate, monkeypatch)
    assert seen[0] == experiment()
    assert experiment() not in seen[1:]
    assert parameters(study)[0] == study.space.own
    assert min(trial.value for trial in study.ranked()) <= study.every()[0][0].value


def test_every_trial_lies_in_the_space_and_is_trained_as_it_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = open_study(tmp_path / "s", model="mlcl")
    seen = work(study, 14, rate, monkeypatch, model="mlcl")
    for number, (trial, _) in enumerate(study.every()):
        written = tried(study.space, trial.params)
        assert all(study.space.dimensions[key].holds(value) for key, value in written.items())
        assert all(re.fullmatch(r"-?\d+\.\d+(e-?\d+)?|\d+e-\d+", str(v)) for v in written.values() if type(v) is float)
        assert all(len(str(v)) <= 9 for v in written.values() if type(v) is float)
        assert experiment_of(experiment("mlcl"), study.space, trial.params) == seen[number]
        assert {key: type(value) for key, value in written.items()} == {k: type(v) for k, v in study.space.own.items()}


def test_two_and_two_trials_are_the_same_as_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = open_study(tmp_path / "whole")
    work(whole, 14, rate, monkeypatch)
    assert len(work(open_study(tmp_path / "parts"), 5, rate, monkeypatch)) == 5
    assert len(work(open_study(tmp_path / "parts"), 12, rate, monkeypatch)) == 7
    parts = open_study(tmp_path / "parts")
    work(parts, 14, rate, monkeypatch)
    assert parameters(parts) == parameters(whole)
    assert values(parts) == values(whole)
    assert ends(parts) == ends(whole)


def test_a_finished_study_trains_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work(open_study(tmp_path / "s"), 3, rate, monkeypatch)
    assert work(open_study(tmp_path / "s"), 3, rate, monkeypatch) == []
    assert work(open_study(tmp_path / "s"), 2, rate, monkeypatch) == []


def test_seeds_differ_and_one_seed_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studies = [open_study(tmp_path / str(number), seed=seed) for number, seed in enumerate((1, 1, 2))]
    for study in studies:
        work(study, 3, rate, monkeypatch)
    first, again, other = map(parameters, studies)
    assert first == again
    assert first[0] == other[0]
    assert all(a != b for a, b in zip(first[1:], other[1:], strict=True))


def test_the_search_finds_more_than_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = open_study(tmp_path / "s")
    work(study, 40, lambda tried: rate(tried)[-1:], monkeypatch)
    early, late = values(study)[1:11], values(study)[-10:]
    assert sorted(late)[5] < sorted(early)[5] / 2


def test_a_bad_trial_is_pruned_and_the_own_values_never(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each trial starts worse than all before: every one is stopped as soon as stopping is allowed."""
    started = []

    def worse(tried: Experiment) -> list[float]:
        started.append(tried)
        return [float(len(started))] * 10

    study = open_study(tmp_path / "s", epochs=10)
    work(study, 8, worse, monkeypatch)
    assert ends(study) == ["complete"] * 5 + ["pruned"] * 3
    reasons = [trial.user_attrs.get("reason") for trial, _ in study.every()]
    assert reasons[5:] == ["after epoch 2"] * 3
    late = open_study(tmp_path / "late", epochs=10)  # the own values come last here
    [waiting] = late.study.get_trials(states=(TrialState.WAITING,))
    late.study.ask()
    for _ in range(5):
        late.study.enqueue_trial(dict(waiting.params))
    late.study.enqueue_trial(dict(waiting.params), user_attrs={"own_values": True})
    late.study.tell(0, state=TrialState.FAIL)
    work(late, 7, worse, monkeypatch)
    assert ends(late)[-1] == "complete"


def test_a_better_trial_is_not_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Experiment] = []

    def better(tried: Experiment) -> list[float]:
        started.append(tried)
        return [-float(len(started))] * 10

    study = open_study(tmp_path / "s", epochs=10)
    work(study, 8, better, monkeypatch)
    assert ends(study) == ["complete"] * 8


def test_the_direction_is_the_metric_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for higher, best in ((False, min), (True, max)):
        study = open_study(tmp_path / str(higher), higher=higher)
        work(study, 5, lambda tried: rate(tried)[-1:], monkeypatch)
        assert study.ranked()[0].value == best(values(study))  # type: ignore[type-var]  # all are complete


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MlclError("the loss became nan; lower\nit"), "the loss became nan; lower it"),
        (UsageError("model: d_model (65) must be a multiple of num_heads (4)"), "model: d_model (65) must be"),
        (MemoryError(), "out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "out of memory"),
    ],
    ids=["nan", "combination", "memory", "device memory"],
)
def test_a_failed_trial_is_recorded_with_its_reason_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    calls = []

    def fail_once(tried: Experiment) -> list[float] | BaseException:
        calls.append(tried)
        return error if len(calls) == 2 else rate(tried)

    study = open_study(tmp_path / "s")
    work(study, 4, fail_once, monkeypatch)
    assert ends(study) == ["complete", "failed", "complete", "complete"]
    assert study.every()[1][0].user_attrs["reason"].startswith(reason)
    assert study.counts() == {"complete": 3, "failed": 1}
    assert work(open_study(tmp_path / "s"), 4, rate, monkeypatch) == []


@pytest.mark.parametrize("stop", [Interrupted("stopped in epoch 1"), KeyboardInterrupt()], ids=["signal", "second"])
def test_a_stopped_trial_is_tried_again_with_the_same_values_and_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    calls = []

    def stop_once(tried: Experiment) -> list[float] | BaseException:
        calls.append(tried)
        return stop if len(calls) == 2 else rate(tried)

    first = open_study(tmp_path / "s")
    work(first, 4, stop_once, monkeypatch)
    assert ends(first) == ["complete", "interrupted"]
    study = open_study(tmp_path / "s")
    again = work(study, 4, rate, monkeypatch)
    assert again[0] == calls[1]
    assert ends(study) == ["complete", "interrupted", "complete", "complete", "complete"]
    assert len(study.counted()) == 4


def test_the_own_values_stay_the_own_values_when_they_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(open_study(tmp_path / "s"), 3, lambda tried: Interrupted("stopped"), monkeypatch)
    study = open_study(tmp_path / "s")
    work(study, 2, rate, monkeypatch)
    assert [trial.user_attrs.get("own_values", False) for trial in study.counted()] == [True, False]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ZeroDivisionError(), RuntimeError("shape")])
def test_what_no_other_values_would_cure_ends_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    study = open_study(tmp_path / "s")
    with pytest.raises(type(error)):
        work(study, 4, lambda tried: error, monkeypatch)
    assert ends(study) == ["interrupted"]


def test_a_trial_whose_process_died_is_tried_again_and_a_living_one_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = open_study(tmp_path / "s")
    with Worker(study.folder.workers) as alive:
        kept = study.next_trial(9, alive)
        with Worker(study.folder.workers) as dying:
            lost = study.next_trial(9, dying)
        assert kept is not None
        assert lost is not None
        work(study, 4, rate, monkeypatch)
        assert ends(study) == ["running", "interrupted", "complete", "complete", "complete"]
        assert parameters(study)[2] == lost.params
        assert study.counts() == {"complete": 3, "running": 1}
    orphan = study.study.ask()  # killed before it could say whose it is
    work(study, 5, rate, monkeypatch)
    assert ends(study)[orphan.number] == "interrupted"
    assert len(study.counted()) == 5


def test_a_trial_given_up_for_dead_cannot_report_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = open_study(tmp_path / "s")

    def sleep_too_long(tried: Experiment) -> list[float]:
        if len(study.every()) == 1:
            study.study.tell(0, state=TrialState.FAIL)
            study.study.enqueue_trial(dict(study.space.own), user_attrs={"retry_of": 0})
        return rate(tried)

    work(study, 2, sleep_too_long, monkeypatch)
    assert ends(study) == ["interrupted", "complete", "complete"]
    with Worker(study.folder.workers) as worker:
        late = study.next_trial(3, worker)
        assert late is not None
        study.study.tell(late.number, state=TrialState.FAIL)
        study.finish(late, TrialState.COMPLETE, 0.5, epoch=1)
        study.interrupt(late)
    assert ends(study)[-1] == "failed"
    assert len(study.every()) == 4


def test_no_trial_begins_after_the_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = open_study(tmp_path / "s")
    assert work(study, 3, rate, monkeypatch, timeout=1e-9) == []
    assert len(work(study, 3, rate, monkeypatch, timeout=1e9)) == 3


def test_a_study_is_of_one_thing(tmp_path: Path) -> None:
    TuneFolder(tmp_path / "s").begin({"kind": "tune", "experiment": {"seed": 1}, "created_with": "mlcl 1"})
    TuneFolder(tmp_path / "s").begin({"kind": "tune", "experiment": {"seed": 1}, "created_with": "mlcl 2"})
    with pytest.raises(UsageError, match=r"experiment\.seed = 1, not 2; repeat its command"):
        TuneFolder(tmp_path / "s").begin({"kind": "tune", "experiment": {"seed": 2}})
    with pytest.raises(UsageError, match=r"data = None, not 3"):
        TuneFolder(tmp_path / "s").begin({"kind": "tune", "experiment": {"seed": 1}, "data": 3})


def test_another_folder_a_file_and_a_damaged_study_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "tune.yaml").write_text("[")
    for name, reason in (("file", "is a file"), ("full", "is no tuning study"), ("damaged", "is damaged")):
        with pytest.raises(RunError, match=reason):
            TuneFolder(tmp_path / name).begin({"kind": "tune"})
    assert [entry.name for entry in (tmp_path / "full").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "junk",
    [*(b"[" * 100_000, b'{"op_code": ' + b"9" * 5000 + b"}", b"null", b"5", b"\xff\xfe\x00", b"{}", b'{"op_code": 5}')],
    ids=["deep", "digits", "null", "number", "bytes", "empty", "no trial"],
)
def test_a_damaged_journal_is_named(tmp_path: Path, junk: bytes) -> None:
    study = open_study(tmp_path / "s")
    with study.folder.journal.open("ab") as stream:
        stream.write(junk + b"\n")
    with pytest.raises(RunError, match=r"journal\.log is damaged"):
        open_study(tmp_path / "s")


@pytest.mark.parametrize(("old", "new"), [('"param_name":"', '"param_name":"x'), ('"worker":"', '"worker":9,"x":"')])
def test_a_journal_with_values_that_no_trial_has_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    study = open_study(tmp_path / "s")
    work(study, 1, rate, monkeypatch)
    text = study.folder.journal.read_text(encoding="utf-8")
    assert old in text
    study.folder.journal.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RunError, match=r"journal\.log is damaged"):
        open_study(tmp_path / "s")


def test_optuna_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)
    work(open_study(tmp_path / "s"), 2, rate, monkeypatch)
    assert capfd.readouterr() == ("", "")
