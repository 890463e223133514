"""AWS::KinesisAnalyticsV2::Application and its logging option.

CloudFormation starts and stops no application: it waits until an update has ended, be the application READY or RUNNING.
Source: the types' schemas in CloudFormation's registry, for the calls and for what replaces an application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.engine.resources import Made, ResourceProvider
from cdk_penstock.rehearsal.providers.application_update_request import (
    create_request,
    removed_blocks,
    typed,
    update_request,
    vpc_update,
    vpcs,
)
from cdk_penstock.rehearsal.providers.deployed_application import DeployedApplication
from cdk_penstock.rehearsal.providers.service_calls_of_stacks import tag_map

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.rehearsal.engine.resources import Existing, Wanted
    from cdk_penstock.rehearsal.world.world import World

_MAINTENANCE: Final = "ApplicationMaintenanceConfiguration"
_WINDOW: Final = "ApplicationMaintenanceWindowStartTime"


class ApplicationProvider(ResourceProvider):
    """Carries out what CloudFormation does for an application.

    Parameters
    ----------
    world
        The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, wanted: Wanted) -> Made:
        """Create the application, READY, and set its maintenance window."""
        properties = typed(wanted.properties)
        name = str(properties.get("ApplicationName") or wanted.generated_name(128))
        application = DeployedApplication(self._world, wanted.place, name)
        request = create_request(properties, name)
        arn = application.call("CreateApplication", **_without_name(request))["ApplicationDetail"]["ApplicationARN"]
        if (window := _window(properties)) is not None:
            application.set_window(window)
        application.describe()
        application.tags(arn)
        return Made(physical_id=name)

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Update the application from the difference of the templates, and wait until it has ended."""
        old, new = typed(existing.wanted.properties), typed(wanted.properties)
        application = DeployedApplication(self._world, wanted.place, existing.made.physical_id)
        detail = application.describe()
        left = removed_blocks(old, new)
        if left:
            self._world.timeline.note(
                f"{application.name} keeps {', '.join(left)}: CloudFormation does not document what an update does when"
                " a template has it no more"
            )
        request = update_request(old, new)
        if vpcs(old) and vpcs(new) and vpcs(old) != vpcs(new):
            (present,) = detail["ApplicationConfigurationDescription"]["VpcConfigurationDescriptions"]
            block = request.setdefault("ApplicationConfigurationUpdate", {})
            block |= vpc_update(vpcs(new)[0], present["VpcConfigurationId"])
        if request:
            if detail["ApplicationStatus"] == "RUNNING" and (run := new.get("RunConfiguration")):
                request["RunConfigurationUpdate"] = run
            application.change("UpdateApplication", **request)
        self._update_vpc(application, detail, old, new)
        if (window := _window(new)) not in {None, _window(old)}:
            application.set_window(str(window))
        if new.get("Tags") != old.get("Tags"):
            application.set_tags(detail["ApplicationARN"], tag_map(new.get("Tags")))
        return existing.made

    @staticmethod
    def _update_vpc(
        application: DeployedApplication, detail: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> None:
        if vpcs(new) and not vpcs(old):
            application.change("AddApplicationVpcConfiguration", VpcConfiguration=dict(vpcs(new)[0]))
        if vpcs(old) and not vpcs(new):
            for each in detail["ApplicationConfigurationDescription"].get("VpcConfigurationDescriptions", ()):
                application.change("DeleteApplicationVpcConfiguration", VpcConfigurationId=each["VpcConfigurationId"])

    def delete(self, existing: Existing) -> None:
        """Delete the application, running or not, and wait until it is gone."""
        application = DeployedApplication(self._world, existing.wanted.place, existing.made.physical_id)
        if not application.exists():
            return
        created = application.describe()["CreateTimestamp"].timestamp()
        application.call("DeleteApplication", CreateTimestamp=created)
        application.wait_until_gone()


def _without_name(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != "ApplicationName"}


def _window(properties: Mapping[str, Any]) -> str | None:
    start = (properties.get(_MAINTENANCE) or {}).get(_WINDOW)
    return None if start is None else str(start)


class LoggingOptionProvider(ResourceProvider):
    """Carries out what CloudFormation does for a logging option, which makes a new version of the application.

    Parameters
    ----------
    world
        The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def _application(self, wanted: Wanted) -> DeployedApplication:
        return DeployedApplication(self._world, wanted.place, str(wanted.properties["ApplicationName"]))

    def create(self, wanted: Wanted) -> Made:
        """Add the logging option."""
        application, stream = self._application(wanted), _stream(wanted)
        application.change("AddApplicationCloudWatchLoggingOption", CloudWatchLoggingOption={"LogStreamARN": stream})
        options = application.describe()["CloudWatchLoggingOptionDescriptions"]
        option_id = next(each["CloudWatchLoggingOptionId"] for each in options if each["LogStreamARN"] == stream)
        return Made(physical_id=f"{application.name}-{option_id}", attributes={_OPTION_ID: option_id})

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Change the log stream; for another application, the option is replaced."""
        if existing.wanted.properties["ApplicationName"] != wanted.properties["ApplicationName"]:
            return self.create(wanted)
        change = {_OPTION_ID: existing.made.attributes[_OPTION_ID], "LogStreamARNUpdate": _stream(wanted)}
        self._application(wanted).change("UpdateApplication", CloudWatchLoggingOptionUpdates=[change])
        return existing.made

    def delete(self, existing: Existing) -> None:
        """Delete the logging option, if the application still has it."""
        application, option_id = self._application(existing.wanted), existing.made.attributes[_OPTION_ID]
        if not application.exists():
            return
        options = application.describe().get("CloudWatchLoggingOptionDescriptions", ())
        if any(each[_OPTION_ID] == option_id for each in options):
            application.change("DeleteApplicationCloudWatchLoggingOption", CloudWatchLoggingOptionId=option_id)


_OPTION_ID: Final = "CloudWatchLoggingOptionId"


def _stream(wanted: Wanted) -> str:
    return str(wanted.properties["CloudWatchLoggingOption"]["LogStreamARN"])


PROVIDERS: Final[Mapping[str, Callable[[World], ResourceProvider]]] = {
    "AWS::KinesisAnalyticsV2::Application": ApplicationProvider,
    "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption": LoggingOptionProvider,
}
"""The providers of this module, by their types."""
