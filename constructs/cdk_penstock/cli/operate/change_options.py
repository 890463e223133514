"""Options that the changing commands of ``penstock app`` share, and what they mean for a plan."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cdk_penstock.cli.operate.time_spans import check_time_span, parse_time_span
from cdk_penstock.model.lifecycle.planning import Restore
from cdk_penstock.model.lifecycle.planning.restore_points import RestoreRules

if TYPE_CHECKING:
    from datetime import datetime

_SNAPSHOT_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,256}")
LATEST: Final = "latest"
_NOTHING: Final = "none"
_DAY_SECONDS: Final = 86_400


def _snapshot(value: str | None) -> str | None:
    if value is not None and not _SNAPSHOT_NAME.fullmatch(value):
        raise typer.BadParameter(f"expected the name of a snapshot, 1 to 256 letters, digits, '_.-', got {value!r}")
    return value


def _folder(value: Path) -> Path:
    if not value.is_dir():
        raise typer.BadParameter(f"expected a folder that exists, got {str(value)!r}")
    return value


DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print the steps that the command would take, and change nothing.")
]
StableOption = Annotated[
    int | None,
    typer.Option(
        "--stable-seconds",
        min=1,
        max=_DAY_SECONDS,
        help="The job must run for this time without a failure, and complete a checkpoint. Default: two checkpoint"
        " intervals, from 60 to 300.",
    ),
]
TimeoutOption = Annotated[
    int | None,
    typer.Option(
        "--timeout-minutes",
        min=1,
        max=1440,
        help="The longest time for an operation of MSF, and from its begin until every subtask of the job runs. Raise"
        " it for large state. Default: 20 for MSF, 15 for the job.",
    ),
]
EvidenceOption = Annotated[
    Path,
    typer.Option(
        "--evidence-folder",
        callback=_folder,
        help="Before a rollback or a forced stop, save evidence as penstock app capture does, in a new folder in this"
        " one.",
    ),
]
EVIDENCE_DEFAULT: Final = Path()
ForceOption = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Stop the application with force, without a snapshot, where nothing else helps. This loses what is newer"
        " than its last snapshot, so the command asks twice.",
    ),
]
LossOption = Annotated[
    str | None,
    typer.Option(
        "--yes-lose-state",
        metavar="APPLICATION",
        help="Accept the loss of state without questions: repeat the application's name. For scripts.",
    ),
]
RestoreOption = Annotated[
    str,
    typer.Option(
        "--restore",
        metavar="latest|none|SNAPSHOT",
        callback=_snapshot,
        help="The state that the job begins with: the latest snapshot, nothing, or a snapshot by its name.",
    ),
]
SnapshotOption = Annotated[
    str, typer.Option("--snapshot", callback=_snapshot, help="The snapshot's name, see penstock snapshot list.")
]
NonRestoredOption = Annotated[
    bool,
    typer.Option(
        "--allow-non-restored-state",
        help="Leave out state in the snapshot that no operator of the job takes. It holds for this start only.",
    ),
]
RetentionOption = Annotated[
    str | None,
    typer.Option(
        "--source-retention",
        callback=check_time_span,
        metavar="SPAN",
        help="How long the source keeps records, such as 24h or 7d: an older snapshot is not restored, since records"
        " would be lost. Default: not checked.",
    ),
]
AgainOption = Annotated[
    bool,
    typer.Option(
        "--again",
        help="Do it once more, though it was done before. Without it, a repeated command only continues what was"
        " interrupted.",
    ),
]
RollbackOption = Annotated[
    bool,
    typer.Option(
        "--rollback/--no-rollback",
        help="Bring the version before back if the job of the change fails. With --no-rollback it is left as it is.",
    ),
]
StoppedOption = Annotated[bool, typer.Option("--leave-stopped", help="Do not start an application that is stopped.")]
WithoutSnapshotsOption = Annotated[
    bool,
    typer.Option(
        "--allow-state-loss",
        help="Update a running application whose snapshots are disabled, which loses its state. The command asks"
        " twice.",
    ),
]


BucketOption = Annotated[
    str | None,
    typer.Option("--bucket", help="The bucket to upload the code to. Default: that of the present code."),
]


def restore_of(value: str, *, allow_non_restored_state: bool = False) -> Restore:
    """Return the state that ``--restore`` names."""
    named = {LATEST: Restore.latest(), _NOTHING: Restore.nothing()}.get(value) or Restore.snapshot(value)
    return named.leaving_out_state() if allow_non_restored_state else named


def update_restore_of(restore: Restore) -> Restore | None:
    """Return what a running application is restarted from; None for the snapshot that its update takes."""
    return None if restore == Restore.latest() else restore


def rules_of(source_retention: str | None) -> RestoreRules:
    """Return the snapshots that may be restored."""
    return RestoreRules(source_retention=None if source_retention is None else parse_time_span(source_retention))


def again_since(again: bool, now: datetime) -> datetime | None:
    """Return the moment since which what was done counts; None if all of it does."""
    return now if again else None
