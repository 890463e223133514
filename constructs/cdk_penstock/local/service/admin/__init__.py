"""The admin API of a local MSF, for its status page and for tests: faults, keys, what MSF does by itself, events."""

from cdk_penstock.local.service.admin.routes import admin_routes

__all__ = ("admin_routes",)
