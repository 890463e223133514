"""The keys of an environment's file about its alarms."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from cdk_penstock.model.runbook_urls import check_runbook_base_url
from stacks.environment.regions import check_region
from stacks.environment.settings import Settings, allowed, text_of_form


class AlarmSettings(Settings):
    """The people who are told of alarms, and the folder of the runbooks."""

    alarm_topic: (
        Annotated[
            str,
            text_of_form(
                r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}",
                "the ARN of a topic, such as 'arn:aws:sns:eu-central-1:111122223333:on-call'",
            ),
        ]
        | None
    ) = None
    """The ARN of the SNS topic that alarms notify; without one, an encrypted topic is made."""
    alarm_email: (
        Annotated[
            str,
            text_of_form(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an email address, such as 'on-call@example.com'"),
        ]
        | None
    ) = None
    """The address that the topic that is made sends to; its owner has to confirm."""
    runbook_base_url: Annotated[str, AfterValidator(partial(allowed, check_runbook_base_url))] | None = None
    """The URL of the folder of runbooks, to which alarms lead; without one, they name paths in the repository."""

    @property
    def are_alarms_heard(self) -> bool:
        """True if somebody is named whom alarms notify."""
        return self.alarm_topic is not None or self.alarm_email is not None

    @model_validator(mode="after")
    def _one_way_to_tell(self) -> Self:
        if self.alarm_topic is not None and self.alarm_email is not None:
            raise ValueError(
                f"alarm_email: got {self.alarm_email!r} beside alarm_topic: subscribe the address to that topic, and"
                " leave alarm_email out"
            )
        return self

    @model_validator(mode="after")
    def _topic_is_in_a_region(self) -> Self:
        if self.alarm_topic is not None:
            try:
                check_region(self.alarm_topic.split(":")[3])
            except ValueError as error:
                raise ValueError(f"alarm_topic: its Region: {error}") from error
        return self

    def check_alarm_region(self, region: str) -> None:
        """Raise ValueError for a topic of another Region than that of the environment."""
        of_topic = region if self.alarm_topic is None else self.alarm_topic.split(":")[3]
        if of_topic != region:
            raise ValueError(
                f"alarm_topic: got a topic in {of_topic}, expected one in {region}: CloudWatch notifies only those"
                " of an alarm's own Region"
            )
