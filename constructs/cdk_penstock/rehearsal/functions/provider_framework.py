"""The CDK's provider framework for custom resources, in its own rules: what it calls, waits for and refuses.

The framework of the assembly is a program for Node.js that needs what only Lambda has. ``FRAMEWORK_DIGEST`` is that of
the version whose behaviour is written down here; another one is named in the result.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.rehearsal.functions.function_errors import FunctionError, NotRunnableFunctionError
from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.rehearsal.functions.functions import DeployedFunction, Functions
    from cdk_penstock.rehearsal.world.state_machines import StateMachine
    from cdk_penstock.rehearsal.world.world import World

FRAMEWORK_DIGEST: Final = "c4bcddf3eaf08b36bc922aee2d8ad9cc05fc65b13723dc0d43efa1972f4e178f"
_ON_EVENT: Final = "USER_ON_EVENT_FUNCTION_ARN"
_IS_COMPLETE: Final = "USER_IS_COMPLETE_FUNCTION_ARN"
_WAITER: Final = "WAITER_STATE_MACHINE_ARN"
_NOT_CREATED: Final = "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"
_SERVICE: Final = "states.amazonaws.com"
_UNKNOWN_FRAMEWORK: Final = (
    "its provider framework is of another version of the CDK than the one whose rules are known here, by which it was"
    " played"
)


@dataclass(frozen=True, kw_only=True)
class CustomResourceAnswer:
    """The answer that CloudFormation gets.

    Parameters
    ----------
    succeeded
        True for SUCCESS.
    physical_id
        The id of the resource.
    reason
        The reason of a failure.
    data
        The attributes.
    """

    succeeded: bool
    physical_id: str
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def is_framework(function: DeployedFunction) -> bool:
    """Return True for the function of the framework that CloudFormation invokes."""
    return _ON_EVENT in function.environment and function.handler.endswith("onEvent")


def framework_is_known(code: Path | None) -> bool:
    """Return True if the framework in a folder or a zip is the one whose behaviour is written down here."""
    if code is None:
        return False
    try:
        content = (zipfile.Path(code) if code.is_file() else code).joinpath("framework.js").read_bytes()
    except (OSError, KeyError, zipfile.BadZipFile):
        return False
    return hashlib.sha256(content).hexdigest() == FRAMEWORK_DIGEST


class ProviderFramework:
    """Answers the events of custom resources.

    Parameters
    ----------
    world
        The world.
    functions
        Its functions.
    """

    def __init__(self, world: World, functions: Functions) -> None:
        self._world = world
        self._functions = functions

    def answer(self, function: DeployedFunction, event: dict[str, Any]) -> CustomResourceAnswer:
        """Return the answer to an event; a function without the framework sends it to a URL.

        Raises NotRunnableFunctionError if a function is not run here.
        """
        if not is_framework(function):
            return self._answer_of_plain(function, event)
        if not framework_is_known(function.code):
            self._functions.note_not_run(function, _UNKNOWN_FRAMEWORK)
        physical_id = str(event.get("PhysicalResourceId", ""))
        if event["RequestType"] == "Delete" and physical_id == _NOT_CREATED:
            return CustomResourceAnswer(succeeded=True, physical_id=physical_id)
        if event["RequestType"] == "Create":
            physical_id = _NOT_CREATED
        try:
            begun = self._begin(function, event)
            if _IS_COMPLETE not in function.environment:
                return _success(begun)
            task = self._start_waiter(function)
            # An error before this line leaves the id as it was in the event.
            physical_id = str(begun["PhysicalResourceId"])
            return self._wait(function, task, begun)
        except NotRunnableFunctionError:
            raise
        except PenstockError as error:
            reason = error.message if isinstance(error, FunctionError) else str(error)
            return CustomResourceAnswer(succeeded=False, physical_id=physical_id, reason=reason)

    def _begin(self, framework: DeployedFunction, event: dict[str, Any]) -> dict[str, Any]:
        """Call the handler's ``on_event``, and return the event with its answer."""
        self._functions.begin(framework)
        result = _mapping(self._call(framework, framework.environment[_ON_EVENT], event))
        default = event["RequestId"] if event["RequestType"] == "Create" else event["PhysicalResourceId"]
        physical_id = result.get("PhysicalResourceId") or default
        if event["RequestType"] == "Delete" and physical_id != event["PhysicalResourceId"]:
            raise RehearsalError(
                f'DELETE: cannot change the physical resource ID from "{event["PhysicalResourceId"]}" to'
                f' "{physical_id}" during deletion'
            )
        return {**event, **result, "PhysicalResourceId": physical_id}

    def _start_waiter(self, framework: DeployedFunction) -> _Task:
        arn = framework.environment[_WAITER]
        self._world.authority.require(_as_framework(framework), "states:StartExecution", arn)
        waiter = self._world.state_machines.get(arn)
        if waiter is None:
            raise RehearsalError(f"there is no state machine {arn}")
        states = Actor(made_by=MadeBy.SERVICE, service=_SERVICE)
        self._world.authority.require(states, "sts:AssumeRole", waiter.role_arn)
        return _Task.of(waiter)

    def _wait(self, framework: DeployedFunction, task: _Task, begun: dict[str, Any]) -> CustomResourceAnswer:
        """Let the waiter ask ``is_complete`` until it is done, or its time is over."""
        wait_seconds = task.interval_seconds
        for attempt in range(task.attempts + 1):
            if attempt:
                self._world.clock.sleep(wait_seconds)
                wait_seconds *= task.backoff_rate
            asker = self._invoked_by_waiter(task, task.function_arn)
            result = self._call(asker, framework.environment[_IS_COMPLETE], begun)
            if result is None:
                raise RehearsalError("is_complete returned nothing, expected a mapping with IsComplete")
            result = _mapping(result)
            if result.get("IsComplete"):
                data = {**_mapping(begun.get("Data")), **_mapping(result.get("Data"))}
                return _success({**begun, **result, "Data": data})
            if result.get("Data"):
                raise RehearsalError('"Data" is not allowed if "IsComplete" is "False"')
        if task.timeout_function_arn:
            self._invoked_by_waiter(task, task.timeout_function_arn)
        return CustomResourceAnswer(
            succeeded=False, physical_id=str(begun["PhysicalResourceId"]), reason="Operation timed out"
        )

    def _invoked_by_waiter(self, task: _Task, arn: str) -> DeployedFunction:
        function = self._functions.find(arn)
        if function is None:
            raise RehearsalError(f"there is no function {arn}, which the waiter calls")
        actor = Actor(made_by=MadeBy.FRAMEWORK, arn=task.role_arn)
        self._world.authority.require(actor, "lambda:InvokeFunction", function.arn)
        self._functions.begin(function)
        return function

    def _call(self, framework: DeployedFunction, arn: str, event: dict[str, Any]) -> Any:
        """Invoke a function of the handler, as a function of the framework does."""
        actor = _as_framework(framework)
        # It asks only for a function that Lambda has put to rest, which may be so at any event.
        self._world.authority.require(actor, "lambda:GetFunction", arn)
        return self._functions.invoke(arn, event, actor)

    def _answer_of_plain(self, function: DeployedFunction, event: dict[str, Any]) -> CustomResourceAnswer:
        urls = self._world.gateway.response_urls
        url = urls.url(self._world.gateway.url, str(event["RequestId"]))
        physical_id = str(event.get("PhysicalResourceId") or event["RequestId"])
        reason = "CloudFormation did not receive a response from your Custom Resource"
        try:
            self._functions.run(function, {**event, "ResponseURL": url})
        except NotRunnableFunctionError:
            raise
        except PenstockError as error:
            reason = f"{reason}: {error}"
        # An answer counts, whatever happens to the function after it.
        sent = urls.take(str(event["RequestId"]))
        if sent is None:
            return CustomResourceAnswer(succeeded=False, physical_id=physical_id, reason=reason)
        return CustomResourceAnswer(
            succeeded=sent.get("Status") == "SUCCESS",
            physical_id=str(sent.get("PhysicalResourceId") or physical_id),
            reason=str(sent.get("Reason", "")),
            data=_mapping(sent.get("Data")),
        )


