"""Check for secrets in a code archive."""

from __future__ import annotations

import csv
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.secrets import SECRET_CONTENT
from cdk_penstock.packaging.archive_damage import read_start
from cdk_penstock.packaging.code_archive import MANIFEST_ENTRY, MODULES_FOLDER

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from cdk_penstock.packaging.code_archive import CodeArchive

# A truststore holds public certificates only, and a job may need one to reach Kafka.
_SECRET_NAMES: Final = re.compile(
    r"(?:^|/)(?:\.env(?:\..+)?|\.netrc|\.pypirc|\.npmrc|credentials|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|.+\.key|.+(?<!truststore)\.(?:p12|pfx|jks))$"
    r"|(?:^|/)\.(?:aws|ssh)/"
)
_TEXT_MAX_BYTES: Final = 1024 * 1024
_FIX: Final = (
    "looks like a secret, and everybody who may read the code could read it: remove it, and let the job use its role or"
    " AWS Secrets Manager"
)


def find_secrets(archive: CodeArchive, opened: zipfile.ZipFile) -> Iterator[str]:
    """Yield files of a PyFlink zip that look like secrets by their names, or by their content up to 1 MiB.

    Third-party packages are left out: everybody may read them anyway, and their tests and examples are full of keys.
    The manifest of penstock's packager names the job's own packages; all other files below ``dep/`` are third-party.
    In a zip of another builder, the files in pip's ``RECORD`` files are third-party.
    """
    third_party = _third_party(archive, opened)
    for name, size in archive.entries.items():
        if name not in third_party and (_SECRET_NAMES.search(name) or _holds_secret(opened, name, size)):
            yield f"{name} {_FIX}"


def find_secrets_in_jar(name: str, jar: zipfile.ZipFile) -> Iterator[str]:
    """Yield files in a jar that look like secrets by their names; their content is mostly third-party."""
    for entry in jar.namelist():
        if not entry.endswith("/") and _SECRET_NAMES.search(entry):
            yield f"{entry} in {name} {_FIX}"


def _third_party(archive: CodeArchive, opened: zipfile.ZipFile) -> set[str]:
    if MANIFEST_ENTRY in archive.entries:
        own = tuple(f"{MODULES_FOLDER}{package}/" for package in archive.manifest.packages)
        return {name for name in archive.entries if name.startswith(MODULES_FOLDER) and not name.startswith(own)}
    listed: set[str] = set()
    for name in archive.entries:
        if name.endswith(".dist-info/RECORD"):
            folder = PurePosixPath(name).parents[1]
            rows = csv.reader(read_start(opened, name).decode(errors="replace").splitlines())
            listed |= {(folder / row[0]).as_posix() for row in rows if row}
    return listed


def _holds_secret(opened: zipfile.ZipFile, name: str, size: int) -> bool:
    if size > _TEXT_MAX_BYTES or name == MANIFEST_ENTRY:
        return False
    return SECRET_CONTENT.search(opened.read(name)) is not None
