"""The Prometheus program: the installed one, or Debian's package unpacked into the cache.

Unpacking needs no root and, unlike an installation, starts no system service and changes nothing outside the cache.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cdk_penstock.local.cache import cached_folder, default_cache
from cdk_penstock.local.errors import LocalPipelineError, MissingProgramError
from cdk_penstock.local.processes import Command, run_to_end

_INSTALL_COMMAND: Final = (
    "sudo apt-get update && sudo apt-get install -y prometheus && sudo systemctl disable --now prometheus"
)
DOWNLOAD_TIMEOUT_SECONDS: Final = 300.0
# The pages of Debian's Prometheus borrow their scripts and styles from these packages.
_DEBIAN_PACKAGES: Final = (
    "prometheus",
    "fonts-glyphicons-halflings",
    "libjs-bootstrap4",
    "libjs-d3",
    "libjs-eonasdan-bootstrap-datetimepicker",
    "libjs-jquery",
    "libjs-jquery-hotkeys",
    "libjs-moment",
    "libjs-moment-timezone",
    "libjs-mustache",
    "libjs-popper.js",
    "libjs-rickshaw",
)


@dataclass(frozen=True, kw_only=True)
class PrometheusBinary:
    """The program, and the folder of its pages if it does not find them by itself."""

    program: Path
    web_assets: Path | None = None


def find_prometheus(*, cache: Path | None = None) -> PrometheusBinary:
    """Return Prometheus: the one on the PATH, the one in the cache, or else Debian's, downloaded into the cache.

    Raises MissingProgramError, with the command that installs it, if it cannot be downloaded here.
    """
    installed = shutil.which("prometheus")
    if installed is not None:
        return PrometheusBinary(program=Path(installed))
    root = cached_folder(cache or default_cache(), "prometheus-debian", _download)
    return PrometheusBinary(
        program=root / "usr" / "bin" / "prometheus", web_assets=root / "usr" / "share" / "prometheus" / "web"
    )


def _download(folder: Path) -> None:
    apt_get, dpkg = shutil.which("apt-get"), shutil.which("dpkg")
    if apt_get is None or dpkg is None:
        raise MissingProgramError(
            "prometheus is not on the PATH, and without apt-get and dpkg it cannot be unpacked here; "
            f"install it (on Debian: {_INSTALL_COMMAND})"
        )
    log_file = folder / "download.log"
    try:
        arguments = [apt_get, "download", *_DEBIAN_PACKAGES]
        command = Command(name="apt-get", arguments=arguments, log_file=log_file, folder=folder)
        run_to_end(command, timeout_seconds=DOWNLOAD_TIMEOUT_SECONDS)
        for package in sorted(folder.glob("*.deb")):
            arguments = [dpkg, "-x", str(package), str(folder)]
            command = Command(name="dpkg", arguments=arguments, log_file=log_file, folder=folder)
            run_to_end(command, timeout_seconds=DOWNLOAD_TIMEOUT_SECONDS)
            package.unlink()
    except LocalPipelineError as error:
        raise MissingProgramError(
            f"prometheus is not on the PATH, and could not be downloaded ({error}); install it: {_INSTALL_COMMAND}"
        ) from error
    log_file.unlink()
