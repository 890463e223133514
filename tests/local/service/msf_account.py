"""An account in which tests try MSF's behaviours: one of AWS, or one of a service in this process."""

from __future__ import annotations

import abc
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class MsfAccount(abc.ABC):
    """Calls of MSF in short, for the one application that most tests have.

    Attributes
    ----------
    msf
        A client ``kinesisanalyticsv2`` of boto3.
    connect
        Returns another one, with these arguments of ``boto3.client``.
    name
        The name of the application.
    scope
        The beginning of ARNs: ``arn:aws:kinesisanalytics:REGION:ACCOUNT``.
    role
        The ARN of the application's execution role.
    code
        The location in S3 of code that runs: BucketARN and FileKey.
    most_steps
        The number of steps after which everything must be steady.
    """

    msf: Any
    connect: Callable[..., Any]
    name: str
    scope: str
    role: str
    code: Mapping[str, str]
    most_steps: int

    @abc.abstractmethod
    def step(self) -> bool:
        """Let a moment pass; return False if everything is steady already."""

    @abc.abstractmethod
    def put_code(self, key: str, *, broken: bool = False) -> dict[str, str]:
        """Write code into S3, and return its location; broken code is a package in which nothing can be started."""

    def another(self, word: str) -> str:
        """Return the name of another application."""
        return f"{self.name}-{word}"

    @contextmanager
    def refused(self, code: str, text: str = "", *, local_text: str = "") -> Iterator[None]:
        """Expect that a call is refused.

        Parameters
        ----------
        code
            The code of the error.
        text
            A part of MSF's message that is known.
        local_text
            A part of the message, where MSF's is not known.
        """
        with pytest.raises(ClientError) as refused:
            yield
        error = refused.value.response["Error"]
        assert error["Code"] == code, error
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert text in error["Message"]
        self.check_local_text(error["Message"], local_text)

    @abc.abstractmethod
    def check_local_text(self, message: str, text: str) -> None:
        """Check a message whose text at MSF is not known."""

    def settle(self) -> None:
        """Let everything that was begun come to its end."""
        for _ in range(self.most_steps):
            if not self.step():
                return
        message = f"still not steady after {self.most_steps} steps"
        raise AssertionError(message)

    def statuses(self) -> list[str]:
        """Return the statuses of the application from now until it is steady, each once."""
        seen = [self.status()]
        for _ in range(self.most_steps):
            is_steady = not self.step()
            # Also the last one: it may have come between the status before and the step.
            seen.append(self.status())
            if is_steady:
                break
        return list(dict.fromkeys(seen))

    def code_configuration(self, location: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return an ApplicationCodeConfiguration with code at a location, or with code that runs."""
        return {"CodeContentType": "ZIPFILE", "CodeContent": {"S3ContentLocation": dict(location or self.code)}}

    def create(self, name: str = "", *, start: bool = False, **configuration: Any) -> Mapping[str, Any]:
        """Create an application with code and this configuration, and start it."""
        name = name or self.name
        made = self.msf.create_application(
            ApplicationName=name,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole=self.role,
            ApplicationConfiguration={"ApplicationCodeConfiguration": self.code_configuration(), **configuration},
        )
        if start:
            self.msf.start_application(ApplicationName=name)
            self.settle()
        return self.describe(name) if start else made["ApplicationDetail"]

    def create_bare(self, **members: Any) -> Mapping[str, Any]:
        """Create the application without code, with these members of CreateApplication."""
        given = {
            "ApplicationName": self.name,
            "RuntimeEnvironment": "FLINK-1_20",
            "ServiceExecutionRole": self.role,
            **members,
        }
        detail: Mapping[str, Any] = self.msf.create_application(**given)["ApplicationDetail"]
        return detail

    def start(self, **run: Any) -> str:
        """Start the application with this run configuration, wait, and return the operation."""
        given = {"RunConfiguration": run} if run else {}
        operation: str = self.msf.start_application(ApplicationName=self.name, **given)["OperationId"]
        self.settle()
        return operation

    def stop(self, **given: Any) -> str:
        """Begin to stop the application, and return the operation."""
        operation: str = self.msf.stop_application(ApplicationName=self.name, **given)["OperationId"]
        return operation

    def delete(self, detail: Mapping[str, Any]) -> None:
        """Begin to delete an application that is described so."""
        name, created_at = detail["ApplicationName"], detail["CreateTimestamp"]
        self.msf.delete_application(ApplicationName=name, CreateTimestamp=created_at)

    def describe(self, name: str = "") -> Mapping[str, Any]:
        """Return the description of an application."""
        detail: Mapping[str, Any] = self.msf.describe_application(ApplicationName=name or self.name)[
            "ApplicationDetail"
        ]
        return detail

    def status(self, name: str = "") -> str:
        """Return the status of an application."""
        return str(self.describe(name)["ApplicationStatus"])

    def update(self, name: str = "", *, run: Mapping[str, Any] | None = None, **blocks: Any) -> Mapping[str, Any]:
        """Update the present version of an application, and return the answer."""
        given: dict[str, Any] = {"RunConfigurationUpdate": run} if run is not None else {}
        answer: Mapping[str, Any] = self.msf.update_application(
            ApplicationName=name or self.name,
            CurrentApplicationVersionId=self.describe(name)["ApplicationVersionId"],
            ApplicationConfigurationUpdate=blocks,
            **given,
        )
        return answer

    def update_code(self, location: Mapping[str, str]) -> Mapping[str, Any]:
        """Update the application to code at another location, and return the answer."""
        update = {f"{name}Update": value for name, value in location.items()}
        return self.update(
            ApplicationCodeConfigurationUpdate={"CodeContentUpdate": {"S3ContentLocationUpdate": update}}
        )

    def roll_back(self, name: str = "") -> Mapping[str, Any]:
        """Roll the present version of an application back, and return the answer."""
        answer: Mapping[str, Any] = self.msf.rollback_application(
            ApplicationName=name or self.name, CurrentApplicationVersionId=self.describe(name)["ApplicationVersionId"]
        )
        return answer

    def versions(self) -> dict[int, str]:
        """Return the versions of the application that are listed, with their statuses."""
        listed = self.msf.list_application_versions(ApplicationName=self.name)["ApplicationVersionSummaries"]
        return {each["ApplicationVersionId"]: each["ApplicationStatus"] for each in listed}

    def snapshots(self, name: str = "") -> list[Mapping[str, Any]]:
        """Return the snapshots of an application, from the oldest on."""
        return list(self.msf.list_application_snapshots(ApplicationName=name or self.name)["SnapshotSummaries"])

    def operation(self, operation_id: str, name: str = "") -> Mapping[str, Any]:
        """Return the description of an operation."""
        answer = self.msf.describe_application_operation(ApplicationName=name or self.name, OperationId=operation_id)
        details: Mapping[str, Any] = answer["ApplicationOperationInfoDetails"]
        return details

    def applications(self) -> list[str]:
        """Return the names of the test's applications, as they are listed."""
        pages = self.msf.get_paginator("list_applications").paginate()
        names = [each["ApplicationName"] for page in pages for each in page["ApplicationSummaries"]]
        return [name for name in names if re.fullmatch(rf"{self.name}(-.*)?", name)]


def properties(**values: str) -> dict[str, Any]:
    """Return EnvironmentPropertyUpdates with one group."""
    return {"EnvironmentPropertyUpdates": {"PropertyGroups": [{"PropertyGroupId": "job", "PropertyMap": values}]}}
