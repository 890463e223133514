"""The permissions that a call needs: on its action, on the role that it passes, on its code and on its keys.

MSF calls KMS as the caller, and as itself; all must be allowed before anything changes. Source: managed-flink,
key-management-flink and manage-cmk-api.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.policy_source import KeyState
from cdk_penstock.model.keys.involved_keys import keys_involved
from cdk_penstock.model.lifecycle.code_location import code_unavailable
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus
from cdk_penstock.model.policies.evaluator import Caller, Request
from cdk_penstock.model.policies.operations import KeyPath

if TYPE_CHECKING:
    from cdk_penstock.local.service.calls import ApiCaller
    from cdk_penstock.local.service.policy_source import PolicySource
    from cdk_penstock.model.lifecycle.changes import Begun, Change
    from cdk_penstock.model.lifecycle.code_location import CodeLocation
    from cdk_penstock.model.policies.operations import Verdict


_SERVICE: Final = "kinesisanalytics.amazonaws.com"


class Authorization:
    """Asks a policy source, and refuses as MSF does.

    Parameters
    ----------
    policies
        Who decides.
    """

    def __init__(self, policies: PolicySource) -> None:
        self._policies = policies

    def check_action(self, caller: ApiCaller, operation: str, resource_arn: str) -> None:
        """Raise RefusedCallError unless the caller may call the operation on the resource."""
        self._check(caller, f"kinesisanalytics:{operation}", resource_arn)

    def check_pass_role(self, caller: ApiCaller, role_arn: str) -> None:
        """Raise RefusedCallError unless the caller may give the role to MSF."""
        self._check(caller, "iam:PassRole", role_arn, {"iam:PassedToService": _SERVICE})

    def _check(self, caller: ApiCaller, action: str, resource: str, context: dict[str, str] | None = None) -> None:
        principal = Caller.role(caller.principal_arn)
        values = {"aws:RequestedRegion": caller.region, **(context or {})}
        decision = self._policies.decide(Request(caller=principal, action=action, resource=resource, context=values))
        if not decision.allowed:
            raise RefusedCallError(
                RefusalCode.ACCESS_DENIED,
                f"User: {principal} is not authorized to perform: {action} on resource: {resource}",
            )

    def check_code(self, role_arn: str, application_arn: str, location: CodeLocation) -> None:
        """Raise RefusedCallError if the application's execution role may not read the code."""
        is_in_s3 = location.content is None
        if is_in_s3 and not self._policies.role_can_read_code(role_arn, application_arn, location):
            raise code_unavailable(location)

    def key_arn(self, caller: ApiCaller, key_id: str) -> str:
        """Return the canonical ARN of a key; raise RefusedCallError if there is none."""
        found = self._policies.resolve_key(key_id, account=caller.account, region=caller.region)
        if found is None:
            raise RefusedCallError(
                RefusalCode.INVALID_ARGUMENT,
                f"Key {key_id} not found in account {caller.account} and Region {caller.region}",
            )
        return found.arn

    def unusable(self, key_arns: frozenset[str]) -> frozenset[str]:
        """Return the keys that are not enabled, or do not exist."""
        return frozenset(arn for arn in key_arns if self._state(arn) is not KeyState.ENABLED)

    def _state(self, key_arn: str) -> KeyState | None:
        _, _, _, region, account, _ = key_arn.split(":", 5)
        found = self._policies.resolve_key(key_arn, account=account, region=region)
        return found.state if found else None

    def check_system_snapshot(self, caller: ApiCaller, change: Change) -> None:
        """Raise RefusedCallError unless the caller may let MSF take the enhanced snapshots that the change begins.

        Source: managed-flink, snapshots-upgrade and security-iam-snapshots.
        """
        begun = [each for each in change.snapshots if each.status is SnapshotStatus.CREATING]
        if any(each.is_enhanced and each.is_automatic for each in begun):
            self.check_action(caller, "CreateSystemSnapshot", change.application.arn)

    def check_keys(self, caller: ApiCaller, begun: Begun) -> None:
        """Raise RefusedCallError unless each key that the operation involves is enabled, for its caller and for MSF."""
        if begun.key_operation is not None and begun.key_use is not None:
            involved = keys_involved(begun.key_operation, begun.key_use)
            self.check_key_use(caller, involved, begun.change.application.arn)

    def check_key_use(self, caller: ApiCaller, key_arns: frozenset[str], resource_arn: str) -> None:
        """Raise RefusedCallError unless each key is enabled, and caller and MSF may use it for a resource's data."""
        for key_arn in sorted(key_arns):
            state = self._state(key_arn)
            if state is not KeyState.ENABLED:
                raise RefusedCallError(
                    RefusalCode.INVALID_ARGUMENT, f"KMSInvalidStateException: key {key_arn} is {state or 'not there'}"
                )
            path = KeyPath(application_arn=resource_arn, region=caller.region)
            principal = Caller.role(caller.principal_arn)
            _check_verdict(self._policies.caller_can_use_key(principal, path, key_arn), key_arn)
            _check_verdict(self._policies.service_can_use_key(resource_arn, key_arn), key_arn)


def _check_verdict(verdict: Verdict, key_arn: str) -> None:
    for request, decision in verdict.calls:
        if not decision.allowed:
            raise RefusedCallError(
                RefusalCode.ACCESS_DENIED,
                f"User: {request.caller} is not authorized to perform: {request.action} on resource: {key_arn}",
            )
