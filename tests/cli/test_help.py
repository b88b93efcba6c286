"""What the command line says about itself, and how soon."""

import re
import subprocess
import sys
from importlib.metadata import version

import pytest
import yaml

from command import invoke, succeed
from mlcl.cli.app import VERBS
from mlcl.config import Section, validate_experiment
from mlcl.recipe import read_recipe, recipe_names, resolve

STUDY = {
    *("--output", "--data", "--text-encoder", "--seeds", "--profile", "--set"),
    *("--processes", "--devices", "--threads", "--retry"),
}
HEARING = {"--recogniser", "--language", "--weights", "--acoustic-model", "--visual-model"}
OPTIONS = {
    "train": {
        *("--model", "--data", "--text-encoder", "--label", "--profile", "--seed", "--set", "--output"),
        *("--resume", "--device", "--threads", "--track", "--quiet"),
    },
    "evaluate": {"--split", "--data", "--device", "--threads", "--json"},
    "extract": {
        *("--output", "--labels", "--transcript", "--acoustic", "--visual", *HEARING, "--layer"),
        *("--picture-rate", "--align", "--context", "--pause", "--most-seconds", "--most-words", "--half", "--retry"),
        *("--processes", "--shard", "--patience", "--threads", "--quiet"),
    },
    "predict": {
        *("--data", "--output", "--split", "--device", "--threads", "--recordings", "--text", "--transcript", *HEARING),
        *("--frames", "--no-frames", "--processes", "--json", "--quiet"),
    },
    "features": {"--weights", "--json"},
    "tune": {
        *("--model", "--data", "--text-encoder", "--trials", "--study", "--profile", "--seed", "--set"),
        *("--timeout", "--apply", "--importance", "--device", "--threads", "--quiet"),
    },
    "data inspect": {"--json"},
    "data verify": {"--strict", "--json"},
    "data convert": {
        "--to",
        "--label",
        "--columns",
        "--text",
        "--half",
        "--collapse",
        "--pauses",
        "--fold",
        "--vocabulary",
    },
    "data split": {"--by", "--seed", "--shares", "--to"},
    "data layouts": {"--json"},
    "config": {"--model", "--profile", "--set", "--search"},
    "crossvalidate": {
        *("--folds", "--by", "--lists", "--fold-seed", "--model", "--data", "--text-encoder", "--profile", "--seed"),
        *("--set", "--output", "--resume", "--device", "--threads", "--quiet"),
    },
    "compare": {*STUDY, "--models", "--tuned"},
    "ablate": {*STUDY, "--parts"},
    "report": {"--output", "--split", "--data", "--no-texts", "--embeddings", "--device", "--threads"},
    "models": {"--json"},
}
POSITIONAL = {
    **{"train": "RECIPE", "evaluate": "RUN", "predict": "RUN", "config": "RECIPE", "tune": "RECIPE"},
    **{"extract": "RECORDINGS", "features": "NAME"},
    **{"models": "", "compare": "RECIPE", "ablate": "RECIPE", "crossvalidate": "RECIPE"},
    **{"data inspect": "FILE", "data verify": "FILE", "data convert": "FILE", "data split": "FILE"},
    **{"report": "STUDY", "data layouts": ""},
}
HEAVY = ("torch", "transformers", "pandas", "numpy", "scipy", "sklearn", "pyarrow")

every_recipe = pytest.mark.parametrize("recipe", recipe_names())
every_profile = pytest.mark.parametrize("profile", ["default", "release"])


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []], ids=["long", "short", "nothing"])
def test_help_names_each_verb(arguments: list[str]) -> None:
    text = succeed(*arguments)
    assert set(VERBS) == {verb.split()[0] for verb in OPTIONS}
    for verb in VERBS:
        assert re.search(rf"^\W*{verb}\s+[A-Z]\w+ ", text, re.MULTILINE), f"{verb} has no line that says what it does"
    assert "--version" in text
    assert "--debug" in text


def test_help_of_data_names_each_of_its_verbs() -> None:
    text = succeed("data", "--help")
    for verb in (name.split()[1] for name in OPTIONS if name.startswith("data ")):
        assert re.search(rf"^\W*{verb}\s+[A-Z]\w+ ", text, re.MULTILINE)


@pytest.mark.parametrize("verb", OPTIONS)
def test_help_of_a_verb_names_exactly_its_options(verb: str) -> None:
    text = succeed(*verb.split(), "--help")
    assert set(re.findall(r"--[a-z-]+", text)) - {f"--{POSITIONAL[verb].lower()}", "--out"} == OPTIONS[verb]
    assert POSITIONAL[verb] in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("verb", OPTIONS)
