"""Schema of an environment's file: one module for each table, and the environment that has them."""

from __future__ import annotations

from stacks.environment.access import EncryptionSettings, PrincipalSettings
from stacks.environment.application import ApplicationSettings, CodeSettings
from stacks.environment.environment import Environment
from stacks.environment.events import EventLoadSettings, EventsSettings
from stacks.environment.metrics import MetricsSettings
from stacks.environment.network import NetworkSettings
from stacks.environment.retention import PackageSettings, SnapshotSettings

__all__ = (
    "ApplicationSettings",
    "CodeSettings",
    "EncryptionSettings",
    "Environment",
    "EventLoadSettings",
    "EventsSettings",
    "MetricsSettings",
    "NetworkSettings",
    "PackageSettings",
    "PrincipalSettings",
    "SnapshotSettings",
)
