"""The environment variable through which a function gets its settings, as JSON.

Who calls a function, such as an alarm, does not always let it choose what to say.
"""

from __future__ import annotations

from typing import Final

SETTINGS_VARIABLE: Final = "SETTINGS"
"""The name of the variable."""
