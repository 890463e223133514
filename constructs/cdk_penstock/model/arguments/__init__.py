"""Type checks of arguments at the public interface of the library.

The types are those in the signatures. ``check_arguments`` makes all exports of a package check them on each call. A
message says what was got, what was expected, and the fix.
"""

from __future__ import annotations

from cdk_penstock.model.arguments.border import ArgumentError, check_arguments, check_properties

__all__ = ("ArgumentError", "check_arguments", "check_properties")
