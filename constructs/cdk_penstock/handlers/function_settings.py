"""The settings of a function that is no custom resource's, and what it tells its log."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cdk_penstock.handlers.metric_lines import write_metrics
from cdk_penstock.model.custom_resources.stringified import read_object
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.settings_variable import SETTINGS_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SettingsT = TypeVar("SettingsT")


def read_settings(kind: type[SettingsT]) -> SettingsT:
    """Return the settings from the environment; raise PenstockError where they are missing or of another form."""
    text = os.environ.get(SETTINGS_VARIABLE)
    if text is None:
        raise PenstockError(f"expected the settings of the function in {SETTINGS_VARIABLE}, got none: deploy again")
    return cast("SettingsT", read_object(kind, json.loads(text)))


def tell(application_name: str, values: Mapping[str, float], *, scaled_by: str, at: datetime, **told: Any) -> None:
    """Write one line with metrics of an application's scaling into the log."""
    dimensions = {"Application": application_name, "ScaledBy": scaled_by}
    write_metrics(values, dimensions=dimensions, at=at, **told)
