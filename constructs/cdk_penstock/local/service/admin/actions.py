"""The actions of the admin API on one application: faults, what MSF does by itself, and the link to Flink's pages."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.admin.application_lookup import named_application
from cdk_penstock.local.service.admin.fault_fields import requested_faults
from cdk_penstock.local.service.admin_answers import AdminRequestError
from cdk_penstock.local.service.faults import Faults
from cdk_penstock.model.lifecycle.system_actions import maintain, scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.admin_answers import AdminCall
    from cdk_penstock.local.service.feed import Feed
    from cdk_penstock.local.service.msf import Msf
    from cdk_penstock.model.lifecycle.changes import Change
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.model.lifecycle.situation import Situation
    from cdk_penstock.model.lifecycle.version_settings import Document


_DIRECTIONS: Final = {"up": True, "down": False}


class ApplicationActions:
    """The actions, each of which answers a request.

    Parameters
    ----------
    msf
        The service.
    feed
        Its changes.
    dashboard
        Returns the address of an application's Flink pages, None while there are none.
    """

    def __init__(self, msf: Msf, feed: Feed, dashboard: Callable[[Application], str | None]) -> None:
        self._msf: Final = msf
        self._feed: Final = feed
        self._dashboard: Final = dashboard

    def show_faults(self, call: AdminCall) -> Document:
        """Return the faults that are requested."""
        return asdict(self._msf.faults_of(named_application(self._msf.store, call)))

    def set_faults(self, call: AdminCall) -> Document:
        """Request these faults, and no others any more."""
        return self._replace_faults(call, requested_faults(call))

    def clear_faults(self, call: AdminCall) -> Document:
        """Take all faults back."""
        return self._replace_faults(call, Faults())

    def _replace_faults(self, call: AdminCall, faults: Faults) -> Document:
        # Under the lock, since a call that is throttled counts down.
        with self._msf.store.lock:
            application = named_application(self._msf.store, call)
            if faults == Faults():
                self._msf.faults.pop(application.uid, None)
            else:
                self._msf.faults[application.uid] = faults
        self._feed.publish({"application": application.arn})
        return asdict(faults)

    def scale(self, call: AdminCall) -> Document:
        """Do what autoscaling does."""
        direction = call.document(frozenset({"direction"})).get("direction")
        if not isinstance(direction, str) or direction not in _DIRECTIONS:
            raise AdminRequestError(f"got direction {direction!r}, expected 'up' or 'down'")
        return self._begin(call, lambda at: scale(at, up=_DIRECTIONS[direction]))

    def maintain(self, call: AdminCall) -> Document:
        """Do what MSF does in a maintenance window."""
        return self._begin(call, maintain)

    def _begin(self, call: AdminCall, begin: Callable[[Situation], Change]) -> Document:
        with self._msf.store.lock:
            arn = named_application(self._msf.store, call).arn
            change = begin(self._msf.situation(arn))
            self._msf.commit(change)
        return {"application": arn, "status": change.application.status.value}

    def kill_task_manager(self, call: AdminCall) -> Document:
        """Kill a TaskManager of the running job."""
        application = self._running(call)
        self._msf.driver.kill_task_manager(application.uid)
        return {"application": application.arn, "status": application.status.value}

    def open_dashboard(self, call: AdminCall) -> Document:
        """Make an address of the application's Flink pages."""
        application = self._running(call)
        url = self._dashboard(application)
        if url is None:
            raise AdminRequestError(
                f"application {application.name!r} has no Flink pages now: try again once its job runs on Flink",
                status=409,
            )
        return {"url": url}

    def _running(self, call: AdminCall) -> Application:
        application = named_application(self._msf.store, call)
        if application.running_version is None:
            raise AdminRequestError(
                f"application {application.name!r} is {application.status}, and has no job: start it first", status=409
            )
        return application
