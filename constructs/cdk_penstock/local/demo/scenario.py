"""The seam between the demonstration and a workload: everything that knows the workload's events."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cdk_penstock.local.event_lines import LineFormat
    from cdk_penstock.local.prometheus.samples import Sample
    from cdk_penstock.local.report.layout import ReportLayout


class Scenario(ABC):
    """One workload on the local pipeline: its events, its property groups, and what must come out of its job.

    A subclass is a frozen dataclass. Its fields are the options that ``penstock demo`` has for this workload alone,
    annotated with ``typer.Option``. Its dead letters are JSON with ``reason`` and ``payload``.

    ``generator_options`` are the fields without an effect on recorded events, ``generator_program`` is None where there
    is no program that makes up events.
    """

    job_name: ClassVar[str]
    events_topic: ClassVar[str]
    dead_letters_topic: ClassVar[str]
    consumer_group: ClassVar[str]
    window_seconds: ClassVar[int]
    fields: ClassVar[LineFormat]
    layout: ClassVar[ReportLayout]
    job_program: ClassVar[str] = "main.py"
    generator_program: ClassVar[str | None] = "generator.py"
    generator_options: ClassVar[tuple[str, ...]] = ()

    def check_inputs(self) -> None:  # noqa: B027 (most scenarios read no file)
        """Raise PenstockError for a file that cannot be used; called before anything is started."""

    @property
    def generating(self) -> str:
        """The generator's work as a stage of the run, such as ``let 10 sensors report``."""
        return "generate events"

    @abstractmethod
    def property_groups(self, *, bootstrap_servers: str, remote_write_url: str) -> dict[str, dict[str, str]]:
        """Return the property groups of job and generator.

        No partition may be called idle: then the slowest one holds the watermark, no event is late that was not late
        in its file, and the windows that stay open are closed by draining the job.
        """

    @abstractmethod
    def check(
        self,
        lines: Iterable[bytes],
        letters: Sequence[tuple[str, bytes]],
        samples: Sequence[Sample],
        *,
        jar: Path | None,
    ) -> list[str]:
        """Return how a run differs from what its events must lead to; an empty list if it does not.

        ``lines`` are the records that were sent, ``letters`` the dead letters with their reasons, ``samples`` those of
        Prometheus, ``jar`` is the package's.
        """
