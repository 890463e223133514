"""The vehicle job on the local pipeline: a fleet, or recorded events, and every sample checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from cdk_penstock.local.demo.scenario import Scenario
from cdk_penstock.local.event_files import require_file
from cdk_penstock.local.event_lines import LineFormat
from cdk_penstock.local.report.layout import Plot, ReportLayout
from vehicle_metrics import contract
from vehicle_metrics_scenario.checks import check_samples
from vehicle_metrics_scenario.models import packaged_models, read_models

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_penstock.local.prometheus.samples import Sample

__all__ = ("SCENARIO", "VehicleScenario", "job_properties")

MOST_EVENTS_PER_SECOND = 10_000_000  # far beyond what one machine makes
NO_AUTHENTICATION = "none"


def job_properties(
    *,
    bootstrap_servers: str,
    remote_write_url: str,
    events_topic: str = contract.EVENTS_TOPIC,
    dead_letters_topic: str = contract.DEAD_LETTERS_TOPIC,
    consumer_group: str = str(contract.InputEvents.consumer_group.default),
) -> dict[str, dict[str, str]]:
    """Return the property groups of the vehicle job on one machine; what is not set has the job's defaults.

    Parameters
    ----------
    bootstrap_servers
        The broker's address.
    remote_write_url
        Where Prometheus takes samples.
    events_topic, dead_letters_topic
        The topics.
    consumer_group
        The group in which the job reads.
    """
    return {
        **contract.InputEvents.of(
            bootstrap_servers=bootstrap_servers,
            topic=events_topic,
            consumer_group=consumer_group,
            authentication=NO_AUTHENTICATION,
            starting_offsets="earliest",
            # No partition is ever idle, see Scenario.property_groups.
            idleness_ms=0,
        ),
        **contract.PrometheusOutput.of(url=remote_write_url, signer=NO_AUTHENTICATION),
        **contract.DeadLettersOutput.of(topic=dead_letters_topic),
    }


@dataclass(frozen=True, kw_only=True)
class VehicleScenario(Scenario):
    """The vehicle job: events of a fleet become metrics by model and region."""

    job_name = "vehicle job"
    events_topic = contract.EVENTS_TOPIC
    dead_letters_topic = contract.DEAD_LETTERS_TOPIC
    consumer_group = str(contract.InputEvents.consumer_group.default)
    window_seconds = contract.Job.window_seconds.default or 0
    fields = LineFormat(key_field=contract.KEY_FIELD)
    layout = ReportLayout(
        title="Vehicles in motion and active warnings",
        by=contract.MODEL,
        over=contract.REGION,
        plots=tuple(
            Plot(metric=metric, label=label, title=f"{title}, by {label}", unit=unit)
            for metric, title, unit in (
                (contract.VEHICLES_IN_MOTION, "Vehicles in motion", "vehicles"),
                (contract.WARNINGS, "Active warnings", "warnings"),
            )
            for label in (contract.MODEL, contract.REGION)
        ),
    )
    generator_options: ClassVar[tuple[str, ...]] = ("vehicles", "events_per_second")

    models: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV with the columns vehicleId,model; default: the models in the package.",
        ),
    ] = None
    vehicles: Annotated[
        int, typer.Option(min=1, max=contract.Fleet.vehicles.most, help="Vehicles of the generated fleet.")
    ] = 10_000
    events_per_second: Annotated[
        int, typer.Option(min=1, max=MOST_EVENTS_PER_SECOND, help="Events of the generated fleet.")
    ] = 10_000

    def check_inputs(self) -> None:
        """Raise InputFileError for a file of models that is empty or has another form."""
        self._given_models()

    @property
    def generating(self) -> str:
        """The generator's work as a stage of the run."""
        return f"let a fleet of {self.vehicles:,} vehicles drive"

    def property_groups(self, *, bootstrap_servers: str, remote_write_url: str) -> dict[str, dict[str, str]]:
        """Return the property groups of job and generator."""
        models = {} if self.models is None else contract.VehicleModels.of(location=self.models.absolute())
        return {
            **job_properties(bootstrap_servers=bootstrap_servers, remote_write_url=remote_write_url),
            **models,
            **contract.EventsOutput.of(
                bootstrap_servers=bootstrap_servers, topic=self.events_topic, authentication=NO_AUTHENTICATION
            ),
            **contract.Fleet.of(vehicles=self.vehicles, events_per_second=self.events_per_second),
        }

    def check(
        self,
        lines: Iterable[bytes],
        letters: Sequence[tuple[str, bytes]],
        samples: Sequence[Sample],
        *,
        jar: Path | None,
    ) -> list[str]:
        """Return how a run differs from the oracle; an empty list if it does not."""
        given = self._given_models()
        models = packaged_models(jar) if given is None else given
        return check_samples(lines, letters, samples, models, window_seconds=self.window_seconds)

    def _given_models(self) -> dict[str, str] | None:
        return None if self.models is None else read_models(require_file(self.models, what="the file of models"))


SCENARIO = VehicleScenario
