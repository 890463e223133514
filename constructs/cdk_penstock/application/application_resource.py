"""The CloudFormation resource of an application, which knows what its template will say."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import jsii
from aws_cdk import IResolveContext, IStableStringProducer, IStringProducer, Lazy, Stack, Token
from aws_cdk.aws_kinesisanalyticsv2 import CfnApplication

from cdk_penstock.application.configuration import (
    application_description,
    encryption_configuration,
    flink_configuration,
    maintenance_configuration,
    run_configuration,
)
from cdk_penstock.application.rendered_references import join_references
from cdk_penstock.foundation.digests import content_digest
from cdk_penstock.model.deployment import Revision

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import CfnResource

    from cdk_penstock.application.application_code import CodeBinding
    from cdk_penstock.application.flink_application import FlinkApplication
    from cdk_penstock.application.props import FlinkApplicationProps
    from cdk_penstock.model.sizing import Sizing

_PARALLELISM: Final = "ApplicationConfiguration.FlinkApplicationConfiguration.ParallelismConfiguration"


class ApplicationResource(CfnApplication):
    """An ``AWS::KinesisAnalyticsV2::Application`` with a revision, since CloudFormation returns none."""

    def __init__(self, *args: Any, **properties: Any) -> None:
        self._overrides: dict[str, object] = {}
        self._instead_of: Sizing | None = None
        super().__init__(*args, **properties)

    def add_override(self, path: str, value: Any) -> None:
        """Override what is rendered at the path, as the CDK does; every other kind of override ends here."""
        self._overrides[path] = value
        super().add_override(path, value)

    def revision(self) -> str:
        """Return a digest of all that the template says about the application; call it when all is set."""
        said: list[Any] = [self._updated_properties, self._overrides]
        if self._instead_of is not None:
            # A change of tags alone updates the application as well, and so needs the parallelism of that time.
            said += [self._instead_of.parallelism, self._instead_of.parallelism_per_kpu, self.tags.render_tags()]
        return content_digest(Stack.of(self).resolve(said))

    def lazy_revision(self) -> str:
        """Return a token of the revision, which is taken when the template is written."""
        return Lazy.string(_Late(self.revision))

    def take_parallelism(self, *, parallelism: str, parallelism_per_kpu: str, instead_of: Sizing) -> None:
        """Take the parallelism from attributes of another resource; the numbers in their place are in the revision."""
        for name, value in (("Parallelism", parallelism), ("ParallelismPerKPU", parallelism_per_kpu)):
            self.add_property_override(f"{_PARALLELISM}.{name}", value)
        self._instead_of = instead_of

    def lazy_references(self, *, without: CfnResource) -> str:
        """Return a token of all values that the template refers to, but those of one resource.

        The deployment knows them: CloudFormation updates the application when one of them changes, though the template
        does not.
        """
        return Lazy.uncached_string(_Joined(self, without))

    def references(self, without: CfnResource) -> str:
        """Return what lazy_references stands for; call it when all is set."""
        stack = Stack.of(self)
        rendered = stack.resolve([self._updated_properties, self._overrides])
        return join_references(rendered, without=stack.resolve(without.logical_id))

    def expected(self) -> dict[str, Any]:
        """Return the fields of a Revision as the template has them, overrides included; call it when all is set.

        Empty for code that is not in S3.
        """
        overrides: dict[str, Any] = {}
        for path, value in self._overrides.items():
            _assign(overrides, path.split("."), value)
        rendered = Stack.of(self).resolve(self._render_properties(self._updated_properties))
        properties = _merge({"Properties": rendered}, overrides)["Properties"]
        content = properties["ApplicationConfiguration"].get("ApplicationCodeConfiguration", {}).get("CodeContent", {})
        location = content.get("S3ContentLocation")
        if location is None:
            return {}
        return {
            "code_bucket_arn": location["BucketARN"],
            "code_key": location["FileKey"],
            "code_version": location.get("ObjectVersion", ""),
            "runtime_environment": properties["RuntimeEnvironment"],
        }

    def lazy_expected(self) -> Revision:
        """Return code and runtime as tokens, which are taken when the template is written."""
        return Revision(**{each.name: self._lazy_field(each.name) for each in fields(Revision)})

    def _lazy_field(self, name: str) -> str:
        return Lazy.string(_Late(lambda: Token.as_string(self.expected().get(name, ""))))


def build_resource(
    application: FlinkApplication, settings: FlinkApplicationProps, code: CodeBinding
) -> ApplicationResource:
    """Add the resource of an application, with every setting explicit."""
    network = application.network
    resource = ApplicationResource(
        application,
        "Resource",
        application_name=application.application_name,
        application_description=application_description(settings.get("description")),
        application_mode="STREAMING",
        runtime_environment=application.runtime.identifier,
        service_execution_role=application.role.role_arn,
        application_configuration=CfnApplication.ApplicationConfigurationProperty(
            application_code_configuration=code.configuration(),
            application_encryption_configuration=encryption_configuration(
                settings.get("encryption"), application.runtime
            ),
            application_snapshot_configuration=CfnApplication.ApplicationSnapshotConfigurationProperty(
                snapshots_enabled=settings["snapshots_enabled"]
            ),
            application_system_rollback_configuration=CfnApplication.ApplicationSystemRollbackConfigurationProperty(
                rollback_enabled=settings["system_rollback_enabled"]
            ),
            flink_application_configuration=flink_configuration(settings, application.sizing),
            vpc_configurations=[network.configuration()] if network else None,
        ),
        application_maintenance_configuration=maintenance_configuration(settings.get("maintenance_window_start_time")),
        run_configuration=run_configuration(settings.get("run_configuration")),
    )
    # MSF restarts a running job when it updates it: new code must find what it was granted.
    resource.node.add_dependency(application.role.granted)
    resource.apply_removal_policy(settings["removal_policy"])
    return resource


def _assign(overrides: dict[str, Any], path: list[str], value: Any) -> None:
    """Put a value where the CDK's ``addOverride`` does: it takes the place of what was put there, or below, before."""
    *parents, name = path
    for each in parents:
        inner = overrides.get(each)
        overrides = inner if isinstance(inner, dict) else overrides.setdefault(each, {})
    overrides[name] = value


def _merge(rendered: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Return what the CDK renders in the end: objects are merged, None takes away, and all else is replaced."""
    merged = dict(rendered)
    for name, value in overrides.items():
        if isinstance(value, dict):
            inner = merged.get(name)
            merged[name] = _merge(inner if isinstance(inner, dict) else {}, value)
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged


@jsii.implements(IStableStringProducer)
class _Late:
    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def produce(self) -> str:
        return self._text()


@jsii.implements(IStringProducer)
class _Joined:
    """Produced each time: while the CDK prepares the app, a reference to another stack is not yet what it will be."""

    def __init__(self, resource: ApplicationResource, without: CfnResource) -> None:
        self._resource, self._without = resource, without

    def produce(self, context: IResolveContext) -> str:
        del context
        return self._resource.references(self._without)