@dataclass(frozen=True, kw_only=True)
class _Task:
    """The task of the waiter: its function, how often it is called, and the function that is called at the end."""

    role_arn: str
    function_arn: str
    interval_seconds: float
    backoff_rate: float
    attempts: int
    timeout_function_arn: str

    @classmethod
    def of(cls, waiter: StateMachine) -> _Task:
        states = waiter.definition["States"]
        task = states[waiter.definition["StartAt"]]
        retry = (task.get("Retry") or [{}])[0]
        caught = (task.get("Catch") or [{}])[0].get("Next", "")
        return cls(
            role_arn=waiter.role_arn,
            function_arn=str(task["Resource"]),
            interval_seconds=float(retry.get("IntervalSeconds", 1)),
            backoff_rate=float(retry.get("BackoffRate", 2)),
            attempts=int(retry.get("MaxAttempts", 3)),
            timeout_function_arn=str(states.get(caught, {}).get("Resource", "")),
        )


def _as_framework(function: DeployedFunction) -> Actor:
    return Actor(made_by=MadeBy.FRAMEWORK, arn=function.role_arn)


def _success(event: Mapping[str, Any]) -> CustomResourceAnswer:
    return CustomResourceAnswer(
        succeeded=True, physical_id=str(event["PhysicalResourceId"]), data=_mapping(event.get("Data"))
    )


def _mapping(value: Any) -> dict[str, Any]:
    """Return what a handler answered if it is an object; the framework takes nothing from anything else."""
    return value if isinstance(value, dict) else {}
