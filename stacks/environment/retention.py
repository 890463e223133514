"""The tables ``[snapshots]`` and ``[packages]`` of an environment's file."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from cdk_penstock.model.package_pruning import check_package_prefix
from cdk_penstock.model.snapshots import SnapshotRetention
from stacks.environment.settings import Settings, allowed


class SnapshotSettings(Settings):
    """Snapshots of the application by schedule, and those that are kept."""

    every_hours: Annotated[int, Field(ge=1, le=168)] = 6
    """Age of the newest good snapshot at which another one is taken."""
    max_age_hours: int | None = None
    """Age of the newest good snapshot above which the alarm is raised; by default twice ``every_hours``, at least two
    hours more."""
    # What is not set is not handed on: its default is the library's.
    newest: int | None = None
    daily_for_days: int | None = None
    """For how many days one snapshot a day is kept; by default for as long as the topic keeps its events."""
    rollback_versions: int | None = None
    pinned_prefix: str | None = None
    """The beginning of the names of snapshots that are kept until somebody deletes them; empty for no such rule."""
    dry_run: bool = False
    """True if nothing is deleted, and the function's log says what would be."""

    @model_validator(mode="after")
    def _rules_are_possible(self) -> Self:
        allowed(lambda days: self.retention(default_days=days), 0)
        if self.max_age_hours is not None and self.max_age_hours <= self.every_hours:
            raise ValueError(
                f"max_age_hours: got {self.max_age_hours}, expected more than every_hours, which is {self.every_hours}"
            )
        return self

    def retention(self, *, default_days: int) -> SnapshotRetention:
        """Return the snapshots to keep; ``default_days`` is for ``daily_for_days``, if that is not set."""
        names = ("newest", "daily_for_days", "rollback_versions", "pinned_prefix")
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.pinned_prefix == "":
            given["pinned_prefix"] = None
        return SnapshotRetention(**{"daily_for_days": default_days, **given})


class PackageSettings(Settings):
    """Packages of the application's code, in the bucket that ``application.code`` names."""

    prefix: str
    """The folder in the bucket that holds nothing but the application's packages, with a slash at its end."""
    rollback_versions: Annotated[int, Field(ge=1)] | None = None
    """For how many of the last versions the package is kept."""
    min_age_days: Annotated[int, Field(ge=1)] | None = None
    """Age below which every package is kept."""
    dry_run: bool = False
    """True if nothing is deleted, and the function's log says what would be."""

    @field_validator("prefix")
    @classmethod
    def _prefix_is_a_folder(cls, prefix: str) -> str:
        return allowed(check_package_prefix, prefix)
