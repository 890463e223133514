"""Plans for an application: the next step to a target, from what is observed and nothing else."""

from cdk_penstock.model.lifecycle.planning.change import Change
from cdk_penstock.model.lifecycle.planning.change_target import ChangeTarget, VerifiedTarget
from cdk_penstock.model.lifecycle.planning.described_settings import DescribedSettings
from cdk_penstock.model.lifecycle.planning.expected_plan import expected_after, expected_plan
from cdk_penstock.model.lifecycle.planning.observation import Observation, VersionFacts
from cdk_penstock.model.lifecycle.planning.outcome import Outcome
from cdk_penstock.model.lifecycle.planning.plan_actions import Action, Ended
from cdk_penstock.model.lifecycle.planning.plan_target import Target
from cdk_penstock.model.lifecycle.planning.restore import Restore
from cdk_penstock.model.lifecycle.planning.restore_target import RestoreTarget
from cdk_penstock.model.lifecycle.planning.rollback_target import RollbackTarget
from cdk_penstock.model.lifecycle.planning.running_target import RunningTarget
from cdk_penstock.model.lifecycle.planning.snapshot_target import SnapshotTarget
from cdk_penstock.model.lifecycle.planning.stopped_target import StoppedTarget

__all__ = (
    "Action",
    "Change",
    "ChangeTarget",
    "DescribedSettings",
    "Ended",
    "Observation",
    "Outcome",
    "Restore",
    "RestoreTarget",
    "RollbackTarget",
    "RunningTarget",
    "SnapshotTarget",
    "StoppedTarget",
    "Target",
    "VerifiedTarget",
    "VersionFacts",
    "expected_after",
    "expected_plan",
)
