"""Options that several verbs share: each is described here once."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from mlcl.errors import UsageError

if TYPE_CHECKING:
    from mlcl.config import Experiment

RECIPES = "demo, mosi, mosei, ur_funny, mustard"
DEVICE = Parameter(help="`auto`, `cpu`, `cuda`, `cuda:N` or `mps`.")
CHANGES = "Change one key: `section.key=value`. See `mlcl config RECIPE`."

DataFile = Annotated[Path, Parameter(help="Data file or folder, of any known layout.")]
NewFile = Annotated[Path, Parameter(help="File or folder to make.")]
Recipe = Annotated[str, Parameter(help=f"{RECIPES}, or a recipe file.")]
OwnRecipe = Annotated[str, Parameter(help="demo, mosi, mosei, ur_funny or mustard.")]
Changes = Annotated[list[str] | None, Parameter(name="--set", negative="", help=CHANGES)]
Data = Annotated[str | None, Parameter(help="Data file; `planted` for the embedded corpus.")]
Device = Annotated[str, DEVICE]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON instead of a table.")]
Model = Annotated[str | None, Parameter(help="Which model; `mlcl models` lists them; mlcl when absent.")]
Profile = Annotated[str | None, Parameter(help="`default`, or `release` to compute what the authors' code computes.")]
Run = Annotated[Path, Parameter(help="Run folder.")]
TextEncoder = Annotated[
    str | None, Parameter(help="Folder or hub name of the text encoder; `vectors` for text without words.")
]
Threads = Annotated[int | None, Parameter(help="CPU threads; as many as torch finds cores when absent.")]


@Parameter(name="*")
@dataclass(frozen=True)
class TrainingOptions:
    """What every verb takes that trains in this process."""

    model: Model = None
    data: Data = None
    text_encoder: TextEncoder = None
    profile: Profile = None
    seed: Annotated[int | None, Parameter(help="Seed of everything random.")] = None
    changes: Changes = None
    device: Annotated[str | None, DEVICE] = None
    threads: Threads = None
    quiet: Annotated[bool, Parameter(negative="", help="Show no progress.")] = False

    def experiment(self, recipe: str, **more: Any) -> "Experiment":
        """The experiment of a recipe with these options, and more that `mlcl.recipe.resolve` takes."""
        from mlcl.recipe import resolve

        given = {name: value for name, value in vars(self).items() if name not in ("threads", "quiet")}
        return resolve(recipe, **given, **more)

    def resumed(self, before: "Experiment", **more: Any) -> "Experiment":
        """A former experiment with those options that may change when it goes on."""
        from mlcl.recipe import changed

        given = {name: vars(self)[name] for name in ("data", "text_encoder", "changes", "device")}
        return changed(before, **given, **more)

    def limit_threads(self, experiment: "Experiment") -> None:
        """Limit torch as asked; the tiny encoder's steps are too small to share: two threads take twice as long."""
        from mlcl.config import TINY

        set_threads(1 if self.threads is None and experiment.text_encoder == TINY else self.threads)


def set_threads(threads: int | None) -> None:
    """Limit torch to a number of CPU threads."""
    if threads is None:
        return
    if threads < 1:
        raise UsageError(f"--threads {threads}: must be at least 1")
    import torch

    torch.set_num_threads(threads)
