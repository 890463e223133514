"""The types of arguments at the border of the library.

They are those in the signatures. ``check_arguments`` makes all that a package exports check them on each call, and say
of a wrong one what was got, what was expected, and the fix.
"""

from __future__ import annotations

from cdk_penstock.model.arguments.border import check_arguments, check_properties
from cdk_penstock.model.arguments.errors import ArgumentError

__all__ = ("ArgumentError", "check_arguments", "check_properties")
