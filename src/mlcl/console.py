"""Where tables and progress are printed."""

import os
import sys

from rich.console import Console as RichConsole


class Console(RichConsole):
    """rich's console, plain where `NO_COLOR` is set: neither styles nor anything that moves the cursor."""

    def __init__(self, *, stderr: bool = False, markup: bool = True) -> None:
        super().__init__(
            file=sys.stderr if stderr else None,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            markup=markup,
            highlight=False,
        )

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002
        """Leave the cursor visible: a process that is killed could not bring it back."""
        return False