def test_help_describes_each_option_in_a_sentence(verb: str) -> None:
    text = succeed(*verb.split(), "--help")
    for option in OPTIONS[verb]:
        assert re.search(rf"{option}\b[^a-z\n]*[A-Z]*\S*\s+\S+ \S+", text), f"{option} is not described"


def test_version_is_the_package_s() -> None:
    assert succeed("--version").strip() == version("mlcl")


def test_unknown_verb_is_wrong_usage_and_the_message_names_the_nearest() -> None:
    outcome = invoke("trian")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("mlcl: ")
    assert outcome.err.count("\n") == 1
    assert 'Did you mean "train"?' in outcome.err
    assert "see mlcl --help" in outcome.err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("evaluate", "evaluate needs RUN, run folder (see mlcl evaluate --help)"),
        ("compare mosi", "compare needs --output, study folder to make or to go on with (see mlcl compare --help)"),
        ("data convert x.pkl", "data convert needs OUT, file or folder to make (see mlcl data convert --help)"),
        ("train mosi --seed", "--seed needs a value (see mlcl train --help)"),
        ("train mosi two three", "train has no place for 'two three' (see mlcl train --help)"),
        ("train mosi --seed x", 'Invalid value for --seed: unable to convert "x" into int. (see mlcl train --help)'),
        ("train mosi --sed 3", "Unknown option: --sed. Did you mean --seed? (see mlcl train --help)"),
    ],
)
def test_a_command_that_cannot_be_parsed_names_what_is_missing_or_too_much(command: str, message: str) -> None:
    outcome = invoke(*command.split())
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"mlcl: {message}\n")


@pytest.mark.parametrize(
    "code",
    [
        "import mlcl",
        "from mlcl.cli.main import run; run(['--help'])",
        "from mlcl.cli.main import run; run(['train', '--help'])",
        "from mlcl.cli.main import run; run(['train', '--bogus'])",
        "from mlcl.cli.main import run; run(['config', 'mosi'])",
        "from mlcl.cli.main import run; run(['config', 'mosi', '--search'])",
        "from mlcl.cli.main import run; run(['tune', 'mosi', '--trials', '0'])",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str) -> None:
    show = f"import sys; {code}; print('loaded:', *[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_the_installed_command_is_the_module() -> None:
    done = [
        subprocess.run([*command, "--version"], capture_output=True, text=True)
        for command in ([sys.executable, "-m", "mlcl"], [sys.executable.rsplit("/", 1)[0] + "/mlcl"])
    ]
    assert [(run.returncode, run.stdout, run.stderr) for run in done] == [(0, f"{version('mlcl')}\n", "")] * 2


def test_config_lists_the_recipes_with_their_titles() -> None:
    lines = succeed("config").splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [[name, read_recipe(name)["title"]] for name in recipe_names()]
    assert set(recipe_names()) == {"demo", "mosi", "mosei", "ur_funny", "mustard"}


@every_recipe
@every_profile
def test_printed_config_is_the_experiment(recipe: str, profile: str) -> None:
    text = succeed("config", recipe, "--profile", profile)
    assert validate_experiment(yaml.safe_load(text)) == resolve(recipe, profile=profile)


@every_recipe
@every_profile
def test_profiles_differ(recipe: str, profile: str) -> None:
    settings = resolve(recipe, profile=profile)
    assert settings.model.mask_padding == (profile == "default")
    assert settings.model.cross_attention == ("sequence" if profile == "default" else "pooled")


def test_printed_config_describes_every_key() -> None:
    lines = succeed("config", "mosi").splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r" *\w+: ?\S", line)]
    settings = resolve("mosi")
    sections = [settings, *(value for _, value in settings if isinstance(value, Section))]
    assert len(keys) == sum(len(type(section).model_fields) for section in sections) - (len(sections) - 1)
    for number in keys:
        assert re.match(r" *# \S+ \S+", lines[number - 1]), f"no description above {lines[number]!r}"
        assert "None" not in lines[number - 1]


def test_set_changes_what_config_prints() -> None:
    changed = yaml.safe_load(succeed("config", "mosi", "--set", "train.epochs=3", "--set", "train.learning_rate=1e-3"))
    expected = yaml.safe_load(succeed("config", "mosi"))
    expected["train"] |= {"epochs": 3, "learning_rate": 0.001}
    assert changed == expected
