"""``mlcl config``."""

from typing import Annotated

from cyclopts import Parameter

from mlcl.cli.options import Model


def config(
    recipe: str | None = None,
    *,
    model: Model = "mlcl",
    profile: Annotated[str, Parameter(help="`default` or `release`.")] = "default",
    changes: Annotated[
        list[str] | None, Parameter(name="--set", negative="", help="Change one key: `section.key=value`.")
    ] = None,
) -> None:
    """Print a recipe's settings with what each means; without a recipe, the list of recipes.

    Parameters
    ----------
    recipe
        demo, mosi, mosei, ur_funny or mustard.
    """
    from mlcl.recipe import describe, read_recipe, recipe_names, resolve

    if recipe is None:
        for name in recipe_names():
            print(f"{name:10} {read_recipe(name)['title']}")
    else:
        print(describe(resolve(recipe, model=model, profile=profile, changes=changes)))
