"""An environment's values, as its TOML file holds them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from aws_cdk import RemovalPolicy
from pydantic import AfterValidator, Field, field_validator, model_validator

from cdk_penstock.model.autoscaling import Autoscaling
from cdk_penstock.model.kafka import KafkaError
from cdk_penstock.model.names import check_application_name
from cdk_penstock.model.properties import PropertyGroups, refuse_run_options
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.model.sizing import Sizing
from stacks.access import EncryptionSettings, PrincipalSettings
from stacks.places import EventsSettings, MetricsSettings, NetworkSettings
from stacks.regions import check_region, check_roles, check_services, check_zones
from stacks.settings import REPOSITORY, WHOLE_NUMBER, Settings, allowed, text_of_form
from stacks.workloads import DEFAULT_WORKLOAD, job_folder, pipeline_of, workload_names

if TYPE_CHECKING:
    from cdk_penstock.model.kafka_storage import TopicLoad

__all__ = ("ApplicationSettings", "CodeSettings", "Environment")

LogRetentionDays = Annotated[
    Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653], WHOLE_NUMBER
]
Text = Annotated[str, text_of_form(r".+", "at least one character")]
S3Text = Annotated[str, text_of_form(r".{1,1024}", "1 to 1024 characters")]


class CodeSettings(Settings):
    """Source of the application's code: a folder, a package or a bucket; by default the workload's folder."""

    folder: Text | None = None
    """A PyFlink job's folder, relative to the repository; built at synthesis."""
    package: Text | None = None
    """A zip that is built already, relative to the repository."""
    bucket: (
        Annotated[
            str,
            text_of_form(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits, dots and hyphens"),
        ]
        | None
    ) = None
    """The name of a bucket."""
    object_key: S3Text | None = None
    """The object in the bucket."""
    object_version: S3Text | None = None
    """The object's version."""
    entry_point: Text = "main.py"
    """The Python file with the job."""

    @model_validator(mode="after")
    def _at_most_one_source(self) -> Self:
        given = [name for name in ("folder", "package", "bucket") if getattr(self, name) is not None]
        if len(given) > 1:
            message = f"code has one of folder, package and bucket, got {' and '.join(given)}"
            raise ValueError(message)
        if (self.bucket is None) != (self.object_key is None):
            message = f"bucket and object_key go together, got {self.bucket!r} and {self.object_key!r}"
            raise ValueError(message)
        if self.object_version is not None and self.bucket is None:
            message = "object_version goes with bucket and object_key"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _folder_has_the_job(self) -> Self:
        if self.folder is not None:
            self.check_folder(Path(self.folder))
        return self

    @property
    def is_of_the_workload(self) -> bool:
        """True if the code is that of the environment's workload."""
        return self.folder is None and self.package is None and self.bucket is None

    def check_folder(self, relative: Path) -> None:
        """Raise ValueError unless a folder of the repository has the entry point."""
        folder = REPOSITORY / relative
        if not folder.is_dir():
            message = f"got folder {str(relative)!r}, expected the job's folder, relative to {REPOSITORY}"
            raise ValueError(message)
        if not (folder / self.entry_point).is_file():
            there = ", ".join(sorted(path.name for path in folder.glob("*.py"))) or "no Python file"
            message = f"got entry_point {self.entry_point!r}, expected a file of {relative}: it has {there}"
            raise ValueError(message)


class ApplicationSettings(Settings):
    """The values of one application."""

    name: str
    """The physical name; changing it replaces the application and loses its snapshots."""
    runtime: str = "FLINK-1_20"
    code: CodeSettings = CodeSettings()
    # What is not set is not handed on: its default is the library's.
    parallelism: int | None = None
    parallelism_per_kpu: int | None = None
    max_kpus: int | None = None
    auto_scaling: bool | None = None
    """Whether MSF scales it; with max_kpus below MSF's quota, ``max.parallelism`` of properties.job has to hold it."""
    checkpoint_interval_seconds: Annotated[int, Field(ge=1, le=86_400)] | None = None
    log_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] | None = None
    log_retention_days: LogRetentionDays | None = None
    metrics_level: Literal["APPLICATION", "TASK", "OPERATOR", "PARALLELISM"] | None = None
    maintenance_window_start_time: (
        Annotated[str, text_of_form(r"([01]\d|2[0-3]):[0-5]\d", "a time of day in UTC, such as '02:00'")] | None
    ) = None
    start: bool = False
    """Whether a deployment ends with the application running."""
    outbound_ports: list[Annotated[int, Field(ge=1, le=65_535)]] = Field(default_factory=lambda: [443])
    """TCP ports that the job may call in a VPC that exists already, beside those of its Kafka; a VPC that is made here
    leads nowhere else."""
    properties: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Property groups by id, as the job reads them; values are text."""

    @field_validator("name")
    @classmethod
    def _name_is_allowed(cls, name: str) -> str:
        return allowed(check_application_name, name)

    @field_validator("runtime")
    @classmethod
    def _runtime_is_supported(cls, identifier: str) -> str:
        runtime = allowed(FlinkRuntime.of, identifier)
        if not runtime.is_supported:
            message = f"runtime {identifier} is no longer supported by MSF: use FLINK-1_20 or later"
            raise ValueError(message)
        return identifier

    @field_validator("properties")
    @classmethod
    def _properties_are_allowed(cls, properties: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        allowed(refuse_run_options, properties)
        allowed(_property_groups, properties)
        return properties

    @model_validator(mode="after")
    def _size_is_allowed(self) -> Self:
        sizing = allowed(_sizing, self)
        if self.auto_scaling:
            allowed(lambda size: Autoscaling(sizing=size, max_parallelism=self.max_parallelism), sizing)
        return self

    @property
    def max_parallelism(self) -> int | None:
        """The maximum that the job is told to set, as the bundled ones read it (docs/job.md), None without one."""
        told = self.properties.get("job", {}).get("max.parallelism", "")
        return int(told) if re.fullmatch(r"[0-9]{1,9}", told) else None

    @property
    def sizing(self) -> Sizing:
        """The parallelism, checked."""
        return _sizing(self)


class Environment(Settings):
    """One environment, deployed as one Stage."""

    name: str
    """From the file's name."""
    account: Annotated[str, text_of_form(r"\d{12}", "an account's id in quotes, 12 digits")] | None = None
    """The account; without one, the one that the CDK's command line is logged in to."""
    region: Annotated[str, AfterValidator(check_region)] | None = None
    """The Region; without one, the one that the CDK's command line is set to."""
    sensitive_data: bool = True
    """Whether data that must not be lost or seen passes through it."""
    retain_data: bool = True
    """Whether what holds data outlives its stack."""
    network: NetworkSettings = NetworkSettings()
    """The VPC; by default one of its own, without a way to the internet."""
    events: EventsSettings
    """Where events come from."""
    metrics: MetricsSettings
    """Where metrics go, and who looks at them."""
    operators: PrincipalSettings | None = None
    """Who may assume the role that operates the application."""
    encryption: EncryptionSettings | None = None
    """The key of the application's state; without it, the one that AWS owns."""
    alarm_topic: (
        Annotated[
            str,
            text_of_form(
                r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}",
                "the ARN of a topic, such as 'arn:aws:sns:eu-central-1:111122223333:on-call'",
            ),
        ]
        | None
    ) = None
    """The ARN of the SNS topic that alarms notify; without one they are to be seen in CloudWatch only."""
    workload: str = DEFAULT_WORKLOAD
    """The workload: the name of its folders in ``stacks/`` and ``flink_app/``."""
    application: ApplicationSettings
    """The job."""
    generator: ApplicationSettings | None = None
    """A job that makes up events; leave it out where there are real ones."""

    @field_validator("workload")
    @classmethod
    def _workload_is_there(cls, name: str) -> str:
        names = workload_names()
        if name not in names:
            message = f"got {name!r}, expected the folder of a workload in stacks/: {', '.join(names)}"
            raise ValueError(message)
        return name

    @model_validator(mode="after")
    def _combination_is_possible(self) -> Self:
        if (self.account is None) != (self.region is None):
            message = f"account and region go together, got account={self.account!r} and region={self.region!r}"
            raise ValueError(message)
        if self.network.vpc_id is not None and self.account is None:
            message = "network.vpc_id needs account and region, because the CDK looks the VPC up there"
            raise ValueError(message)
        if self.sensitive_data and not self.retain_data:
            message = "retain_data = false needs sensitive_data = false: a deleted stack would take its data with it"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _region_has_what_is_named(self) -> Self:
        if self.region is None:
            return self
        check_services(self.region, dashboards=self.metrics.dashboards)
        check_zones(self.region, self.network.availability_zones or [])
        administrators = None if self.encryption is None else self.encryption.key_administrators
        for key, people in (("operators", self.operators), ("encryption.key_administrators", administrators)):
            check_roles(self.region, f"{key}.roles", [] if people is None else people.roles)
        return self

    @model_validator(mode="after")
    def _alarms_stay_in_the_region(self) -> Self:
        of_topic = None if self.alarm_topic is None else self.alarm_topic.split(":")[3]
        if of_topic is None:
            return self
        try:
            check_region(of_topic)
        except ValueError as error:
            message = f"alarm_topic: its Region: {error}"
            raise ValueError(message) from error
        if self.region not in {None, of_topic}:
            message = (
                f"alarm_topic: got a topic in {of_topic}, expected one in {self.region}: CloudWatch notifies only those"
                " of an alarm's own Region"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if self.generator is not None and self.generator.name == self.application.name:
            message = f"generator.name: got {self.generator.name!r}, which is the application's: give it another one"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _workload_can_run(self) -> Self:
        for application in self.applications:
            if application.code.is_of_the_workload:
                application.code.check_folder(job_folder(self.workload))
        pipeline_of(self.workload).check_environment(self)
        return self

    @model_validator(mode="after")
    def _access_is_safe(self) -> Self:
        encryption = self.encryption
        if encryption is not None and encryption.key_policy == "development" and self.sensitive_data:
            message = (
                'encryption.key_policy = "development" needs sensitive_data = false: with it, too many can decrypt'
            )
            raise ValueError(message)
        is_started = any(each.start for each in self.applications)
        if self.operators is None and (encryption is not None or is_started):
            message = (
                "operators is missing: an application with a customer managed key, or one that is started, needs"
                " somebody who may operate it; add [operators] with roles or permission_sets"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _brokers_hold_the_events(self) -> Self:
        load = self.event_load
        if load is not None:
            try:
                self.events.check_load(load, zones=self.network.zones)
            except KafkaError as error:
                message = f"events: {error}"
                raise ValueError(message) from error
        return self

    @property
    def applications(self) -> list[ApplicationSettings]:
        """All applications of the environment."""
        return [self.application] if self.generator is None else [self.application, self.generator]

    @property
    def event_load(self) -> TopicLoad | None:
        """The load of the topic of events, None where nobody says."""
        if self.events.load is not None:
            return self.events.load.topic_load
        return None if self.generator is None else pipeline_of(self.workload).generator_load(self.generator)

    @property
    def removal_policy(self) -> RemovalPolicy:
        """Removal policy of resources that hold data."""
        return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if self.retain_data else RemovalPolicy.DESTROY

    @property
    def stage_name(self) -> str:
        """The id of the Stage, ``Dev`` for ``dev.toml``."""
        return "".join(part.capitalize() for part in self.name.replace("_", "-").split("-"))


def _sizing(settings: ApplicationSettings) -> Sizing:
    return Sizing(**settings.model_dump(include={"parallelism", "parallelism_per_kpu", "max_kpus"}, exclude_unset=True))


def _property_groups(groups: dict[str, dict[str, str]]) -> PropertyGroups:
    return PropertyGroups(groups=groups)
