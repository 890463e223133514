"""Versions of an application: the record of the present one, and the way back to an earlier one.

Sources: API_ApplicationDetail and API_RollbackApplication; the id after a rollback is a switch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.changes import touch
from cdk_penstock.model.lifecycle.records import ApplicationVersion
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.changes import Moment
    from cdk_penstock.model.lifecycle.records import Application


def version_of(application: Application) -> ApplicationVersion:
    """Return the record of the application's present version."""
    return ApplicationVersion(
        application_uid=application.uid,
        version_id=application.version_id,
        created_at=application.version_created_at,
        settings=application.settings,
        updated_from=application.updated_from,
        rolled_back_from=application.rolled_back_from,
        rolled_back_to=application.rolled_back_to,
    )


def gone_back(
    application: Application, version: ApplicationVersion, moment: Moment
) -> tuple[Application, tuple[ApplicationVersion, ...]]:
    """Return the application with the settings of an earlier version, and the records of versions that change."""
    is_new = moment.switches.rollback_makes_new_version
    new_id = application.newest_version_id + 1 if is_new else version.version_id
    back = replace(
        touch(application, moment),
        settings=version.settings,
        version_id=new_id,
        newest_version_id=max(new_id, application.newest_version_id),
        version_created_at=moment.now if is_new else version.created_at,
        updated_from=application.version_id if is_new else version.updated_from,
        rolled_back_from=application.version_id,
        rolled_back_to=version.version_id,
        ran=tuple(each for each in application.ran if each not in {application.version_id, version.version_id}),
    )
    left = replace(version_of(application), status=ApplicationStatus.ROLLED_BACK)
    return back, (left, version_of(back)) if is_new else (left,)
