"""The tables ``[application]`` and ``[generator]`` of an environment's file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from cdk_penstock.model.autoscaling import Autoscaling
from cdk_penstock.model.names import check_application_name
from cdk_penstock.model.properties import PropertyGroups, refuse_run_options
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.model.sizing import Sizing
from stacks.environment.settings import WHOLE_NUMBER, Settings, allowed, text_of_form
from stacks.workloads import REPOSITORY

LogRetentionDays = Annotated[
    Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653], WHOLE_NUMBER
]
Text = Annotated[str, text_of_form(r".+", "at least one character")]
S3Text = Annotated[str, text_of_form(r".{1,1024}", "1 to 1024 characters")]


class CodeSettings(Settings):
    """Source of the application's code: a folder, a package or a bucket; by default the workload's folder."""

    folder: Text | None = None
    """A PyFlink job's folder, relative to the repository; built at synthesis."""
    package: Text | None = None
    """A zip that is built already, relative to the repository."""
    bucket: (
        Annotated[
            str,
            text_of_form(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits, dots and hyphens"),
        ]
        | None
    ) = None
    """The name of a bucket."""
    object_key: S3Text | None = None
    """The object in the bucket."""
    object_version: S3Text | None = None
    """The object's version."""
    entry_point: Text = "main.py"
    """The Python file with the job."""

    @model_validator(mode="after")
    def _at_most_one_source(self) -> Self:
        given = [name for name in ("folder", "package", "bucket") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"code has one of folder, package and bucket, got {' and '.join(given)}")
        if (self.bucket is None) != (self.object_key is None):
            raise ValueError(f"bucket and object_key go together, got {self.bucket!r} and {self.object_key!r}")
        if self.object_version is not None and self.bucket is None:
            raise ValueError("object_version goes with bucket and object_key")
        return self

    @model_validator(mode="after")
    def _folder_has_the_job(self) -> Self:
        if self.folder is not None:
            self.check_folder(Path(self.folder))
        return self

    @property
    def is_of_the_workload(self) -> bool:
        """True if the code is that of the environment's workload."""
        return self.folder is None and self.package is None and self.bucket is None

    def check_folder(self, relative: Path) -> None:
        """Raise ValueError unless a folder of the repository has the entry point."""
        folder = REPOSITORY / relative
        if not folder.is_dir():
            raise ValueError(f"got folder {str(relative)!r}, expected the job's folder, relative to {REPOSITORY}")
        if not (folder / self.entry_point).is_file():
            there = ", ".join(sorted(path.name for path in folder.glob("*.py"))) or "no Python file"
            raise ValueError(f"got entry_point {self.entry_point!r}, expected a file of {relative}: it has {there}")


class ApplicationSettings(Settings):
    """The values of one application."""

    name: str
    """The physical name; changing it replaces the application and loses its snapshots."""
    runtime: str = "FLINK-1_20"
    code: CodeSettings = CodeSettings()
    # What is not set is not handed on: its default is the library's.
    parallelism: int | None = None
    parallelism_per_kpu: int | None = None
    max_kpus: int | None = None
    auto_scaling: bool | None = None
    """True if MSF scales it; with max_kpus below MSF's quota, ``max.parallelism`` of properties.job has to hold it."""
    checkpoint_interval_seconds: Annotated[int, Field(ge=1, le=86_400)] | None = None
    log_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] | None = None
    log_retention_days: LogRetentionDays | None = None
    metrics_level: Literal["APPLICATION", "TASK", "OPERATOR", "PARALLELISM"] | None = None
    maintenance_window_start_time: (
        Annotated[str, text_of_form(r"([01]\d|2[0-3]):[0-5]\d", "a time of day in UTC, such as '02:00'")] | None
    ) = None
    start: bool = False
    """True if a deployment ends with the application running."""
    deploy_command: bool = False
    """True if the job may run code that ``penstock app deploy`` uploads, beside that of the template."""
    outbound_ports: list[Annotated[int, Field(ge=1, le=65_535)]] = Field(default_factory=lambda: [443])
    """TCP ports that the job may call in a VPC that exists already, beside those of its Kafka; a VPC that is made here
    leads nowhere else."""
    properties: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Property groups by id, as the job reads them; values are text."""

    @field_validator("name")
    @classmethod
    def _name_is_allowed(cls, name: str) -> str:
        return allowed(check_application_name, name)

    @field_validator("runtime")
    @classmethod
    def _runtime_is_supported(cls, identifier: str) -> str:
        runtime = allowed(FlinkRuntime.of, identifier)
        if not runtime.is_supported:
            raise ValueError(f"runtime {identifier} is no longer supported by MSF: use FLINK-1_20 or later")
        return identifier

    @field_validator("properties")
    @classmethod
    def _properties_are_allowed(cls, properties: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        allowed(refuse_run_options, properties)
        allowed(_property_groups, properties)
        return properties

    @model_validator(mode="after")
    def _size_is_allowed(self) -> Self:
        sizing = allowed(_sizing, self)
        if self.auto_scaling:
            allowed(lambda size: Autoscaling(sizing=size, max_parallelism=self.max_parallelism), sizing)
        elif self.max_parallelism is not None:
            allowed(sizing.check_max_parallelism, self.max_parallelism)
        return self

    @property
    def max_parallelism(self) -> int | None:
        """The maximum that the job is told to set, as the bundled ones read it (docs/job.md), None without one."""
        told = self.properties.get("job", {}).get("max.parallelism", "")
        return int(told) if re.fullmatch(r"[0-9]{1,9}", told) else None

    @property
    def sizing(self) -> Sizing:
        """The parallelism, checked."""
        return _sizing(self)


def _sizing(settings: ApplicationSettings) -> Sizing:
    return Sizing(**settings.model_dump(include={"parallelism", "parallelism_per_kpu", "max_kpus"}, exclude_unset=True))


def _property_groups(groups: dict[str, dict[str, str]]) -> PropertyGroups:
    return PropertyGroups(groups=groups)
