"""The order to launch the job of an application's version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.changes import LaunchOrder
from cdk_penstock.model.lifecycle.observed_job import Launch

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.changes import Records
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.model.lifecycle.transit import Transit
    from cdk_penstock.model.lifecycle.version_settings import Settings


def _launch(application: Application, settings: Settings, *, parallelism: int, savepoint: str | None,
            recover: bool, allow_non_restored_state: bool) -> LaunchOrder:  # fmt: skip
    checkpoints = settings.flink["CheckpointConfigurationDescription"]
    groups = settings.configuration.get("EnvironmentPropertyDescriptions", {}).get("PropertyGroupDescriptions", [])
    return LaunchOrder(
        launch=Launch(
            launch_id=application.launch_id,
            code=settings.code,
            runtime=settings.runtime,
            property_groups={each["PropertyGroupId"]: each["PropertyMap"] for each in groups},
            parallelism=parallelism,
            parallelism_per_kpu=settings.parallelism_per_kpu,
            checkpointing_enabled=checkpoints["CheckpointingEnabled"],
            checkpoint_interval_ms=checkpoints["CheckpointInterval"],
            min_pause_between_checkpoints_ms=checkpoints["MinPauseBetweenCheckpoints"],
            savepoint=savepoint,
            recover=recover,
            allow_non_restored_state=allow_non_restored_state,
        )
    )


def launch_order(application: Application, transit: Transit, records: Records) -> LaunchOrder:
    """Return the order to launch the present version, from the snapshot that the operation in progress restores."""
    return _launch(
        application,
        application.settings,
        parallelism=transit.parallelism,
        savepoint=records.snapshot(transit.restore).location if transit.restore else None,
        recover=False,
        allow_non_restored_state=bool(transit.run and transit.run.allow_non_restored_state),
    )


def recovery_order(application: Application, records: Records) -> LaunchOrder:
    """Return the order to launch the running version again, from its newest checkpoint: its processes have died."""
    version = application.running_version or application.version_id
    settings = records.version(application, version).settings
    return _launch(
        application,
        settings,
        parallelism=application.current_parallelism or settings.parallelism,
        savepoint=application.restored or None,
        recover=True,
        # The state that was left out at the start is left out again, should there be no checkpoint yet.
        allow_non_restored_state=True,
    )
