"""The properties of a FlinkApplication, their production defaults, and the small types that they use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypedDict, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_logs as logs

from cdk_penstock.model.arguments import check_properties
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.metrics.metrics_level import MetricsLevel
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.model.sizing import DEFAULT_MAX_KPUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms


class ApplicationPropsError(PenstockError):
    """A property of an application that MSF would refuse, or that contradicts another one."""


class LogLevel(StrEnum):
    """The least severe level that the job logs. Flink reports its own errors at INFO, so a higher level hides them."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class RestoreMode(StrEnum):
    """The state that a job continues from after an update."""

    LATEST_SNAPSHOT = "RESTORE_FROM_LATEST_SNAPSHOT"
    CUSTOM_SNAPSHOT = "RESTORE_FROM_CUSTOM_SNAPSHOT"
    SKIP = "SKIP_RESTORE_FROM_SNAPSHOT"


@dataclass(frozen=True, kw_only=True)
class RunConfiguration:
    """The state that a running application continues from after an update by CloudFormation.

    It is applied to every later update of a RUNNING application too, until it is removed, and has no effect on a start.

    Parameters
    ----------
    restore_mode
        The state to continue from.
    snapshot_name
        The snapshot of ``RestoreMode.CUSTOM_SNAPSHOT``, and only of that.
    allow_non_restored_state
        Whether state that no operator claims may be left behind.
    """

    restore_mode: RestoreMode = RestoreMode.LATEST_SNAPSHOT
    snapshot_name: str | None = None
    allow_non_restored_state: bool = False

    def __post_init__(self) -> None:
        """Refuse a snapshot without the mode that uses it, and the reverse."""
        if (self.snapshot_name is not None) != (self.restore_mode is RestoreMode.CUSTOM_SNAPSHOT):
            raise ApplicationPropsError(
                f"snapshot_name goes with RestoreMode.CUSTOM_SNAPSHOT and only with it, got {self.snapshot_name!r}"
                f" with {self.restore_mode}"
            )


@dataclass(frozen=True, kw_only=True)
class ApplicationEncryption:
    """The key that CloudFormation itself sets for state at rest; made by the static factories.

    Leaving it out keeps the application's present key: the AWS-owned one at first, and later whatever the
    customer-managed-key sequence has set.
    """

    key: kms.IKey | None

    @staticmethod
    def aws_owned_key() -> ApplicationEncryption:
        """Return to, or stay with, the key that AWS owns; every update of the stack asserts it again."""
        return ApplicationEncryption(key=None)

    @staticmethod
    def customer_managed_key(key: kms.IKey) -> ApplicationEncryption:
        """Use this key from the first update on; needs a runtime from 1.20 on.

        CloudFormation's execution role is the operator here, so the key's policy must already allow it, and both
        service principals of MSF. For a new application prefer the documented order: first the AWS-owned key.
        """
        return ApplicationEncryption(key=key)


