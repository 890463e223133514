"""The custom resource that puts an application under a customer managed key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties
from cdk_penstock.model.keys.key_assignment import KeyAssignment


@dataclass(frozen=True, kw_only=True)
class ApplicationKeyResource(CustomResourceProperties):
    """The wanted key of an application, and what the template does with the key before it.

    Parameters
    ----------
    application_name
        The application.
    operator_role_arn
        The role that asks MSF for the change.
    key_arn
        The wanted key.
    previous_key_arns
        Keys that the operator may still use, so that the application may be under one of them.
    key_generation
        The number of the key, which grows with each new key.
    closes_previous_key
        True if the template takes the previous key away from operator and MSF after this resource.
    application_revision
        A text that changes with the application's template, so that the key is asserted again.
    """

    resource_type: ClassVar[str] = "Custom::PenstockApplicationKey"

    application_name: str
    operator_role_arn: str
    key_arn: str
    previous_key_arns: tuple[str, ...] = ()
    key_generation: int = 1
    closes_previous_key: bool = False
    application_revision: str = ""

    @property
    def target(self) -> KeyAssignment:
        """The wanted encryption of the application."""
        return KeyAssignment.customer_managed(self.key_arn)
