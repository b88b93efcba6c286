"""Versions of the libraries that compute features, as far as they matter to the numbers."""

from importlib.metadata import PackageNotFoundError, version

from mlcl.errors import UsageError


def package_version(package: str, extra: str) -> str:
    """Major and minor version of an installed package, as ``2.6``.

    Args:
        package: Its name in the registry.
        extra: The extra of mlcl that installs it; empty for what mlcl always has.

    Raises:
        UsageError: If it is not installed.
    """
    try:
        return ".".join(version(package).split("+")[0].split(".")[:2])
    except PackageNotFoundError:
        how = f"pip install 'mlcl[{extra}]'" if extra else "pip install mlcl"
        raise UsageError(f"{package} is needed and not installed: {how}") from None
