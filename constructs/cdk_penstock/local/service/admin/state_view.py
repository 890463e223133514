"""The state of the service as one document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.admin.record_documents import (
    application_document,
    job_document,
    operation_document,
    snapshot_document,
    version_document,
)
from cdk_penstock.local.service.faults import Faults

if TYPE_CHECKING:
    from cdk_penstock.local.service.delayed_policies import DelayedPolicies
    from cdk_penstock.local.service.feed import Feed
    from cdk_penstock.local.service.msf import Msf
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.model.lifecycle.version_settings import Document


_RECENT: Final = 20
"""The most versions, snapshots and operations of an application in the document; the API lists all."""


class StateView:
    """The state of the service, with the newest records of each application.

    What it read of an application is kept until records of it are written.

    Parameters
    ----------
    msf
        The service.
    policies
        Its policies.
    feed
        Its changes.
    """

    def __init__(self, msf: Msf, policies: DelayedPolicies, feed: Feed) -> None:
        self._msf: Final = msf
        self._policies: Final = policies
        self._feed: Final = feed
        self._known: Final[dict[str, Document]] = {}
        msf.store.listeners.append(self._forget)

    def _forget(self, uid: str, _application: Application | None) -> None:
        self._known.pop(uid, None)

    def document(self) -> Document:
        """Return the state as it is now."""
        store = self._msf.store
        revision = self._feed.revision
        orphans = store.snapshots_without_application(_RECENT)
        return {
            "revision": revision,
            "now": self._msf.options.clock().isoformat(),
            "iam_delay_seconds": self._policies.delay_seconds,
            "disabled_keys": sorted(self._policies.disabled_keys),
            "applications": [
                document
                for uid, arn in store.application_arns()
                if (document := self._application(uid, arn)) is not None
            ],
            "snapshots_without_application": [
                {"account": scope.split(":")[4], "region": scope.split(":")[3], **snapshot_document(snapshot)}
                for scope, snapshot in orphans
            ],
        }

    def _application(self, uid: str, arn: str) -> Document | None:
        # Under the lock nobody writes, so what is kept here is not forgotten too early.
        with self._msf.store.lock:
            known = self._known.get(uid) or self._read(uid, arn)
            if known is None:
                return None
            self._known[uid] = known
        keys = {known["configured_key"], known["effective_key"], *(each["key"] for each in known["snapshots"])}
        unusable = self._msf.authorization.unusable(frozenset(keys - {None}))
        faults = self._msf.faults.get(uid, Faults())
        job = None if known["running_version"] is None else self._job(uid, faults)
        return known | {"unusable_keys": sorted(unusable), "faults": asdict(faults), "job": job}

    def _read(self, uid: str, arn: str) -> Document | None:
        store = self._msf.store
        # It may have been deleted since it was listed, and another one of its name created.
        if not store.has_application(arn) or (application := store.application(arn)).uid != uid:
            return None
        lists = {
            "versions": [
                version_document(application, each) for each in store.recent_versions(application, _RECENT + 1)
            ],
            "snapshots": [snapshot_document(each) for each in store.recent_snapshots(application, _RECENT + 1)],
            "operations": [operation_document(each) for _, each in store.operations(application, limit=_RECENT + 1)],
        }
        return {
            **application_document(application),
            **{name: documents[:_RECENT] for name, documents in lists.items()},
            "has_older": {name: len(documents) > _RECENT for name, documents in lists.items()},
        }

    def _job(self, uid: str, faults: Faults) -> Document:
        driver = self._msf.driver
        job = faults.seen_through(driver.observe(uid), ())
        return job_document(job, has_page=self._msf.has_flink_pages(uid))
