"""Constructs that act on an application during a deployment."""

from penstock.lifecycle.application_start import ApplicationStart
from penstock.lifecycle.control_provider import ControlProvider
from penstock.lifecycle.errors import LifecycleError

__all__ = ("ApplicationStart", "ControlProvider", "LifecycleError")
