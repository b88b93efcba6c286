"""``mlcl config``."""

from typing import Annotated

from cyclopts import Parameter

from mlcl.cli.options import Changes, Model, Profile, Recipe
from mlcl.errors import UsageError


def config(
    recipe: Recipe | None = None,
    *,
    model: Model = None,
    profile: Profile = None,
    changes: Changes = None,
    search: Annotated[bool, Parameter(negative="", help="Print what `mlcl tune` searches instead.")] = False,
) -> None:
    """Print a recipe's settings with what each means; without a recipe, the list of recipes."""
    from mlcl.recipe import describe, read_recipe, recipe_names, resolve
    from mlcl.studies.tune.search import describe_search, search_space

    if recipe is None and search:
        raise UsageError(f"--search needs a recipe: {', '.join(recipe_names())}, or a recipe file")
    if recipe is None:
        for name in recipe_names():
            print(f"{name:10} {read_recipe(name)['title']}")
    elif search:
        experiment = resolve(recipe, model=model, profile=profile, changes=changes)
        print(describe_search(search_space(experiment, recipe, changes)))
    else:
        print(describe(resolve(recipe, model=model, profile=profile, changes=changes)))
