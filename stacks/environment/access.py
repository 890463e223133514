"""Operators of an environment, and the key of its applications' state."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stacks.environment.settings import Settings, text_of_form

RoleArn = Annotated[
    str,
    text_of_form(
        r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+",
        "the ARN of a role, such as 'arn:aws:iam::111122223333:role/OnCall'",
    ),
]
PermissionSet = Annotated[
    str, text_of_form(r"[\w+=,.@-]{1,32}", "the name of a permission set: 1 to 32 letters, digits and any of _+=,.@-")
]


class PrincipalSettings(Settings):
    """People and roles; at least one."""

    roles: list[RoleArn] = Field(default_factory=list)
    """ARNs of roles that exist already."""
    permission_sets: list[PermissionSet] = Field(default_factory=list)
    """Names of permission sets of IAM Identity Center."""

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.roles and not self.permission_sets:
            raise ValueError("expected at least one of roles and permission_sets, got none")
        return self


class EncryptionSettings(Settings):
    """The customer managed key of the applications' state, one for each application."""

    key_administrators: PrincipalSettings
    """Principals that manage the keys, and never use them."""
    key_generation: Annotated[int, Field(ge=1)] = 1
    """The number of the keys; raise it by one for new ones."""
    close_previous_key: bool = False
    """True if the keys before these are closed to operator and service."""
    key_policy: Literal["least-privilege", "development"] = "least-privilege"
    """AWS's permissive policy for development is for data that is not sensitive."""
