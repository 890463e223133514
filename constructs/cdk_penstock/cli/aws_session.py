"""Sessions of the commands that call AWS, and their errors in words."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import (
    BotoCoreError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from cdk_penstock.control.clients import Clock
from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.flink_dashboard import FlinkDashboard
from cdk_penstock.control.operator_session import operator_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


@dataclass(kw_only=True)
class AwsAccess:
    """Sessions with AWS, the clock and Flink's REST API; tests replace them."""

    new_session: Callable[..., Any] = boto3.Session
    clock: Clock = Clock()  # noqa: RUF009 - frozen
    open_dashboard: Callable[[Callable[[], str]], FlinkDashboard] = FlinkDashboard


aws_access: Final = AwsAccess()


def now() -> datetime:
    """Return the present time."""
    return aws_access.clock.now()


@contextmanager
def explain_aws_errors() -> Iterator[None]:
    """Turn an error of boto3 itself, such as missing credentials, into a message with the fix."""
    try:
        yield
    except NoRegionError as error:
        raise ControlError("no Region is set: pass --region, or set AWS_REGION") from error
    except (CredentialRetrievalError, NoCredentialsError, SSOError, TokenRetrievalError) as error:
        raise ControlError(
            f"not signed in to AWS ({str(error).rstrip('.')}): run `aws sso login`, or name a profile with --profile"
        ) from error
    except ProfileNotFound as error:
        raise ControlError(
            f"{str(error).rstrip('.')}: name one of `aws configure list-profiles` with --profile"
        ) from error
    except BotoCoreError as error:
        raise ControlError(f"cannot reach AWS: {str(error).rstrip('.')}; check --region and the network") from error


def caller_session(region: str | None, profile: str | None) -> Any:
    """Return the caller's session, in the Region that is named, else in that of AWS_REGION, else in the profile's."""
    # boto3 itself reads AWS_DEFAULT_REGION only; AWS's other tools read AWS_REGION, before a profile.
    return aws_access.new_session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))


def open_sessions(
    application: str, region: str | None, profile: str | None, operator_role: str | None
) -> tuple[Any, Any]:
    """Return the session of the caller, and that of the operator role; without a role, both are the caller's."""
    clock, new_session = aws_access.clock, aws_access.new_session
    caller = caller_session(region, profile)
    if operator_role is None:
        return caller, caller
    operator = operator_session(
        caller.client("sts"),
        role_arn=operator_role,
        application_name=application,
        region=caller.region_name,
        new_session=new_session,
        clock=clock,
    )
    return caller, operator
