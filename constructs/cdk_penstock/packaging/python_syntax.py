"""Check that Python source compiles for another Python than the one that runs here."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys

_COMPILE = "import sys; compile(sys.stdin.buffer.read(), sys.argv[1], 'exec')"


def find_syntax_error(source: bytes, name: str, python_version: str) -> str | None:
    """Return the reason why the source does not compile for ``python_version`` (``major.minor``), None if it does.

    For an older Python, this one checks with the grammar of that version. For a newer one, that Python itself is asked
    if it is on the path, but only if this one does not understand the source.
    """
    major, minor = (int(part) for part in python_version.split("."))
    try:
        ast.parse(source, name, feature_version=min((major, minor), sys.version_info[:2]))
        compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if (major, minor) > sys.version_info[:2]:
            return _ask(source, name, python_version)
        line = f"{name}:{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else name
        reason = getattr(error, "msg", None) or str(error) or type(error).__name__
        return f"{line} does not compile for Python {python_version}: {reason}"
    return None


def _ask(source: bytes, name: str, python_version: str) -> str | None:
    python = shutil.which(f"python{python_version}")
    if python is None:
        here = ".".join(str(part) for part in sys.version_info[:2])
        return (
            f"{name} does not compile for Python {here}, and python{python_version}, the runtime's, is not on the path:"
            " install it, or correct the syntax"
        )
    result = subprocess.run([python, "-c", _COMPILE, name], input=source, capture_output=True, check=False)
    if result.returncode == 0:
        return None
    reason = result.stderr.decode(errors="replace").strip().splitlines()[-1]
    return f"{name} does not compile for Python {python_version}: {reason}"
