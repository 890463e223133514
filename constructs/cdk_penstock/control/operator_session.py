"""Sessions of the operator of an application: the one role that its key policy names.

End state of a failure: nothing was called as the operator.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.retries import call_with_retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.control.clients import Clock, StsClient

_NOT_IN_A_SESSION_NAME: Final = re.compile(r"[^\w+=,.@-]")
_SESSION_NAME_MAX: Final = 64


def operator_session(
    sts: StsClient,
    *,
    role_arn: str,
    application_name: str,
    region: str | None,
    new_session: Callable[..., Any],
    clock: Clock,
) -> Any:
    """Return a session with the operator role's credentials, valid for an hour, named after the application.

    A trust policy that was changed just now may take a minute to be seen; that is waited for.
    """
    name = _NOT_IN_A_SESSION_NAME.sub("-", f"penstock-{application_name}")[:_SESSION_NAME_MAX]
    answer = call_with_retry(
        lambda: sts.assume_role(RoleArn=role_arn, RoleSessionName=name),
        action=f"assume operator role {role_arn} (sts:AssumeRole, and the role's trust policy must name the caller)",
        clock=clock,
    )
    credentials = answer["Credentials"]
    return new_session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region,
    )
