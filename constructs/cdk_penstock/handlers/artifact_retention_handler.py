"""The function that deletes the packages of code that no application needs any more.

End states. Nothing is deleted unless every application could be looked at, is in a steady status, and has its present
code below the prefix: so neither a wrong name nor a deployment in progress makes a package look unneeded. What is not
deleted in time is deleted by the next run; runs may overlap.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.needed_code import needed_code
from cdk_penstock.control.stored_packages import StoredPackages
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.custom_resources.stringified import read_object
from cdk_penstock.model.package_pruning import PackageCheck, plan_packages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.model.package_pruning import NeededCode, PackageOwner

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_RUN_SECONDS: Final = 8 * 60.0
"""Time after which no further deletion begins: a function has ten minutes."""


class PackageRetention:
    """One run over the packages of one prefix, with the clients it is given."""

    def __init__(self, check: PackageCheck, services: Services) -> None:
        self._check = check
        self._services = services
        self._clock = services.clock
        self._begin = self._clock.now()

    def run(self) -> None:
        """Delete what nobody needs; raise ControlError, and delete nothing, if that cannot be known."""
        check, needed = self._check, []
        for owner in check.owners:
            found = self._needed_by(owner)
            if found is None:
                return
            needed += found
        packages = StoredPackages(
            self._services.client("s3"), bucket_name=check.bucket_name, prefix=check.prefix, clock=self._clock
        )
        plan = plan_packages(packages.list(), needed, kept_since=self._begin - timedelta(seconds=check.min_age_seconds))
        for each in plan.kept:
            _LOG.info("keep %s %s: %s", each.package.key, each.package.version_id, each.reason)
        for package in plan.deletions:
            if self._clock.now() >= self._begin + timedelta(seconds=_RUN_SECONDS):
                _LOG.info("the time is over: the next run deletes the others")
                return
            _LOG.info("%s %s %s", "would delete" if check.dry_run else "delete", package.key, package.version_id)
            if not check.dry_run:
                packages.delete(package)

    def _needed_by(self, owner: PackageOwner) -> list[NeededCode] | None:
        """Return the code in the bucket that an application needs, None while that may change."""
        check = self._check
        application = self._services.application_control(owner.application_name, owner.operator_role_arn)
        detail = application.describe()
        if not detail.is_steady:
            _LOG.info("%s is %s: nothing is deleted now", detail.name, detail.status)
            return None
        needed = list(needed_code(application, detail, rollback_versions=check.rollback_versions))
        present = next((each for each in needed if each.is_present), None)
        if present is None or not present.is_in(check.bucket_name, check.prefix):
            found = "not in S3" if present is None else f"s3://{present.bucket_name}/{present.key}"
            raise ControlError(
                f"the present code of application {detail.name} is {found}, expected it below"
                f" s3://{check.bucket_name}/{check.prefix}: nothing was deleted; correct the bucket, the prefix or the"
                " application"
            )
        return [each for each in needed if each.is_in(check.bucket_name, check.prefix)]


def handle(event: Mapping[str, Any], context: object) -> None:
    """Answer EventBridge Scheduler."""
    del context
    PackageRetention(read_object(PackageCheck, event), Services()).run()
