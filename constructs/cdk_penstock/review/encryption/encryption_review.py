"""The review of the customer-managed-key sequence: the access to each key, and the order of the steps."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys.involved_keys import LifecycleOperation
from cdk_penstock.model.policies.documents import PolicyDocument, Statement
from cdk_penstock.model.policies.evaluator import Caller, NamedPolicy
from cdk_penstock.model.policies.key_policy import DEVELOPMENT_POLICY_ID
from cdk_penstock.model.policies.operations import KeyPath, can_operate, can_use_key, service_can_use_key
from cdk_penstock.review.condition_variants import variants
from cdk_penstock.review.dependencies import arrows_of, path_between
from cdk_penstock.review.encryption.key_sequence import key_sequences_of
from cdk_penstock.review.encryption.result import EncryptionReview, KeyAccess, StepOrder
from cdk_penstock.review.resolution import Resolution
from cdk_penstock.review.templates import SHAPE_ERRORS, Templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cdk_penstock.model.policies.operations import Verdict
    from cdk_penstock.review.assembly import SynthesizedStack
    from cdk_penstock.review.encryption.key_sequence import KeySequence

_STEPS: Final = ("operator", "application", "log", "key", "permission", "update", "start")
_EVERYTHING: Final = NamedPolicy(
    name="AdministratorAccess",
    document=PolicyDocument(statements=(Statement(sid="all", actions=("*",), resources=("*",)),)),
)
_OTHER_REGION: Final = {True: "eu-west-1", False: "us-east-1"}
_SSO_SUFFIX: Final = "0123456789abcdef"

ASSUMPTIONS: Final = (
    "CloudFormation's role and all administrators are taken to have AdministratorAccess: no IAM policy gives them more",
    "names that AWS will generate are replaced by logical ids, an unknown account by 111122223333",
    "policies that can only take away (service and resource control, boundaries, sessions) are not in a template",
)


def review_encryption(stacks: Sequence[SynthesizedStack]) -> tuple[EncryptionReview, ...]:
    """Return a review of each application that the stacks put under a customer managed key.

    If it depends on the templates' conditions, there is one for each different result.
    """
    reviews = (
        _review(stack, update_id, read)
        for stack in stacks
        for chosen in variants(Templates((stack.template,)))
        for update_id, read in key_sequences_of(dataclasses.replace(stack, template=chosen.all[0]))
    )
    different: list[EncryptionReview] = []
    for review in reviews:
        if review not in different:
            different.append(review)
    return tuple(different)


def _review(stack: SynthesizedStack, update_id: str, read: Callable[[], KeySequence]) -> EncryptionReview:
    try:
        return _review_of(read())
    except (*SHAPE_ERRORS, PenstockError) as error:
        return EncryptionReview(
            stage=stack.stage,
            stack=stack.name,
            application_arn=update_id,
            assumed_by=(),
            is_for_development=False,
            access=(),
            order=(),
            unread=f"a part of the template has a form that the review does not know ({error!r})",
        )


def _review_of(sequence: KeySequence) -> EncryptionReview:
    return EncryptionReview(
        stage=sequence.stack.stage,
        stack=sequence.stack.name,
        application_arn=sequence.application_arn,
        assumed_by=tuple(_assumed_by(sequence.operator.trust)),
        is_for_development=any(policy.document.id == DEVELOPMENT_POLICY_ID for policy in sequence.keys.values()),
        access=tuple(_access(sequence)),
        order=tuple(_order(sequence)),
    )


def _assumed_by(trust: PolicyDocument) -> Iterator[str]:
    for statement in trust.statements:
        patterns = [each for keys in statement.conditions.values() for values in keys.values() for each in values]
        for principal in [each for values in (statement.principals or {}).values() for each in values]:
            yield f"{principal}, if {' or '.join(patterns)}" if patterns else principal


def _order(sequence: KeySequence) -> Iterator[StepOrder]:
    arrows = arrows_of(sequence.resources)
    steps = [step for step in _STEPS if step in sequence.ids]
    for before, step in pairwise(steps):
        later, earlier = sequence.ids[step], sequence.ids[before]
        yield StepOrder(step=step, logical_id=later, after=before, chain=path_between(arrows, later, earlier) or ())


def _access(sequence: KeySequence) -> Iterator[KeyAccess]:
    own = KeyPath(application_arn=sequence.application_arn, region=sequence.stack.region)
    for number, (key_arn, key_policy) in enumerate(sequence.keys.items()):
        is_open = number == 0 or _is_used(sequence, key_arn)
        for who, caller, policies, may in _callers(sequence, key_policy):
            for operation in LifecycleOperation:
                verdict = can_operate(operation, caller, own, keys={key_arn: key_policy}, identity_policies=policies)
                yield _decided(who, operation.value, key_arn, verdict, expected=may and is_open)
        yield from _other_paths(sequence, own, key_arn, key_policy)
        yield from _services(sequence, key_arn, key_policy, is_open=is_open)


def _other_paths(sequence: KeySequence, own: KeyPath, key_arn: str, key_policy: NamedPolicy) -> Iterator[KeyAccess]:
    paths = {
        "for another application": KeyPath(application_arn=f"{own.application_arn}-other", region=own.region),
        "in another Region": KeyPath(
            application_arn=own.application_arn, region=_OTHER_REGION[own.region == "us-east-1"]
        ),
        "not through MSF": KeyPath(application_arn=own.application_arn, region=own.region, through_service=False),
    }
    for how, path in paths.items():
        verdict = can_use_key(
            Caller.role(sequence.operator.arn),
            path,
            key_arn=key_arn,
            key_policy=key_policy,
            identity_policies=sequence.operator.policies,
        )
        yield _decided("operator", f"use the key {how}", key_arn, verdict, expected=False)


def _services(sequence: KeySequence, key_arn: str, key_policy: NamedPolicy, *, is_open: bool) -> Iterator[KeyAccess]:
    for arn, what, expected in (
        (sequence.application_arn, "this application", is_open),
        (f"{sequence.application_arn}-other", "another application", False),
    ):
        verdict = service_can_use_key(arn, sequence.stack.account, key_arn=key_arn, key_policy=key_policy)
        yield _decided("MSF", f"use the key for {what}", key_arn, verdict, expected=expected)


def _callers(
    sequence: KeySequence, key_policy: NamedPolicy
) -> Iterator[tuple[str, Caller, Sequence[NamedPolicy], bool]]:
    """Yield every principal to review: label, caller, identity policies, and if it is expected to be an operator."""
    yield "operator", Caller.role(sequence.operator.arn), sequence.operator.policies, True
    if sequence.stack.cloudformation_role_arn is not None:
        arn = Resolution(sequence.stack).text(sequence.stack.cloudformation_role_arn)
        yield "CloudFormation", Caller.role(arn), (_EVERYTHING,), True
    for arn in _administrators(key_policy):
        yield "key administrator", Caller.role(arn), (_EVERYTHING,), False
    account_administrator = f"arn:aws:iam::{sequence.stack.account}:role/AccountAdministrator"
    yield "account administrator", Caller.role(account_administrator), (_EVERYTHING,), False
    for logical_id, role in sequence.roles.items():
        if logical_id == sequence.operator.logical_id:
            continue
        label = "execution role" if logical_id == sequence.execution_role else logical_id
        policies = (*role.policies, *((_EVERYTHING,) if role.aws_managed else ()))
        yield label, Caller.role(role.arn), policies, False


def _administrators(key_policy: NamedPolicy) -> list[str]:
    """Return the principals in administrators' statements, with a suffix in place of a permission set's wildcard."""
    found: dict[str, None] = {}
    for statement in key_policy.document.statements:
        if not (statement.sid or "").startswith("AllowKeyAdministrators"):
            continue
        patterns = statement.conditions.get("ArnLike", {}).get("aws:PrincipalArn", ())
        named = patterns[-1:] or (statement.principals or {}).get("AWS", ())
        found.update(dict.fromkeys(arn.replace("*", _SSO_SUFFIX) for arn in named))
    return list(found)


def _is_used(sequence: KeySequence, key_arn: str) -> bool:
    """Return True if the operator role has a policy for the key: the permission window of a previous key is open."""
    return any(
        key_arn in statement.resources
        for policy in sequence.operator.policies
        for statement in policy.document.statements
    )


def _decided(who: str, operation: str, key_arn: str, verdict: Verdict, *, expected: bool) -> KeyAccess:
    # One denied call makes an operation fail, but a principal that is not expected must not reach data by any call.
    allowed = verdict.allowed or (not expected and verdict.reaches_data)
    because = ", ".join(verdict.statements) if allowed else verdict.first_denial
    return KeyAccess(who=who, operation=operation, key=key_arn, allowed=allowed, expected=expected, because=because)
