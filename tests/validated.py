"""Synthesis with the CDK's own validation, in a process of its own: its runtime reads the switch when it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def run_validated(program: list[str], *, outdir: Path, context: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run a program that synthesizes, with validation on, and return what became of it."""
    strict = {"@aws-cdk/core:validateAgainstDefaultRules": True, "@aws-cdk/core:strictCfnValidateErrors": True}
    environment = {
        "CDK_VALIDATION": "true",
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(context | strict),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "constructs")]),
    }
    return subprocess.run(
        [sys.executable, *program], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
