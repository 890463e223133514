"""The routes of the admin API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from cdk_penstock.local.service.admin.actions import ApplicationActions
from cdk_penstock.local.service.admin.admin_events import EventStream
from cdk_penstock.local.service.admin.job_watch import JobWatch
from cdk_penstock.local.service.admin.policy_switches import PolicySwitches
from cdk_penstock.local.service.admin.state_view import StateView
from cdk_penstock.local.service.admin_answers import AdminRequestError, answering
from cdk_penstock.local.service.browser_guard import BrowserGuard
from cdk_penstock.local.service.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.routing import BaseRoute

    from cdk_penstock.local.service.admin_answers import AdminCall
    from cdk_penstock.local.service.delayed_policies import DelayedPolicies
    from cdk_penstock.local.service.msf import Msf
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.model.lifecycle.version_settings import Document


_METHODS: Final = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS")


def admin_routes(
    msf: Msf,
    policies: DelayedPolicies,
    *,
    feed: Feed | None = None,
    dashboard: Callable[[Application], str | None] | None = None,
) -> list[BaseRoute]:
    """Return the routes under ``/_admin/``.

    Parameters
    ----------
    msf
        The service.
    policies
        The policies that it asks.
    feed
        Its changes. Whoever stops the server closes it first, since the events of a page never end by themselves.
        Default: a new one.
    dashboard
        Returns the address of an application's Flink pages, None while there are none: a presigned URL where it can be
        made, since those pages can only be read. Default: the address of the driver, whose pages can also cancel the
        job.
    """
    changes = Feed() if feed is None else feed
    # First what is read is forgotten, then the change is told: whoever hears of it reads it anew.
    view = StateView(msf, policies, changes)
    msf.store.listeners.append(
        lambda _uid, application: changes.publish({} if application is None else _facts(application))
    )
    actions = ApplicationActions(msf, changes, dashboard or (lambda each: msf.driver.dashboard(each.uid)))
    switches = PolicySwitches(policies, changes)
    handlers: list[tuple[str, str, Callable[[AdminCall], Document]]] = [
        ("GET", "/state", lambda _call: view.document()),
        ("GET", "/applications/{name}/faults", actions.show_faults),
        ("PUT", "/applications/{name}/faults", actions.set_faults),
        ("DELETE", "/applications/{name}/faults", actions.clear_faults),
        ("POST", "/applications/{name}/scale", actions.scale),
        ("POST", "/applications/{name}/maintenance", actions.maintain),
        ("POST", "/applications/{name}/kill-task-manager", actions.kill_task_manager),
        ("POST", "/applications/{name}/dashboard", actions.open_dashboard),
        ("PUT", "/keys/{arn:path}/disabled", switches.disable_key),
        ("DELETE", "/keys/{arn:path}/disabled", switches.enable_key),
        ("GET", "/iam-delay", switches.show_delay),
        ("PUT", "/iam-delay", switches.set_delay),
    ]
    known = sorted({f"{method} /_admin{path.replace(':path', '')}" for method, path, _ in handlers})

    def unknown(call: AdminCall) -> Document:
        raise AdminRequestError(
            f"got {call.method} /_admin/{call.path['rest']}, expected one of: GET /_admin/events, {', '.join(known)}",
            status=404,
        )

    stream = EventStream(changes, JobWatch(msf, changes))
    routes = [
        Route("/events", stream.answer, methods=["GET"]),
        *(Route(path, answering(handler), methods=[method]) for method, path, handler in handlers),
        Route("/{rest:path}", answering(unknown), methods=_METHODS),
    ]
    return [Mount("/_admin", routes=routes, middleware=[Middleware(BrowserGuard)])]


def _facts(application: Application) -> dict[str, str | int]:
    return {"application": application.arn, "status": application.status.value, "version": application.version_id}
