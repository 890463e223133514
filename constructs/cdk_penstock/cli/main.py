"""The entry point of ``penstock``: each error that a user can correct is one line, Ctrl-C is no traceback.

Next to nothing is imported before the error handling is in place, because the commands take a third of a second to
load.
"""

from __future__ import annotations

import os
import sys
from typing import Final

__all__ = ("main",)

EXIT_FAILED: Final = 1
EXIT_INTERRUPTED: Final = 130


def main() -> None:
    """Run the command and exit: 0 done, 1 failed with a message, 2 wrong arguments, 130 interrupted."""
    _show_what_the_encoding_lacks_as_escapes()
    try:
        _run()
    except KeyboardInterrupt:
        _exit("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has enough of it, as `head` does; the interpreter would flush into the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)
    except OSError as error:
        _exit(f"error: {_of_the_system(error)}", EXIT_FAILED)
    except _damages() as error:
        _exit(f"error: a file is damaged, or not in the form that is expected of it: {error}", EXIT_FAILED)


def _run() -> None:
    from cdk_penstock.cli.app import app  # noqa: PLC0415 - see the module's docstring
    from cdk_penstock.model.errors import PenstockError  # noqa: PLC0415

    try:
        app(prog_name="penstock")
    except PenstockError as error:
        _exit(f"error: {error}", EXIT_FAILED)


def _show_what_the_encoding_lacks_as_escapes() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _damages() -> tuple[type[Exception], ...]:
    """Return what damaged files raise; imported here, because the module of zips takes a while to load."""
    import zipfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    return UnicodeError, zipfile.BadZipFile, zlib.error


def _of_the_system(error: OSError) -> str:
    reason = error.strerror or str(error)
    if isinstance(error, FileNotFoundError) and not error.filename:
        return f"{reason}: the current folder was removed, or moved to another disk"
    return f"{error.filename}: {reason}" if error.filename else reason


def _exit(message: str, code: int) -> None:
    sys.stderr.write(f"{message}\n")
    sys.exit(code)
