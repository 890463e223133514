"""The steps of a key's life, each with a sentence for people.

A step that changes something is one call, so a kill falls before or after it, and the next observation tells which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.runtimes import FIRST_WITH_CUSTOMER_MANAGED_KEY

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.keys.key_assignment import KeyAssignment
    from cdk_penstock.model.keys.observed_application import Snapshot
    from cdk_penstock.model.lifecycle.statuses import ApplicationStatus


@dataclass(frozen=True, kw_only=True)
class OpenWindow:
    """The operator role gets a policy for one key."""

    key_arn: str

    def __str__(self) -> str:
        return f"open the permission window of the operator role for {self.key_arn}"


@dataclass(frozen=True, kw_only=True)
class CloseWindow:
    """The operator role loses the policy for one key, on which nothing depends any more."""

    key_arn: str

    def __str__(self) -> str:
        return f"close the permission window of the operator role for {self.key_arn}: nothing depends on it any more"


@dataclass(frozen=True, kw_only=True)
class TakeSnapshot:
    """A snapshot of the running application."""

    name: str
    encryption: KeyAssignment
    reason: str

    def __str__(self) -> str:
        return f"take snapshot {self.name} under {self.encryption}, {self.reason}"


@dataclass(frozen=True, kw_only=True)
class UpdateEncryption:
    """The configuration changes; a running application restarts through a snapshot under the old key."""

    target: KeyAssignment
    restarts: bool

    def __str__(self) -> str:
        how = "it restarts through a snapshot under the old key" if self.restarts else "used from its next start"
        return f"update the application to {self.target} ({how}), then read back what the service says"


@dataclass(frozen=True, kw_only=True)
class RotateKey:
    """KMS makes new material for a key."""

    key_arn: str

    def __str__(self) -> str:
        return f"rotate the material of {self.key_arn} on demand"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """The application stops with a snapshot, to be started again at once."""

    def __str__(self) -> str:
        return "stop the application with a snapshot, since new key material is used from a restart only"


@dataclass(frozen=True, kw_only=True)
class Start:
    """The application starts from its latest snapshot."""

    def __str__(self) -> str:
        return "start the application from its latest snapshot"


@dataclass(frozen=True, kw_only=True)
class DeleteSnapshot:
    """A snapshot that a good one has made superfluous."""

    snapshot: Snapshot

    def __str__(self) -> str:
        made = f"{self.snapshot.created_at:%Y-%m-%d %H:%M:%SZ}"
        return f"delete snapshot {self.snapshot.name} of {made} under {self.snapshot.encryption}"


@dataclass(frozen=True, kw_only=True)
class AwaitSteady:
    """The application is on its way to another status."""

    status: ApplicationStatus

    def __str__(self) -> str:
        return f"wait until the application, now {self.status}, is steady"


@dataclass(frozen=True, kw_only=True)
class AwaitSnapshot:
    """A snapshot is being created or deleted."""

    snapshot: Snapshot

    def __str__(self) -> str:
        return f"wait for snapshot {self.snapshot.name}, now {self.snapshot.status}"


@dataclass(frozen=True, kw_only=True)
class AwaitRotation:
    """KMS has not finished a rotation."""

    key_arn: str

    def __str__(self) -> str:
        return f"wait until the rotation of {self.key_arn} is complete"


@dataclass(frozen=True, kw_only=True)
class Soak:
    """The time in which one may still want to roll back, for which both keys are needed. Ends a run."""

    until: datetime
    seconds: int

    def __str__(self) -> str:
        return f"soak for {self.seconds} s from the good snapshot on, until {self.until:%Y-%m-%d %H:%M:%SZ}"


@dataclass(frozen=True, kw_only=True)
class AwaitStart:
    """The rest needs the application to run, which is not for a key's tool to decide. Ends a run."""

    reason: str

    def __str__(self) -> str:
        return f"wait until the application is started: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class AwaitUpgrade:
    """The runtime takes no customer managed key; an upgrade needs another package, which somebody has to build.

    Ends a run.
    """

    application_name: str
    runtime_environment: str

    def __str__(self) -> str:
        wanted = FIRST_WITH_CUSTOMER_MANAGED_KEY
        return (
            f"wait until the runtime is upgraded from {self.runtime_environment}, which takes no customer managed key:"
            f" build the package for {wanted}, then penstock app upgrade --application {self.application_name}"
            f" --runtime {wanted} --code CODE (docs/keys.md#an-older-runtime)"
        )


@dataclass(frozen=True, kw_only=True)
class Done:
    """The goal is reached. Ends a run."""

    text: str

    def __str__(self) -> str:
        return self.text


Ending = Soak | AwaitStart | AwaitUpgrade | Done
"""Steps after which a run ends: the goal is reached, or something has to happen first that the run does not do."""

Action = (
    OpenWindow
    | CloseWindow
    | TakeSnapshot
    | UpdateEncryption
    | RotateKey
    | Stop
    | Start
    | DeleteSnapshot
    | AwaitSteady
    | AwaitSnapshot
    | AwaitRotation
    | Soak
    | AwaitStart
    | AwaitUpgrade
    | Done
)
