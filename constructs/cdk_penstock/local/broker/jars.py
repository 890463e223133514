"""The broker's jars, resolved by Maven once and kept in the cache."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from cdk_penstock.local.cache import cached_folder, default_cache
from cdk_penstock.local.processes import Command, run_to_end
from cdk_penstock.local.programs import require_program

POM_FILE: Final = Path(__file__).with_name("pom.xml")
DOWNLOAD_TIMEOUT_SECONDS: Final = 600.0


def resolve_broker_jars(*, cache: Path | None = None) -> Path:
    """Return a folder with the jars of the broker and everything it needs; by default in the user's cache folder.

    Raises MissingProgramError where the jars are not in the cache and Maven is missing, and ProcessDiedError, with the
    end of Maven's output, where Maven fails.
    """
    digest = hashlib.sha256(POM_FILE.read_bytes()).hexdigest()[:12]
    return cached_folder(cache or default_cache(), f"kafka-broker-{digest}", _resolve)


def _resolve(folder: Path) -> None:
    maven = require_program("mvn", purpose="to resolve the jars of the Kafka broker")
    log_file = folder / "maven.log"
    arguments = [
        maven, "--batch-mode", "--quiet", "--file", str(POM_FILE),
        "dependency:copy-dependencies", f"-DoutputDirectory={folder}", "-DincludeScope=runtime",
    ]  # fmt: skip
    command = Command(name="maven", arguments=arguments, log_file=log_file, folder=folder)
    run_to_end(command, timeout_seconds=DOWNLOAD_TIMEOUT_SECONDS)
    log_file.unlink()
