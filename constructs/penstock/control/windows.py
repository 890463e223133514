"""Permission windows: one inline policy of the operator role per key, opened before a change and closed after it.

Called as whoever manages the operator role. End states. A window that could not be opened leaves everything as it was.
One that was opened and never closed is listed by ``open_windows``, and closed by the next run of the same command. A
policy of the same name that is not this application's is never replaced or deleted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from penstock.control.errors import WindowConflictError
from penstock.control.patience import patiently
from penstock.model.keys import KeyArn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.control.clients import Clock, IamClient

__all__ = ("WINDOW_PREFIX", "PermissionWindows")

WINDOW_PREFIX: Final = "penstock-key-"
"""The rest of a window's name is the key's id."""

_GONE: Final = ("NoSuchEntity", "NoSuchEntityException")


class PermissionWindows:
    """The windows of one application on its operator role.

    Parameters
    ----------
    client
        ``iam``, with the credentials of whoever manages the role.
    role_name
        The operator role.
    application_arn
        The application; the window's document names it, and one that does not is somebody else's.
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

    def open_windows(self) -> frozenset[str]:
        """Return the ARNs of the keys whose window is open, with the very document that it should have."""
        found = set()
        for name in self._policy_names():
            if not name.startswith(WINDOW_PREFIX):
                continue
            key_arn = str(KeyArn.beside(self._application_arn, name.removeprefix(WINDOW_PREFIX)))
            text = self._read(name)
            if self._application_arn in text and json.loads(text) == json.loads(self._document(key_arn)):
                found.add(key_arn)
        return frozenset(found)

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
        """Take the policy for this key from the operator role; one that is gone already is fine."""
        name = self._name(key_arn)
        self._check_ours(name)
        try:
            self._call(
                lambda: self._client.delete_role_policy(RoleName=self._role_name, PolicyName=name),
                f"close the permission window {name} on {self._role_name} (iam:DeleteRolePolicy)",
                passed_on=_GONE,
            )
        except ClientError:
            return

    @staticmethod
    def _name(key_arn: str) -> str:
        return f"{WINDOW_PREFIX}{KeyArn.parse(key_arn).key_id}"

    def _check_ours(self, name: str) -> None:
        text = self._read(name)
        if text and self._application_arn not in text:
            message = (
                f"policy {name} of role {self._role_name} does not name {self._application_arn}, so it belongs to"
                " another application: give each application an operator role of its own; it was left alone"
            )
            raise WindowConflictError(message)

    def _read(self, name: str) -> str:
        """Return the document of a policy as JSON; boto3 decodes it, a plain client does not."""
        try:
            answer = self._call(
                lambda: self._client.get_role_policy(RoleName=self._role_name, PolicyName=name),
                f"read policy {name} of {self._role_name} (iam:GetRolePolicy)",
                passed_on=_GONE,
            )
        except ClientError:
            return ""
        document = answer["PolicyDocument"]
        return document if isinstance(document, str) else json.dumps(document)

    def _policy_names(self) -> Iterator[str]:
        request: dict[str, Any] = {"RoleName": self._role_name}
        while True:
            page = self._call(
                lambda: self._client.list_role_policies(**request),
                f"list the policies of {self._role_name} (iam:ListRolePolicies)",
            )
            yield from page["PolicyNames"]
            if not page.get("IsTruncated"):
                return
            request["Marker"] = page["Marker"]

    def _call(self, call: Callable[[], Any], doing: str, passed_on: tuple[str, ...] = ()) -> Any:
        return patiently(call, doing=doing, clock=self._clock, passed_on=passed_on, propagation_seconds=0)
