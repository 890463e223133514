"""Output: tables and lines for people, JSON for scripts."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

import typer
from rich.console import Console
from rich.text import Text

_WIDTH_OF_A_PIPE: Final = 100_000


def new_console(*, stderr: bool = False) -> Console:
    """Return a console that folds lines at the width of the terminal, or at COLUMNS, and never in a pipe.

    It shows text unchanged: brackets and colons in the names of a template are not markup or emoji.
    """
    stream = sys.stderr if stderr else sys.stdout
    piped = stream is None or not stream.isatty()
    width = _WIDTH_OF_A_PIPE if piped and "COLUMNS" not in os.environ else None
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def show_error(console: Console, error: Exception) -> None:
    """Show an error, below the progress."""
    console.print(Text.assemble(("error: ", "red"), str(error)), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON; raise ValueError for a number that JSON does not have."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))
