"""Constructs that act on an application during a deployment."""

from penstock.lifecycle.application_start import ApplicationStart
from penstock.lifecycle.control_provider import ControlProvider
from penstock.lifecycle.errors import LifecycleError
from penstock.model.arguments import check_arguments

__all__ = ("ApplicationStart", "ControlProvider", "LifecycleError")

check_arguments(globals())
