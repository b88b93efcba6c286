"""The training loop, optimisers, schedules and checkpoints.

``mlcl.train`` is both this package and the function that trains: calling it calls `mlcl.runs.start.train`.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return import_module("mlcl.runs.start").train(*arguments, **options)  # by name: imports point left


sys.modules[__name__].__class__ = _CallablePackage