class FlinkApplicationProps(TypedDict, total=False):
    """Every property of an application but its code. None is required; PRODUCTION_DEFAULTS holds the defaults."""

    runtime: FlinkRuntime
    """The Flink runtime. Default: 1.20."""
    application_name: str
    """The physical name, 1 to 128 characters. Renaming replaces the application and loses its snapshots, so set it.
    Default: a name from the construct's path, with a warning."""
    description: str
    """At most 1024 characters. Default: none."""
    parallelism: int
    """Subtasks of each operator, and the least that autoscaling keeps. Default: 1."""
    max_parallelism: int
    """The maximum parallelism that the job's code sets, beyond which MSF does not scale it. Default: not known."""
    parallelism_per_kpu: int
    """Subtasks that share a KPU, 1 to 8. Default: 1."""
    max_kpus: int
    """The most KPUs that run tasks; above 64 the account's quota has to be raised. Default: 64."""
    auto_scaling_enabled: bool
    """True if MSF doubles the parallelism above 75 % CPU and halves it below 10 %. Only the account's quota and
    ``max_parallelism`` hold it, so ``max_kpus`` below 64 needs that. Default: False, so that the bill is fixed."""
    checkpointing_enabled: bool
    """True if the job can recover its state after a failure. Default: True."""
    checkpoint_interval: Duration
    """Time between the starts of two checkpoints. Default: one minute."""
    min_pause_between_checkpoints: Duration
    """Time between the end of a checkpoint and the start of the next. Default: five seconds."""
    snapshots_enabled: bool
    """True if stops, updates and scaling keep the job's state. Default: True."""
    system_rollback_enabled: bool
    """True if MSF returns to the previous version when an update fails. Default: True."""
    log_level: LogLevel
    """Default: INFO."""
    metrics_level: MetricsLevel
    """Default: APPLICATION, the one without an extra price per operator."""
    log_retention: logs.RetentionDays
    """Retention of log events. Default: 30 days."""
    log_encryption_key: kms.IKey
    """The key of the log group. Default: a new key, rotated every year."""
    property_groups: Mapping[str, Mapping[str, str]]
    """Property groups that the job reads at run time; ``add_property_group`` adds more. Default: none."""
    vpc: ec2.IVpc
    """The VPC that the job runs in. Default: none, the job reaches public endpoints only."""
    vpc_subnets: ec2.SubnetSelection
    """Its subnets, none of them public. Default: the private subnets, one per availability zone."""
    security_groups: Sequence[ec2.ISecurityGroup]
    """One to five. Default: a new security group."""
    outbound_ports: Sequence[int]
    """TCP ports that the job may call at any address, from its own security group: 443 for AWS services. What lets it
    reach a cluster adds that cluster's. Default: all outbound traffic."""
    maintenance_window_start_time: str
    """``HH:MM`` in UTC, the start of the eight hours in which MSF may patch. Default: the maintenance
    window of the Region."""
    encryption: ApplicationEncryption
    """The key of state at rest. Default: not set, see ApplicationEncryption."""
    run_configuration: RunConfiguration
    """Restore type of a running application after an update. Default: from the latest snapshot."""
    removal_policy: RemovalPolicy
    """Of the application, its role and its log. Default: RETAIN, because snapshots go with the application."""


PRODUCTION_DEFAULTS: Final = FlinkApplicationProps(
    runtime=FlinkRuntime.FLINK_1_20,
    parallelism=1,
    parallelism_per_kpu=1,
    max_kpus=DEFAULT_MAX_KPUS,
    auto_scaling_enabled=False,
    checkpointing_enabled=True,
    checkpoint_interval=Duration.minutes(1),
    min_pause_between_checkpoints=Duration.seconds(5),
    snapshots_enabled=True,
    system_rollback_enabled=True,
    log_level=LogLevel.INFO,
    metrics_level=MetricsLevel.APPLICATION,
    log_retention=logs.RetentionDays.ONE_MONTH,
    removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
)


def merge_props(application: type, props: FlinkApplicationProps) -> FlinkApplicationProps:
    """Return the caller's properties over the ``defaults`` of the class and its bases, nearest first.

    None stands for a property that was left out, as with the CDK's own.

    Raises ArgumentError for a default that is no property, or of another type.
    """
    merged: dict[str, object] = {}
    layers = [vars(base).get("defaults", {}) for base in reversed(application.__mro__)]
    for layer in layers:
        check_properties(FlinkApplicationProps, layer, f"defaults of {application.__name__}")
        merged |= layer
    given = {name: value for name, value in props.items() if value is not None}
    return cast("FlinkApplicationProps", merged | given)


def refuse_contradictions(props: FlinkApplicationProps) -> None:
    """Raise ApplicationPropsError for properties of which one makes the other pointless; defaults are not meant."""
    pointless = [
        name for name in ("checkpoint_interval", "min_pause_between_checkpoints") if props.get(name) is not None
    ]
    if pointless and props.get("checkpointing_enabled") is False:
        raise ApplicationPropsError(
            f"{' and '.join(pointless)} say how often to take checkpoints, got checkpointing_enabled=False as well:"
            " leave out one or the other"
        )
