"""The custom resource that starts and verifies an application, and stops it when it is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties
from cdk_penstock.model.deployment import Revision


@dataclass(frozen=True, kw_only=True)
class VerifiedStartResource(CustomResourceProperties):
    """The application to run, what is verified, and the way to stop it.

    Parameters
    ----------
    application_name
        The application.
    operator_role_arn
        The role that starts and stops it.
    expected_key_arn
        The key that the application must be under; None for any, the AWS-owned one included.
    application_revision
        A text that changes with the application's template, so that each change is looked at.
    expected
        Code and runtime of the template; None for an imported application.
    force_stop_after_seconds
        How long a stop with a snapshot may take.
    stable_seconds
        How long the job has to run without a failure; 0 for the default of its checkpoint interval.
    may_roll_back
        True if a version whose job fails is rolled back, before the deployment fails.
    subnet_ids, security_group_ids
        Where the job's network interfaces are; empty without a VPC.
    """

    resource_type: ClassVar[str] = "Custom::PenstockApplicationStart"

    application_name: str
    operator_role_arn: str
    expected_key_arn: str | None = None
    application_revision: str = ""
    expected: Revision | None = None
    force_stop_after_seconds: int
    stable_seconds: int = 0
    may_roll_back: bool = True
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
