"""Permission windows: one inline policy of the operator role per key, opened before a change and closed after it.

A deployment opens a permission window as an attached policy: ``key_permissions`` shows it, and nothing here opens or
closes it.

The caller manages the operator role. End states. A permission window that could not be opened leaves everything as it
was. One that was opened and never closed is listed by ``open_windows``, and closed by the next run of the same command.
A policy of the same name that is not this application's is never replaced or deleted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.control.role_policies import GONE, RolePolicies
from cdk_penstock.model.keys import KeyArn
from cdk_penstock.model.policies.operator_policies import keys_allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.control.clients import Clock, IamClient
    from cdk_penstock.control.role_policies import ReadPolicies
    from cdk_penstock.model.policies.evaluator import NamedPolicy

WINDOW_PREFIX: Final = "penstock-key-"
"""The rest of a permission window's name is the key's id."""


@dataclass(frozen=True, kw_only=True)
class KeyPermissions:
    """The keys that the operator role is allowed, as far as the caller may read its policies.

    Parameters
    ----------
    policies
        The names of the policies that allow a key, by its ARN.
    documents
        All policies of the role that could be read.
    unread
        The policies that could not be read, in words; what they allow is unknown.
    """

    policies: Mapping[str, tuple[str, ...]]
    documents: tuple[NamedPolicy, ...] = ()
    unread: tuple[str, ...] = ()

    @classmethod
    def of(cls, read: ReadPolicies, *, application_arn: str) -> KeyPermissions:
        """Return the keys that a role's policies allow for an application."""
        found: dict[str, tuple[str, ...]] = {}
        for policy in read.documents:
            for key_arn in keys_allowed(policy.document, application_arn=application_arn):
                found[key_arn] = (*found.get(key_arn, ()), policy.name)
        return cls(policies=dict(sorted(found.items())), documents=read.documents, unread=read.unread)


class PermissionWindows:
    """The permission windows of one application on its operator role.

    Parameters
    ----------
    client
        ``iam``, with the credentials of whoever manages the role.
    role_name
        The operator role.
    application_arn
        The application; the document of a permission window names it; a policy that does not is another application's.
    document
        Returns the policy for one key's ARN as JSON.
    """

    def __init__(
        self,
        client: IamClient,
        *,
        role_name: str,
        application_arn: str,
        document: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._client = client
        self._role_name = role_name
        self._application_arn = application_arn
        self._document = document
        self._clock = clock
        self._policies = RolePolicies(client, role_name, clock=clock)

    def open_windows(self) -> frozenset[str]:
        """Return the ARNs of the keys whose permission window is open with exactly the expected document."""
        found = set()
        for name in self._policies.inline_names():
            if not name.startswith(WINDOW_PREFIX):
                continue
            key_arn = str(KeyArn.beside(self._application_arn, name.removeprefix(WINDOW_PREFIX)))
            text = self._policies.read_inline(name)
            if self._application_arn in text and json.loads(text) == json.loads(self._document(key_arn)):
                found.add(key_arn)
        return frozenset(found)

    def key_permissions(self) -> KeyPermissions:
        """Return the keys that the role's policies allow, inline or attached, of any origin; to be shown."""
        return KeyPermissions.of(self._policies.read(), application_arn=self._application_arn)

    def open(self, key_arn: str) -> None:
        """Give the operator role the policy for this key."""
        name = self._name(key_arn)
        self._check_ours(name)
        self._call(
            lambda: self._client.put_role_policy(
                RoleName=self._role_name, PolicyName=name, PolicyDocument=self._document(key_arn)
            ),
            f"open the permission window {name} on {self._role_name} (iam:PutRolePolicy)",
        )

    def close(self, key_arn: str) -> None:
        """Remove the policy for this key from the operator role, if it is there."""
        name = self._name(key_arn)
        self._check_ours(name)
        try:
            self._call(
                lambda: self._client.delete_role_policy(RoleName=self._role_name, PolicyName=name),
                f"close the permission window {name} on {self._role_name} (iam:DeleteRolePolicy)",
                reraise_codes=GONE,
            )
        except ClientError:
            return

    @staticmethod
    def _name(key_arn: str) -> str:
        return f"{WINDOW_PREFIX}{KeyArn.parse(key_arn).key_id}"

    def _check_ours(self, name: str) -> None:
        text = self._policies.read_inline(name)
        if text and self._application_arn not in text:
            raise ControlError(
                f"policy {name} of role {self._role_name} does not name {self._application_arn}, so it belongs to"
                " another application: give each application a separate operator role; the policy was not changed"
            )

    def _call(self, call: Callable[[], Any], action: str, reraise_codes: tuple[str, ...] = ()) -> Any:
        return call_with_retry(
            call, action=action, clock=self._clock, reraise_codes=reraise_codes, propagation_seconds=0
        )
