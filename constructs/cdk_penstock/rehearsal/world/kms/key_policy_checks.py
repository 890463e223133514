"""The checks of KMS on a key policy before it takes effect.

Source: KMS, PutKeyPolicy: the caller must be able to put the next policy, and each principal must exist.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.documents import PolicyDocument, PolicyDocumentError, Statement
from cdk_penstock.model.policies.evaluator import Caller, NamedPolicy, Request, decide
from cdk_penstock.rehearsal.world.iam_roles import named_policy
from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.world.iam_roles import Iam

MALFORMED: Final = "MalformedPolicyDocumentException"
_MOST_BYTES: Final = 32 * 1024
_ACCOUNT: Final = re.compile(r"\d{12}|arn:aws[a-z-]*:iam::\d{12}:root")
# The check looks at the key's policy alone: what it delegates to the account counts as allowed.
_EVERYTHING: Final = NamedPolicy(
    name="the account",
    document=PolicyDocument(statements=(Statement(sid="#1", actions=("*",), resources=("*",)),)),
)


def parsed_key_policy(name: str, text: str) -> NamedPolicy:
    """Return a key's policy under a name; raise ServiceRefusedError for a text that is no policy, or too long."""
    if len(text.encode()) > _MOST_BYTES:
        raise ServiceRefusedError("LimitExceededException", f"The key policy has more than {_MOST_BYTES} bytes.")
    try:
        policy = named_policy(name, json.loads(text))
    except (ValueError, TypeError, AttributeError, PolicyDocumentError) as error:
        raise ServiceRefusedError(MALFORMED, f"The key policy is not valid: {error}") from error
    if any(each.principals is None and each.not_principals is None for each in policy.document.statements):
        raise ServiceRefusedError(MALFORMED, "Policy contains a statement with no principal.")
    return policy


def check_principals(policy: NamedPolicy, iam: Iam) -> None:
    """Raise ServiceRefusedError for a role or user that does not exist."""
    for statement in policy.document.statements:
        for principals in (statement.principals, statement.not_principals):
            for principal in (principals or {}).get("AWS", ()):
                if not _exists(principal, iam):
                    raise ServiceRefusedError(
                        MALFORMED,
                        "Policy contains a statement with one or more invalid principals."
                        f" ({principal} of {statement} does not exist)",
                    )


def _exists(principal: str, iam: Iam) -> bool:
    if principal == "*" or _ACCOUNT.fullmatch(principal):
        return True
    role = iam.find(principal)
    # A session of a role may be named as well; a role must be named with its path.
    return role is not None and (role.arn == principal or ":assumed-role/" in principal)


def check_no_lock_out(policy: NamedPolicy, key_arn: str, caller_arn: str, iam: Iam) -> None:
    """Raise ServiceRefusedError if the policy keeps the caller from putting the next one."""
    role = iam.find(caller_arn)
    caller = Caller.role(role.arn if role else caller_arn)
    request = Request(caller=caller, action="kms:PutKeyPolicy", resource=key_arn)
    try:
        decision = decide(request, identity_policies=[_EVERYTHING], resource_policy=policy)
    except PenstockError as error:
        raise ServiceRefusedError(MALFORMED, f"The key policy cannot be judged: {error}") from error
    if not decision.allowed:
        raise ServiceRefusedError(
            MALFORMED,
            "The new key policy will not allow you to update the key policy in the future."
            f" ({caller}: {decision.reason})",
        )
