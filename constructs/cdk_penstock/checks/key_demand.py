"""The demand that every application of a stack has a customer managed key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Aspects, IAspect, Stack

from cdk_penstock.model.findings import KEY_DEMAND_METADATA

if TYPE_CHECKING:
    from constructs import Construct, IConstruct


def require_customer_managed_keys(scope: Construct) -> None:
    """Let the synthesis fail for each application in a scope that is on the AWS-owned key.

    ``MsfChecks`` reports it as MSF10, beside its other findings, so the app needs ``add_checks``. One application may
    be excepted by an acknowledgment of ``penstock::MSF10`` with its reason.

    Parameters
    ----------
    scope
        A stack or a Stage, with all stacks in it; not an App with Stages, whose stacks are not reached from there.
    """
    Aspects.of(scope).add(_Demand())


@jsii.implements(IAspect)
class _Demand:
    """Writes the demand into the template of each stack."""

    def visit(self, node: IConstruct) -> None:
        """Mark a stack."""
        if isinstance(node, Stack):
            node.add_metadata(KEY_DEMAND_METADATA, True)  # noqa: FBT003 - the value of a metadata entry
