"""Calls that an operation on an application leads to, and the decision on each.

MSF calls KMS as its own caller (a forward access session, which ``kms:ViaService`` recognizes) when it starts,
stops, updates, snapshots or rolls back, and as itself from then on. Source: managed-flink, key-management-flink and
manage-cmk-api.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.policies.evaluator import Caller, Decision, NamedPolicy, Request, decide
from cdk_penstock.model.policies.key_policy import INFRASTRUCTURE_PRINCIPAL, SERVICE_PRINCIPAL
from cdk_penstock.model.regions import via_service_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.model.keys.involved_keys import LifecycleOperation

CONTEXT_KEY: Final = "kms:EncryptionContext:aws:kinesisanalytics:arn"
_DATA_ACTIONS: Final = ("kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
POWERFUL_ACTIONS: Final = (*_DATA_ACTIONS, "kms:CreateGrant")
"""Actions that read or write data, or that pass the permission for that on."""
_GRANT: Final[Mapping[str, str]] = {
    "kms:GrantOperations": "Decrypt",
    "kms:GrantConstraintType": "EncryptionContextSubset",
}


@dataclass(frozen=True, kw_only=True)
class KeyPath:
    """Way on which a call reaches a key.

    Parameters
    ----------
    application_arn
        The application that the data belongs to.
    region
        The Region of MSF.
    through_service
        True if MSF makes the call for the caller, false if the caller makes it.
    """

    application_arn: str
    region: str
    through_service: bool = True

    def requests(self, caller: Caller, key_arn: str) -> tuple[Request, ...]:
        """Return every call on the key that an operation needs."""
        via = {"kms:ViaService": via_service_names("kinesisanalytics", self.region)[0]} if self.through_service else {}
        data = {**via, CONTEXT_KEY: self.application_arn}
        return (
            Request(caller=caller, action="kms:DescribeKey", resource=key_arn, context=via),
            *(Request(caller=caller, action=action, resource=key_arn, context=data) for action in _DATA_ACTIONS),
            Request(caller=caller, action="kms:CreateGrant", resource=key_arn, context={**data, **_GRANT}),
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision on each call of an operation."""

    calls: tuple[tuple[Request, Decision], ...]

    @property
    def allowed(self) -> bool:
        """True if every call is allowed."""
        return all(decision.allowed for _, decision in self.calls)

    @property
    def denied_entirely(self) -> bool:
        """True if no call is allowed."""
        return not any(decision.allowed for _, decision in self.calls)

    @property
    def reaches_data(self) -> bool:
        """True if a call is allowed that reads or writes data, or that passes the permission for that on."""
        return any(decision.allowed for request, decision in self.calls if request.action in POWERFUL_ACTIONS)

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements that allowed, each once."""
        return tuple(dict.fromkeys(each for _, decision in self.calls for each in decision.statements))

    @property
    def first_denial(self) -> str:
        """The first denied call, with the reason; empty if every call is allowed."""
        for request, decision in self.calls:
            if not decision.allowed:
                return f"{request.action}: {decision.reason}"
        return ""


def can_use_key(
    caller: Caller, path: KeyPath, *, key_arn: str, key_policy: NamedPolicy, identity_policies: Sequence[NamedPolicy]
) -> Verdict:
    """Return the decisions on the caller's use of the key on this path, call by call."""
    return Verdict(
        calls=tuple(
            (request, decide(request, identity_policies=identity_policies, resource_policy=key_policy))
            for request in path.requests(caller, key_arn)
        )
    )


def can_operate(
    operation: LifecycleOperation,
    caller: Caller,
    path: KeyPath,
    *,
    keys: Mapping[str, NamedPolicy],
    identity_policies: Sequence[NamedPolicy],
) -> Verdict:
    """Return the decisions on an operation of the caller that involves these keys, given as policies by ARN."""
    request = Request(caller=caller, action=f"kinesisanalytics:{operation.value}", resource=path.application_arn)
    calls = [(request, decide(request, identity_policies=identity_policies))]
    for key_arn, key_policy in keys.items():
        calls += can_use_key(
            caller, path, key_arn=key_arn, key_policy=key_policy, identity_policies=identity_policies
        ).calls
    return Verdict(calls=tuple(calls))


def service_requests(application_arn: str, account: str, key_arn: str) -> tuple[Request, ...]:
    """Return MSF's own calls on the key for the application's durable and running state."""
    source = {"aws:SourceArn": application_arn, "aws:SourceAccount": account}
    context = {CONTEXT_KEY: application_arn}
    calls = (
        (SERVICE_PRINCIPAL, "kms:DescribeKey", source),
        (SERVICE_PRINCIPAL, "kms:GenerateDataKey", {**source, **context}),
        (SERVICE_PRINCIPAL, "kms:Decrypt", context),
        (INFRASTRUCTURE_PRINCIPAL, "kms:DescribeKey", source),
        (INFRASTRUCTURE_PRINCIPAL, "kms:Decrypt", context),
        (INFRASTRUCTURE_PRINCIPAL, "kms:GenerateDataKeyWithoutPlaintext", context),
        (INFRASTRUCTURE_PRINCIPAL, "kms:CreateGrant", {**context, **_GRANT}),
    )
    return tuple(
        Request(caller=Caller.service_principal(service), action=action, resource=key_arn, context=values)
        for service, action, values in calls
    )


def service_can_use_key(application_arn: str, account: str, *, key_arn: str, key_policy: NamedPolicy) -> Verdict:
    """Return the decisions on MSF's own use of the key for the application's durable and running state."""
    return Verdict(
        calls=tuple(
            (each, decide(each, identity_policies=(), resource_policy=key_policy))
            for each in service_requests(application_arn, account, key_arn)
        )
    )
