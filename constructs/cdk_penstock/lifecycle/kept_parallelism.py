"""Deployments that wait for an application, and keep what scaling has made of its parallelism."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aws_cdk import Stack
from constructs import Construct

from cdk_penstock.foundation.control_provider import ControlProvider
from cdk_penstock.lifecycle.scaling_error import ScalingError
from cdk_penstock.model.custom_resources.kept_parallelism_resource import KeptParallelismResource
from cdk_penstock.model.scaling.parallelism_choice import UNKNOWN

if TYPE_CHECKING:
    from aws_cdk import CfnResource
    from aws_cdk import aws_iam as iam

    from cdk_penstock.application import FlinkApplication

_SHARED_ID: Final = "KeptParallelism"
_RESOURCE_ID: Final = "Parallelism"


class KeptParallelism(Construct):
    """Lets a deployment wait until it may update an application, and keep the parallelism that the application has.

    The template's parallelism holds when the application is created. Later deployments keep the configured parallelism
    that they find, whoever has set it: a schedule, lag, or a person. When the template's number changes, that number
    holds. The same goes for the parallelism per KPU. A deployment that CloudFormation rolls back gives the application
    what it had before. The first deployment with this construct takes the template's numbers.

    Every deployment that updates the application first waits until the application is steady, 45 minutes at most: MSF
    refuses an update while it scales, maintains, starts or stops the application.

    MSF's automatic scaling changes the current parallelism and not the configured one, so it is not kept here, and
    remains MSF's matter.

    ``LagScaling`` and ``ScheduledScaling`` add one by themselves. An application without it has plain numbers in its
    template, and each deployment that updates it sets them.

    Parameters
    ----------
    application
        An application of the same stack.
    operator
        The role that looks at the application: as a rule its OperatorRole.

    Raises ScalingError for an application of another stack, and for a second one of an application.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, application: FlinkApplication, operator: iam.Role
    ) -> None:
        super().__init__(scope, construct_id)
        if Stack.of(application) is not Stack.of(self):
            raise ScalingError(
                f"{self.node.path} is in another stack than the application {application.node.path}, but CloudFormation"
                " keeps the order only within one: put both in one stack"
            )
        if application.node.try_find_child(_RESOURCE_ID) is not None:
            raise ScalingError(
                f"the parallelism of application {application.node.path} is kept already: give it one KeptParallelism,"
                " before its LagScaling or ScheduledScaling, which add one otherwise"
            )
        provider = ControlProvider.of(self, "application")
        provider.act_as(operator)
        # Whether the present deployment is a rollback, and when what it rolls back began.
        for action in ("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"):
            provider.allow([action], resource=Stack.of(self).stack_id)
        sizing = application.sizing
        self.resource = provider.build_resource(
            application,
            _RESOURCE_ID,
            KeptParallelismResource(
                application_name=application.application_name,
                operator_role_arn=operator.role_arn,
                parallelism=sizing.parallelism,
                parallelism_per_kpu=sizing.parallelism_per_kpu,
                max_kpus=sizing.max_kpus,
                max_parallelism=application.max_parallelism or UNKNOWN,
                application_revision=application.revision,
            ),
        )
        self.resource.node.add_dependency(operator)
        template = application.resource
        template.take_parallelism(
            parallelism=self.resource.get_att_string("Parallelism"),
            parallelism_per_kpu=self.resource.get_att_string("ParallelismPerKpu"),
            instead_of=sizing,
        )
        own = cast("CfnResource", self.resource.node.default_child)
        own.add_property_override("ApplicationReferences", template.lazy_references(without=own))


def keep_parallelism(application: FlinkApplication, operator: iam.Role) -> None:
    """Keep the parallelism of an application that something scales, unless its deployments do so already."""
    if application.node.try_find_child(_RESOURCE_ID) is None:
        KeptParallelism(application, _SHARED_ID, application=application, operator=operator)
