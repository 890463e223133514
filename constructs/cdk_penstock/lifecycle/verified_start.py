"""Starts an application at the end of its deployment and verifies its job, and stops it when it is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, Stack
from constructs import Construct

from cdk_penstock.application.props import ApplicationPropsError
from cdk_penstock.foundation.control_provider import ControlProvider, scope_of
from cdk_penstock.model.custom_resources.verified_start_resource import VerifiedStartResource

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

    from cdk_penstock.application.flink_application_base import FlinkApplicationBase

_DEFAULT_WAIT_MINUTES: Final = 20
_MIN_WAIT_MINUTES: Final = 1
_MAX_WAIT_MINUTES: Final = 30
_MAX_STABLE_SECONDS: Final = 5 * 60
_DESCRIBE_INTERFACES: Final = (
    "ec2:DescribeNetworkInterfaces knows no resource (service authorization reference, Amazon EC2); the handler asks"
    " for those in the application's own subnets and security groups"
)


class VerifiedStart(Construct):
    """Starts an application at the end of the deployment, which CloudFormation never does, and verifies its job.

    It comes after the application, after its log and after its customer managed key, if it has one, and does not start
    it under any other key. A later deployment of a change that stopped the application starts it again, from its
    latest snapshot.

    After a start, and after each update, the job has to give evidence: every subtask runs, nothing fails for
    ``stable_for``, and a checkpoint is completed. If the job of a new version fails, or MSF has failed the update, the
    version before is brought back from the snapshot of before the update, evidence goes to the log of the handler, and
    the deployment fails with the reason, so that CloudFormation goes back to the template before
    (https://docs.aws.amazon.com/managed-flink/latest/java/rollback.html).

    When this construct is deleted, it stops the application with a snapshot. Where none can be taken for
    ``force_stop_after``, it stops with force, which loses the state since the last snapshot. Then it waits until MSF
    has deleted its network interfaces, so that subnets and security groups can be deleted too. An application that ran
    already when this construct was added is left running.

    Parameters
    ----------
    application
        The application.
    operator
        The role that starts and stops it: as a rule its OperatorRole.
    stable_for
        How long the job has to run without a failure, up to 5 minutes. Default: two intervals of its checkpoints,
        between one and five minutes.
    roll_back
        False to leave a version whose job fails as it is, for somebody to look at. Default: True.
    force_stop_after
        How long a stop with a snapshot may take, 1 to 30 minutes. Default: 20.

    Raises ApplicationPropsError for another wait, and for a second start of an application.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplicationBase,
        operator: iam.Role,
        stable_for: Duration | None = None,
        roll_back: bool = True,
        force_stop_after: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        wait = force_stop_after or Duration.minutes(_DEFAULT_WAIT_MINUTES)
        minutes = wait.to_minutes(integral=False)
        if not _MIN_WAIT_MINUTES <= minutes <= _MAX_WAIT_MINUTES:
            raise ApplicationPropsError(
                f"force_stop_after must be {_MIN_WAIT_MINUTES} to {_MAX_WAIT_MINUTES} minutes, got {minutes:g}: with"
                " less, no snapshot is ever taken; and a deployment waits for an hour at most, in which the network"
                " interfaces have to go as well"
            )
        stable_seconds = 0 if stable_for is None else int(stable_for.to_seconds())
        if stable_for is not None and not 1 <= stable_seconds <= _MAX_STABLE_SECONDS:
            raise ApplicationPropsError(
                f"stable_for must be 1 second to {_MAX_STABLE_SECONDS // 60} minutes, got {stable_seconds} s: the job"
                " is looked at in one call of a Lambda function"
            )
        application.deployment.record_start()
        key, network = application.deployment.key, application.network
        self.resource = self._provider(operator, has_network=network is not None).build_resource(
            scope_of(self, application),
            "Start",
            VerifiedStartResource(
                application_name=application.application_name,
                operator_role_arn=operator.role_arn,
                expected_key_arn=None if key is None else key.key_arn,
                application_revision=application.revision,
                expected=application.expected,
                force_stop_after_seconds=int(wait.to_seconds()),
                stable_seconds=stable_seconds,
                may_roll_back=roll_back,
                subnet_ids=() if network is None else tuple(network.subnet_ids),
                security_group_ids=()
                if network is None
                else tuple(group.security_group_id for group in network.security_groups),
            ),
        )
        self.resource.node.add_dependency(
            operator, *application.template_dependencies, application.deployment.run_dependencies
        )
        if key is not None:
            self.resource.node.add_dependency(key.update)
            if key.closed_key is not None:
                # The start may restore a snapshot under it.
                key.closed_key.node.add_dependency(self.resource)
        if network is not None:
            # What lets the job through the network is a rule of its security groups, which nothing else waits for.
            self.resource.node.add_dependency(network)

    def _provider(self, operator: iam.Role, *, has_network: bool) -> ControlProvider:
        provider = ControlProvider.of(self, "application")
        provider.act_as(operator)
        # Since when the present deployment has been at work, and whether it is a rollback.
        provider.allow(["cloudformation:DescribeStacks"], resource=Stack.of(self).stack_id)
        if has_network:
            provider.allow(["ec2:DescribeNetworkInterfaces"], resource="*", wildcard_reason=_DESCRIBE_INTERFACES)
        return provider
