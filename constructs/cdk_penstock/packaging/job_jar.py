"""The one jar with a job's Java dependencies, built by Maven."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from cdk_penstock.packaging.archive_damage import ZIP_ERRORS
from cdk_penstock.packaging.deterministic_zip import rewrite_jar
from cdk_penstock.packaging.errors import PackagingError

if TYPE_CHECKING:
    from pathlib import Path

_NOT_THE_JAR: Final = ("original-", "-sources.jar", "-javadoc.jar", "-tests.jar", "-shaded.jar")
_LAST_LINES: Final = 30
# Some versions of Maven always write colours: sequences that end in a letter, and titles that end in a bell.
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_ADVICE: Final = re.compile(
    r"\[ERROR\]\s*(?:$|To see the full stack trace|Re-run Maven using|For more information about the errors"
    r"|\[Help \d+\]|After correcting the problems|mvn <args> -rf)"
)
_HELP: Final = re.compile(r" -> \[Help \d+\]")


def build_jar(pom: Path) -> bytes:
    """Build the jar and return it in its deterministic form.

    Raises PackagingError if Maven or a JDK is missing, with the way to get it, if the build fails, with the end of
    Maven's output, and if the build leaves no jar or several.
    """
    missing = [
        f"{name} ({program})" for name, program in (("Maven", "mvn"), ("a JDK", "javac")) if not _is_there(program)
    ]
    if missing:
        raise PackagingError(
            f"building {pom.parent} needs {' and '.join(missing)}, not found here: install it (Debian: apt-get"
            f" install maven default-jdk-headless), or run `penstock package {pom.parent} --output job.zip` where it is"
            " installed and use the result with ApplicationCode.from_asset('job.zip')"
        )
    command = ["mvn", "-B", "-q", "-ntp", "-Dstyle.color=never", "-f", str(pom), "package", "-DskipTests"]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if result.returncode != 0:
        told = "\n".join(_without_advice(result.stdout + result.stderr)[-_LAST_LINES:])
        raise PackagingError(f"Maven could not build {pom} (exit code {result.returncode}):\n{told}")
    jar = find_jar(pom.parent / "target")
    try:
        return rewrite_jar(jar)
    except ZIP_ERRORS as error:
        raise PackagingError(
            f"Maven left {jar}, which is not a jar ({error}): build it again after `mvn clean`"
        ) from error


def _without_advice(output: str) -> list[str]:
    """Return the lines about the failure, without escape codes and without Maven's advice on how to debug Maven."""
    lines = (_HELP.sub("", _ESCAPES.sub("", line)).rstrip() for line in output.splitlines())
    return [line for line in lines if line and not _ADVICE.match(line)]


def find_jar(target: Path) -> Path:
    """Return the one jar that Maven left, or raise PackagingError, since MSF takes exactly one."""
    jars = [
        path
        for path in sorted(target.glob("*.jar"))
        if not any(path.name.startswith(mark) or path.name.endswith(mark) for mark in _NOT_THE_JAR)
    ]
    if len(jars) != 1:
        found = ", ".join(path.name for path in jars) or "none"
        raise PackagingError(
            f"MSF takes exactly one jar, Maven left {found} in {target}: shade all dependencies into one with the"
            " maven-shade-plugin and a fixed finalName, and remove what an earlier build left (mvn clean)"
        )
    return jars[0]


def _is_there(program: str) -> bool:
    java_home = os.environ.get("JAVA_HOME")
    if program == "javac" and java_home and shutil.which(program, path=os.path.join(java_home, "bin")):  # noqa: PTH118 - a search path
        return True
    return shutil.which(program) is not None
