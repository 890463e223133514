"""The entry point of ``penstock``: errors that a user can correct are one line, and Ctrl-C shows no traceback.

Almost nothing is imported before the error handling is in place, because the commands take a third of a second to load.
"""

from __future__ import annotations

import os
import sys
from typing import Final

EXIT_FAILED: Final = 1
EXIT_INTERRUPTED: Final = 130


def main() -> None:
    """Run the command and exit: 0 done, 1 failed with a message, 2 wrong arguments, 130 interrupted."""
    _escape_characters_that_the_encoding_lacks()
    try:
        _run()
    except KeyboardInterrupt:
        _exit("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of the pipe, such as `head`, has stopped reading; the interpreter would write to the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)
    except OSError as error:
        _exit(f"error: {_system_error_text(error)}", EXIT_FAILED)
    except _damaged_file_errors() as error:
        _exit(f"error: a file is damaged or does not have the expected form: {error}", EXIT_FAILED)


def _run() -> None:
    from cdk_penstock.cli.app import app  # noqa: PLC0415 - see the module's docstring
    from cdk_penstock.model.errors import PenstockError  # noqa: PLC0415

    try:
        app(prog_name="penstock")
    except PenstockError as error:
        _exit(f"error: {error}", EXIT_FAILED)


def _escape_characters_that_the_encoding_lacks() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _damaged_file_errors() -> tuple[type[Exception], ...]:
    """Return the errors that damaged files raise; zipfile is imported here because it loads slowly."""
    import zipfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    return UnicodeError, zipfile.BadZipFile, zlib.error


def _system_error_text(error: OSError) -> str:
    reason = error.strerror or str(error)
    if isinstance(error, FileNotFoundError) and not error.filename:
        return f"{reason}: the current folder was removed, or moved to another disk"
    return f"{error.filename}: {reason}" if error.filename else reason


def _exit(message: str, code: int) -> None:
    sys.stderr.write(f"{message}\n")
    sys.exit(code)
