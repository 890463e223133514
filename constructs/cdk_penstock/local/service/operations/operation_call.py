"""A call of one operation, and the pages of its answers."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cdk_penstock.local.service.calls import ApiCaller
    from cdk_penstock.local.service.msf import Msf
    from cdk_penstock.model.lifecycle.situation import Situation
    from cdk_penstock.model.lifecycle.version_settings import Document


DEFAULT_LIMIT: Final = 50
_MAXIMUM_POSITION: Final = 2**63 - 1
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call: the service, the operation's name, its valid parameters, and who calls."""

    msf: Msf
    operation: str
    parameters: Mapping[str, Any]
    caller: ApiCaller

    @property
    def scope(self) -> str:
        """The beginning of the ARNs of the caller's account and Region."""
        partition = self.caller.principal_arn.split(":")[1]
        return f"arn:{partition}:kinesisanalytics:{self.caller.region}:{self.caller.account}"

    @property
    def application_arn(self) -> str:
        """The ARN of the application that the call names."""
        return f"{self.scope}:application/{self.parameters['ApplicationName']}"

    @property
    def snapshot_arn(self) -> str:
        """The ARN of the enhanced snapshot that the call names."""
        return f"{self.scope}:snapshot/{self.parameters['SnapshotName']}"

    def situation(self) -> Situation:
        """Return the application that the call names; its caller must be allowed to call the operation on it.

        Raises
        ------
        RefusedCallError
            The caller is not allowed, there is no such application, or a fault throttles the call.
        """
        self.msf.authorization.check_action(self.caller, self.operation, self.application_arn)
        situation = self.msf.situation(self.application_arn)
        self.msf.throttle(situation.application)
        return situation


def position_of(parameters: Mapping[str, Any]) -> int | None:
    """Return the position after which a page begins, None for the first one.

    Raises
    ------
    RefusedCallError
        NextToken is none that the service gave.
    """
    token = parameters.get("NextToken")
    if token is None:
        return None
    try:
        position = int(base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4)).decode())
    except (ValueError, binascii.Error):
        position = -1
    if not 0 <= position <= _MAXIMUM_POSITION:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT, f"NextToken {token!r} is not valid: take it from the answer before"
        )
    return position


def page(name: str, rows: Sequence[tuple[int, T]], limit: int, describe: Callable[[T], Document]) -> Document:
    """Return a page of an answer, with NextToken if there is more.

    Parameters
    ----------
    name
        The member of the answer with the list.
    rows
        Positions and records, one more than the limit if there is more.
    limit
        The most records of the page.
    describe
        Returns the description of a record.
    """
    document: Document = {name: [describe(record) for _, record in rows[:limit]]}
    if len(rows) > limit:
        # ListApplications has the pattern of a name for its token, which allows no padding.
        document["NextToken"] = base64.urlsafe_b64encode(str(rows[limit - 1][0]).encode()).rstrip(b"=").decode()
    return document
