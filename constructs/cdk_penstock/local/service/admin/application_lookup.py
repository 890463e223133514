"""The application that a request of the admin API names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.local.service.admin_answers import AdminRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_penstock.local.service.admin_answers import AdminCall
    from cdk_penstock.local.service.store import Store
    from cdk_penstock.model.lifecycle.records import Application


_MOST_NAMES = 5


def named_application(store: Store, call: AdminCall) -> Application:
    """Return the application of the path, in the account and Region of the query if these are given.

    Raises
    ------
    AdminRequestError
        There is none, or there are several and the query does not tell which.
    """
    name = call.path["name"]
    everywhere = store.all_applications()
    wanted = (call.query.get("account"), call.query.get("region"))
    named = [each for each in everywhere if each.name == name]
    found = [each for each in named if all(w in {None, p} for w, p in zip(wanted, _place(each), strict=True))]
    if len(found) == 1:
        return found[0]
    if found:
        raise AdminRequestError(
            f"application {name!r} is in {_in(found)}: add ?account= and &region= to the address", status=409
        )
    if named:
        raise AdminRequestError(
            f"got account and region {wanted}, but application {name!r} is in {_in(named)}", status=404
        )
    names = _joined({each.name for each in everywhere}) or "none yet: create one with CreateApplication"
    raise AdminRequestError(f"got application {name!r}, expected one that exists: {names}", status=404)


def _place(application: Application) -> tuple[str, str]:
    _, _, _, region, account, _ = application.arn.split(":", 5)
    return account, region


def _in(applications: Iterable[Application]) -> str:
    return _joined({f"account {account}, Region {region}" for account, region in map(_place, applications)}, "; ")


def _joined(names: set[str], separator: str = ", ") -> str:
    listed = sorted(names)
    more = len(listed) - _MOST_NAMES
    return separator.join(listed[:_MOST_NAMES]) + (f"{separator}and {more} more" if more > 0 else "")
