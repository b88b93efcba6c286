"""What differs between the features that a model was trained on and those that can be made here."""

from mlcl.media.pretrained.weights import BUNDLES
from mlcl.media.specification import ExtractorSpecification


def difference(wanted: ExtractorSpecification, here: ExtractorSpecification) -> str | None:
    """What differs, and how to get it; None if nothing does."""
    again = "extract the data anew and train on them"
    if wanted.version != here.version:
        return (
            f"version {wanted.version}, and this mlcl has version {here.version}: install the mlcl of then, or {again}"
        )
    for package, version in wanted.packages.items():
        if here.packages.get(package) != version:
            return (
                f"{package} {version}, and {here.packages.get(package)} is here: "
                f"pip install '{package}=={version}.*', or {again}"
            )
    if sorted(wanted.weights.values()) != sorted(here.weights.values()):
        return _other_weights(wanted, here)
    if dict(wanted.parameters) != dict(here.parameters):
        model = wanted.parameters.get("model")
        parameters = {**wanted.parameters, "model": here.parameters.get("model")} if model else wanted.parameters
        if dict(parameters) != dict(here.parameters):  # a model is known by its weights, whatever its folder is called
            return f"parameters {dict(wanted.parameters)}, and here they are {dict(here.parameters)}: {again}"
    if wanted.columns != here.columns:
        first = next((name for name in wanted.columns if name not in here.columns), wanted.columns[0])
        return f"{len(wanted.columns)} columns, and here there are {len(here.columns)}, without {first!r}: {again}"
    if wanted.rate != here.rate:
        return f"{wanted.rate} rows a second, and here there are {here.rate}: {again}"
    return None


def _other_weights(wanted: ExtractorSpecification, here: ExtractorSpecification) -> str:
    lacking = {name: value for name, value in wanted.weights.items() if value not in here.weights.values()}
    name, value = next(iter(lacking.items()), ("other files", ""))
    known = [bundle for bundle, entry in BUNDLES.items() if value in entry.files.values()]
    how = f"`mlcl features fetch {known[0]}`" if known else "name the folder that holds them"
    return f"weights {name} {value[:12]}, and those here are {_short(here)}: {how}"


def _short(here: ExtractorSpecification) -> str:
    return ", ".join(f"{name} {value[:12]}" for name, value in here.weights.items()) or "none"
