"""The policies of a role, inline and attached, as far as the caller may read them. Nothing is changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.errors import MissingPermissionError
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.policies.documents import PolicyDocument, PolicyDocumentError
from cdk_penstock.model.policies.evaluator import NamedPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_penstock.control.clients import Clock, IamClient

GONE: Final = ("NoSuchEntity", "NoSuchEntityException")


@dataclass(frozen=True, kw_only=True)
class ReadPolicies:
    """The policies of a role.

    Parameters
    ----------
    documents
        Those that could be read.
    unread
        Those that could not be read, in words; what they allow is unknown.
    """

    documents: tuple[NamedPolicy, ...]
    unread: tuple[str, ...] = ()


class RolePolicies:
    """The policies of one role.

    Parameters
    ----------
    client
        ``iam``.
    role_name
        The role.
    """

    def __init__(self, client: IamClient, role_name: str, *, clock: Clock) -> None:
        self._client = client
        self.role_name = role_name
        self._clock = clock

    def read(self) -> ReadPolicies:
        """Return all policies of the role; one that goes in the meantime is left out."""
        documents: list[NamedPolicy] = []
        unread: list[str] = []
        for kind, list_policies, read in (
            ("inline", self.inline_names, self.read_inline),
            ("attached", self._attached_arns, self._read_attached),
        ):
            try:
                policies = list(list_policies())
            except MissingPermissionError:
                unread.append(f"{kind} policies")
                continue
            for policy in policies:
                name = policy.rpartition("/")[2]
                try:
                    text = read(policy)
                    if text:
                        documents.append(NamedPolicy(name=name, document=PolicyDocument.from_json(json.loads(text))))
                except (MissingPermissionError, PolicyDocumentError):
                    unread.append(f"{kind} policy {name}")
        return ReadPolicies(documents=tuple(documents), unread=tuple(unread))

    def inline_names(self) -> Iterator[str]:
        """Yield the names of the inline policies."""
        pages = self._pages(lambda request: self._client.list_role_policies(**request), "iam:ListRolePolicies")
        return (name for page in pages for name in page["PolicyNames"])

    def read_inline(self, name: str) -> str:
        """Return an inline policy as JSON, nothing if it is gone."""
        try:
            answer = self._call(
                lambda: self._client.get_role_policy(RoleName=self.role_name, PolicyName=name),
                f"read policy {name} of {self.role_name} (iam:GetRolePolicy)",
            )
        except ClientError:
            return ""
        return _text_of(answer["PolicyDocument"])

    def _attached_arns(self) -> Iterator[str]:
        pages = self._pages(
            lambda request: self._client.list_attached_role_policies(**request), "iam:ListAttachedRolePolicies"
        )
        return (each["PolicyArn"] for page in pages for each in page["AttachedPolicies"])

    def _read_attached(self, policy_arn: str) -> str:
        try:
            policy = self._call(
                lambda: self._client.get_policy(PolicyArn=policy_arn), f"read policy {policy_arn} (iam:GetPolicy)"
            )["Policy"]
            answer = self._call(
                lambda: self._client.get_policy_version(PolicyArn=policy_arn, VersionId=policy["DefaultVersionId"]),
                f"read policy {policy_arn} (iam:GetPolicyVersion)",
            )
        except ClientError:
            return ""
        return _text_of(answer["PolicyVersion"]["Document"])

    def _pages(self, call: Callable[[dict[str, Any]], Any], action: str) -> Iterator[dict[str, Any]]:
        request: dict[str, Any] = {"RoleName": self.role_name}
        while True:
            page = call_with_retry(
                lambda: call(request),
                action=f"list the policies of {self.role_name} ({action})",
                clock=self._clock,
                propagation_seconds=0,
            )
            yield page
            if not page.get("IsTruncated"):
                return
            request["Marker"] = page["Marker"]

    def _call(self, call: Callable[[], Any], action: str) -> Any:
        return call_with_retry(call, action=action, clock=self._clock, reraise_codes=GONE, propagation_seconds=0)


def _text_of(document: Any) -> str:
    """Return the document of a policy as JSON; boto3 decodes it, a plain client does not."""
    return document if isinstance(document, str) else json.dumps(document)
