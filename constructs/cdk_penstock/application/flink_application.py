"""An application on Managed Service for Apache Flink, with production defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Unpack

import jsii
from aws_cdk import Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from cdk_penstock.application.application_log import ApplicationLog
from cdk_penstock.application.application_network import ApplicationNetwork, build_network
from cdk_penstock.application.application_resource import build_resource
from cdk_penstock.application.application_warnings import warn_of_properties, warn_of_secrets
from cdk_penstock.application.configuration import autoscaling_of, environment_properties
from cdk_penstock.application.execution_role import ExecutionRole
from cdk_penstock.application.flink_application_base import FlinkApplicationBase, application_arn
from cdk_penstock.application.imported_application import ImportedFlinkApplication, choose_imported_name
from cdk_penstock.application.kpu_alarm import build_kpu_alarm
from cdk_penstock.application.props import (
    PRODUCTION_DEFAULTS,
    ApplicationPropsError,
    FlinkApplicationProps,
    merge_props,
    refuse_contradictions,
)
from cdk_penstock.foundation.digests import name_digest
from cdk_penstock.foundation.physical_names import claim_name
from cdk_penstock.model.names import RUN_OPTIONS_GROUP
from cdk_penstock.model.properties import PropertyGroups, refuse_run_options
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.model.sizing import Sizing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch
    from constructs import Construct, IConstruct

    from cdk_penstock.application.application_code import ApplicationCode, CodeBinding
    from cdk_penstock.model.deployment import Revision

_PROPERTY_GROUPS: Final = "ApplicationConfiguration.EnvironmentProperties.PropertyGroups"


@jsii.implements(iam.IGrantable, ec2.IConnectable)
class FlinkApplication(FlinkApplicationBase):
    """A Flink application with its execution role, its log and its place in a VPC.

    Everything that keeps a production job recoverable is on unless it is switched off: checkpoints, snapshots, system
    rollback, an encrypted log with retention. FlinkApplicationProps has each property and its default; a subclass
    changes defaults for its own jobs with a class attribute ``defaults``.

    CloudFormation creates the application and never starts it.

    Parameters
    ----------
    code
        Where the code comes from.
    props
        FlinkApplicationProps, each as a keyword argument.

    Raises ApplicationPropsError, SizingError, PropertyError or ApplicationNameError for what MSF would refuse, and
    PackagingError for code that would not run.
    """

    defaults: ClassVar[FlinkApplicationProps] = PRODUCTION_DEFAULTS

    def __init__(
        self, scope: Construct, construct_id: str, *, code: ApplicationCode, **props: Unpack[FlinkApplicationProps]
    ) -> None:
        settings = merge_props(type(self), props)
        refuse_contradictions(props)
        super().__init__(
            scope, construct_id, application_name=settings.get("application_name"), runtime=settings["runtime"]
        )
        self._sets_key_in_template = settings.get("encryption") is not None
        self.sizing = Sizing(
            parallelism=settings["parallelism"],
            parallelism_per_kpu=settings["parallelism_per_kpu"],
            max_kpus=settings["max_kpus"],
        )
        self.autoscaling = autoscaling_of(settings, self.sizing)
        self.max_parallelism = settings.get("max_parallelism")
        self.snapshots_enabled = settings["snapshots_enabled"]
        self.metrics_level = settings["metrics_level"]
        self.checkpoint_interval = settings["checkpoint_interval"]
        binding = code.bind(self, self.runtime)
        self._code = binding
        self.log = ApplicationLog(
            self,
            "Log",
            application_name=self.application_name,
            retention=settings["log_retention"],
            encryption_key=settings.get("log_encryption_key"),
            removal_policy=settings["removal_policy"],
        )
        self._network = build_network(self, settings)
        self.role = self._build_role(settings, binding)
        self.resource = build_resource(self, settings, binding)
        self.log.attach(self.resource)
        self._properties = PropertyGroups(is_opaque=Token.is_unresolved)
        if binding.run_options:
            self._set_properties(self._properties.with_group(RUN_OPTIONS_GROUP, binding.run_options))
        for group, entries in settings.get("property_groups", {}).items():
            self.add_property_group(group, entries)
        warn_of_properties(self, settings)
        claim_name(self, "application", self.application_name)

    @staticmethod
    def from_application_name(
        scope: Construct, construct_id: str, application_name: str, *, runtime: FlinkRuntime = FlinkRuntime.FLINK_1_20
    ) -> ImportedFlinkApplication:
        """Import an application of this account and Region; the runtime decides on the names of its metrics."""
        return ImportedFlinkApplication(scope, construct_id, application_name=application_name, runtime=runtime)

    @staticmethod
    def from_application_attributes(
        scope: Construct,
        construct_id: str,
        *,
        application_name: str | None = None,
        application_arn: str | None = None,
        execution_role: iam.IRole | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        runtime: FlinkRuntime = FlinkRuntime.FLINK_1_20,
    ) -> ImportedFlinkApplication:
        """Import an application of this account and Region with all that is known of it.

        Parameters
        ----------
        application_name, application_arn
            Which application: one of both.
        execution_role
            The role that its job runs as, which gets what the application is granted. Default: not known, and a grant
            warns.
        security_groups
            Those of its job. Default: not known, and there are no ``connections``.
        runtime
            Decides on the names of its metrics, and on whether a customer managed key is allowed.

        Raises ApplicationPropsError unless exactly one of name and ARN is given, and for an ARN of another account or
        Region than the stack's.
        """
        return ImportedFlinkApplication(
            scope,
            construct_id,
            application_name=choose_imported_name(scope, application_name, application_arn),
            runtime=runtime,
            execution_role=execution_role,
            security_groups=security_groups,
        )

    @property
    def execution_role(self) -> iam.IRole:
        """The role that the job runs as."""
        return self.role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The execution role, so that ``bucket.grant_read(application)`` allows the job to read."""
        return self.role

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of the job; raises ApplicationPropsError where it is in no VPC."""
        if self.network is None:
            raise ApplicationPropsError(f"application {self.node.path} is in no VPC and has no connections: pass vpc")
        return self.network.connections

    @property
    def revision(self) -> str:
        """A digest of what the template says about the application, known when it is synthesized."""
        return self.resource.lazy_revision()

    @property
    def expected(self) -> Revision:
        """Code and runtime as the template has them when it is written."""
        return self.resource.lazy_expected()

    @property
    def network(self) -> ApplicationNetwork | None:
        """The job's subnets and security groups, None without a VPC."""
        return self._network

    @property
    def template_dependencies(self) -> Sequence[IConstruct]:
        """The application and its logging option."""
        return (self.resource, self.log)

    @property
    def arn_by_reference(self) -> str:
        """The ARN, with a reference to the application."""
        return application_arn(self, self.resource.ref)

    @property
    def sets_key_in_template(self) -> bool:
        """True if ``encryption`` is among the properties."""
        return self._sets_key_in_template

    def create_after(self, construct: IConstruct) -> None:
        """Let the application be created after a construct, and be deleted before it."""
        self.resource.node.add_dependency(construct)

    def add_kpu_alarm(
        self, construct_id: str = "KpuAlarm", *, largest_parallelism: int | None = None
    ) -> cloudwatch.Alarm:
        """Add an alarm on the KPUs that are paid for: more than the template's, or all that autoscaling may reach.

        Parameters
        ----------
        largest_parallelism
            The largest parallelism of a LagScaling or a ScheduledScaling. Default: the application has neither.

        Raises SizingError for a parallelism that the application cannot have.
        """
        scaled = None
        if largest_parallelism is not None:
            scaled = self.sizing.scaled_to(largest_parallelism, max_parallelism=self.max_parallelism)
        return build_kpu_alarm(self, construct_id, sizing=self.sizing, autoscaling=self.autoscaling, scaled=scaled)

    def allow_deployed_code(self) -> None:
        """Allow the job to read the code that ``penstock app deploy`` uploads.

        It lies beside the template's code, under a name that begins with the application's. Whoever uploads it needs
        ``s3:PutObject`` there, and decides then what the job does: by default, only the template decides.
        """
        self.role.allow_deployed_code(self._code, self.application_name)

    def add_property_group(self, group: str, entries: Mapping[str, str]) -> None:
        """Hand a property group to the job, or add entries to one.

        Raises PropertyError beyond MSF's limits, for a key that has another value already, and for the run options,
        which are derived from the code.
        """
        refuse_run_options({group: entries})
        added = PropertyGroups(groups={group: entries}, is_opaque=Token.is_unresolved)
        self._set_properties(self._properties.with_group(group, entries))
        warn_of_secrets(self, added)

    def _set_properties(self, properties: PropertyGroups) -> None:
        self._properties = properties
        self.resource.add_property_override(_PROPERTY_GROUPS, environment_properties(properties))

    def _build_role(self, settings: FlinkApplicationProps, code: CodeBinding) -> ExecutionRole:
        role = ExecutionRole(
            self,
            # An application of another name, which stays when this one replaces it, goes on under its own role.
            f"ExecutionRole{name_digest(self.application_name)}",
            application_arn=self.application_arn,
            removal_policy=settings["removal_policy"],
        )
        role.allow_code(code)
        role.allow_logging(self.log)
        role.allow_metrics()
        if self.network is not None:
            role.allow_network(self.network)
        return role
