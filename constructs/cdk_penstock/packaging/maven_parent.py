"""The parent of a Maven project, which several jobs of a repository may have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from cdk_penstock.packaging.job_folder import read_file

if TYPE_CHECKING:
    from pathlib import Path

_NAMESPACES: Final = ("", "{http://maven.apache.org/POM/4.0.0}")
_DEFAULT_PATH: Final = "../pom.xml"


def has_parent_above(pom: Path) -> bool:
    """Tell whether a project's parent is the pom.xml of the folder above, by Maven's own rules for ``relativePath``.

    What is no XML has no parent: Maven says so when it builds. See Maven's POM reference, "Inheritance".
    """
    above = pom.absolute().parent.parent / "pom.xml"
    if not above.is_file():
        return False
    try:
        project = ET.fromstring(read_file(pom))  # noqa: S314 (Maven runs what this file says)
    except ET.ParseError:
        return False
    for namespace in _NAMESPACES:
        parent = project.find(f"{namespace}parent")
        if parent is not None:
            named = parent.findtext(f"{namespace}relativePath", _DEFAULT_PATH).strip()
            target = pom.absolute().parent / named
            file = target / "pom.xml" if target.is_dir() else target
            return bool(named) and file.is_file() and above.samefile(file)
    return False
