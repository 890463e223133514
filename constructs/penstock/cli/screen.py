"""Output: tables and lines for people, JSON for scripts."""

from __future__ import annotations

import json
import os
from typing import Any, Final

import typer
from rich.console import Console

__all__ = ("new_console", "print_json")

_WIDTH_OF_A_PIPE: Final = 100_000


def new_console(*, stderr: bool = False) -> Console:
    """Return a console that folds lines at the width of the terminal, or at COLUMNS, and never in a pipe."""
    console = Console(stderr=stderr)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        return Console(stderr=stderr, width=_WIDTH_OF_A_PIPE)
    return console


def print_json(value: Any) -> None:
    """Print a value as JSON; raise ValueError for a number that JSON does not know."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))
