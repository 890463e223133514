"""Evidence as a folder: a file for each document, a summary and a manifest; written whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cdk_penstock
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.evidence_summary import evidence_summary

if TYPE_CHECKING:
    from cdk_penstock.model.collected_evidence import Evidence


def write_evidence(evidence: Evidence, folder: Path) -> None:
    """Write evidence to a new folder, which only its owner can read.

    Raises
    ------
    PenstockError
        The folder exists. Nothing is overwritten.
    OSError
        It cannot be written; then it does not exist.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, so that it can be moved there in one step.
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, text in _files(evidence).items():
            file = work / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if folder.exists():
            raise PenstockError(f"the folder {folder} exists, expected a new one: nothing was overwritten")
        work.rename(folder)
    finally:
        # After the move, it is not there any more.
        shutil.rmtree(work, ignore_errors=True)


def _files(evidence: Evidence) -> dict[str, str]:
    files = {
        f"{name}.txt" if isinstance(document, str) else f"{name}.json": _text(document)
        for name, document in evidence.documents.items()
    }
    manifest = {
        "application": evidence.application,
        "collectedAt": evidence.collected_at.isoformat(),
        "penstock": cdk_penstock.__version__,
        "files": sorted([*files, "summary.md"]),
        "unread": [{"source": each.source, "reason": each.reason} for each in evidence.unread],
    }
    return files | {"summary.md": evidence_summary(evidence), "manifest.json": _text(manifest)}


def _text(document: Any) -> str:
    return f"{document}\n" if isinstance(document, str) else json.dumps(document, indent=2, ensure_ascii=False) + "\n"
