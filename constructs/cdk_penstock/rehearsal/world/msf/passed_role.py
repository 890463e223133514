"""The calls with an application's execution role, by MSF and by the job.

Sources: managed-flink, vpc-permissions, cloudwatch-logs and iam-role-trust (confused deputy).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.policies.key_policy import SERVICE_PRINCIPAL
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.model.lifecycle.code_location import CodeLocation
    from cdk_penstock.model.policies.documents import Values
    from cdk_penstock.model.policies.evaluator import Decision
    from cdk_penstock.rehearsal.world.authority import Authority

_READ: Final = "s3:GetObject"
_READ_VERSION: Final = "s3:GetObjectVersion"


@dataclass(frozen=True, kw_only=True)
class RoleCall:
    """A call: its action, the resource, and the values of condition keys."""

    action: str
    resource: str
    context: Mapping[str, str | Values]


class ExecutionRole:
    """The execution role of one application.

    Parameters
    ----------
    authority
        Decides, and records.
    role_arn, application_arn
        The role, and the application that MSF assumes it for.
    """

    def __init__(self, authority: Authority, role_arn: str, application_arn: str) -> None:
        self._authority = authority
        self._role_arn = role_arn
        self._application_arn = application_arn
        partition, account = role_arn.split(":")[1], role_arn.split(":")[4]
        name, session = role_arn.rpartition("/")[2], application_arn.rpartition("/")[2]
        self._msf = Actor(made_by=MadeBy.MSF, arn=f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}")

    def assume(self) -> Decision:
        """Decide if MSF may assume the role for the application."""
        account = self._application_arn.split(":")[4]
        context = {"aws:SourceAccount": account, "aws:SourceArn": self._application_arn}
        msf = Actor(made_by=MadeBy.MSF, service=SERVICE_PRINCIPAL)
        return self._authority.ask(msf, "sts:AssumeRole", self._role_arn, context)

    def ask(self, call: RoleCall) -> Decision:
        """Decide on a call of MSF with the role."""
        return self._authority.ask(self._msf, call.action, call.resource, call.context)

    def ask_for_job(self, call: RoleCall) -> Decision:
        """Decide on a call of the job."""
        job = replace(self._msf, made_by=MadeBy.JOB)
        return self._authority.ask(job, call.action, call.resource, call.context)

    def can_read(self, location: CodeLocation) -> bool:
        """Return True if MSF can assume the role, and read the code with it."""
        action = _READ_VERSION if location.object_version else _READ
        version: Mapping[str, str] = {"s3:VersionId": location.object_version} if location.object_version else {}
        call = RoleCall(action=action, resource=f"{location.bucket_arn}/{location.key}", context=version)
        return self.assume().allowed and self.ask(call).allowed
