"""An environment's values, as its TOML file holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from aws_cdk import RemovalPolicy
from pydantic import AfterValidator, field_validator, model_validator

from cdk_penstock.model.kafka_rules import KafkaError
from cdk_penstock.model.package_pruning import check_package_bucket
from stacks.environment.access import EncryptionSettings, PrincipalSettings
from stacks.environment.alarm_settings import AlarmSettings
from stacks.environment.application import ApplicationSettings
from stacks.environment.events import EventsSettings
from stacks.environment.metrics import MetricsSettings
from stacks.environment.network import NetworkSettings
from stacks.environment.regions import check_region, check_roles, check_services, check_zones
from stacks.environment.retention import PackageSettings, SnapshotSettings
from stacks.environment.settings import allowed, text_of_form
from stacks.workloads import DEFAULT_WORKLOAD, job_folder, pipeline_of, workload_names

if TYPE_CHECKING:
    from cdk_penstock.model.kafka_storage import TopicLoad


class Environment(AlarmSettings):
    """One environment, deployed as one Stage."""

    name: str
    """From the file's name."""
    account: Annotated[str, text_of_form(r"\d{12}", "an account's id in quotes, 12 digits")] | None = None
    """The account; without one, the one that the CDK's command line is logged in to."""
    region: Annotated[str, AfterValidator(check_region)] | None = None
    """The Region; without one, the one that the CDK's command line is set to."""
    sensitive_data: bool = True
    """True if data passes through it that must not be lost or seen."""
    retain_data: bool = True
    """True if what holds data outlives its stack."""
    network: NetworkSettings = NetworkSettings()
    """The VPC; by default a new one, with no route to the internet."""
    events: EventsSettings
    """The Kafka cluster and the topics of the events."""
    metrics: MetricsSettings
    """The workspaces of metrics and dashboards."""
    operators: PrincipalSettings | None = None
    """Principals that may assume the role that operates the application."""
    customer_managed_keys_required: bool = False
    """True if the synthesis fails for an application on the AWS-owned key."""
    encryption: EncryptionSettings | None = None
    """The key of the application's state; without it, the one that AWS owns."""
    snapshots: SnapshotSettings | None = None
    """Snapshots of the application by schedule; without it, MSF takes them at stops and updates only."""
    packages: PackageSettings | None = None
    """Packages of the application that are deleted when they are old; without it, none."""
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
            raise ValueError(f"got {name!r}, expected the folder of a workload in stacks/: {', '.join(names)}")
        return name

    @model_validator(mode="after")
    def _combination_is_possible(self) -> Self:
        if (self.account is None) != (self.region is None):
            raise ValueError(f"account and region go together, got account={self.account!r} and region={self.region!r}")
        if self.network.vpc_id is not None and self.account is None:
            raise ValueError("network.vpc_id needs account and region, because the CDK looks the VPC up there")
        if self.sensitive_data and not self.retain_data:
            raise ValueError(
                "retain_data = false needs sensitive_data = false: a deleted stack would take its data with it"
            )
        return self

    @model_validator(mode="after")
    def _region_has_what_is_named(self) -> Self:
        if self.region is None:
            return self
        check_services(self.region, dashboards=self.metrics.dashboards)
        check_zones(self.region, self.network.availability_zones or [])
        self.check_alarm_region(self.region)
        administrators = None if self.encryption is None else self.encryption.key_administrators
        for key, people in (("operators", self.operators), ("encryption.key_administrators", administrators)):
            check_roles(self.region, f"{key}.roles", [] if people is None else people.roles)
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if self.generator is not None and self.generator.name == self.application.name:
            raise ValueError(
                f"generator.name: got {self.generator.name!r}, which is the application's: give it another one"
            )
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
            raise ValueError(
                'encryption.key_policy = "development" needs sensitive_data = false: with it, too many can decrypt'
            )
        if self.customer_managed_keys_required and encryption is None:
            raise ValueError(
                "encryption is missing, and customer_managed_keys_required = true: add [encryption] with"
                " key_administrators, or leave customer_managed_keys_required out if the AWS-owned key will do"
            )
        is_started = any(each.start for each in self.applications)
        if self.operators is None and (encryption is not None or is_started):
            raise ValueError(
                "operators is missing: an application with a customer managed key, or one that is started, needs"
                " somebody who may operate it; add [operators] with roles or permission_sets"
            )
        return self

    @model_validator(mode="after")
    def _somebody_keeps_and_deletes(self) -> Self:
        for name in ("snapshots", "packages"):
            if getattr(self, name) is not None and self.operators is None:
                raise ValueError(
                    f"operators is missing: [{name}] is carried out as the operator role; add [operators] with roles or"
                    " permission_sets"
                )
        if self.packages is not None:
            code = self.application.code
            if code.bucket is None or not str(code.object_key).startswith(self.packages.prefix):
                where = "no bucket" if code.bucket is None else f"{code.bucket}/{code.object_key}"
                raise ValueError(
                    f"packages: got application.code with {where}, expected a bucket and an object_key below"
                    f" {self.packages.prefix}: packages that the CDK uploads are in a bucket that all its apps share"
                )
            allowed(check_package_bucket, code.bucket)
        return self

    @model_validator(mode="after")
    def _brokers_hold_the_events(self) -> Self:
        load = self.event_load
        if load is not None:
            try:
                self.events.check_load(load, zones=self.network.zones)
            except KafkaError as error:
                raise ValueError(f"events: {error}") from error
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
