"""The CDK's provider framework for custom resources, in its own rules: what it calls, waits for and refuses.

The framework of the assembly is a program for Node.js that needs what only Lambda has. ``FRAMEWORK_DIGEST`` is that of
the version whose behaviour is written down here; another one is named in the result.
"""

from __future__ import annotations

import hashlib
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


def framework_is_known(code: Path) -> bool:
    """Return True if the framework in a folder is the one whose behaviour is written down here."""
    program = code / "framework.js"
    return program.is_file() and hashlib.sha256(program.read_bytes()).hexdigest() == FRAMEWORK_DIGEST


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
        physical_id = str(event.get("PhysicalResourceId", ""))
        if event["RequestType"] == "Delete" and physical_id == _NOT_CREATED:
            return CustomResourceAnswer(succeeded=True, physical_id=physical_id)
        if event["RequestType"] == "Create":
            physical_id = _NOT_CREATED
        try:
            begun = self._begin(function, event)
            physical_id = str(begun["PhysicalResourceId"])
            return self._wait(function, begun) if _IS_COMPLETE in function.environment else _success(begun)
        except NotRunnableFunctionError:
            raise
        except PenstockError as error:
            reason = error.message if isinstance(error, FunctionError) else str(error)
            return CustomResourceAnswer(succeeded=False, physical_id=physical_id, reason=reason)

    def _begin(self, framework: DeployedFunction, event: dict[str, Any]) -> dict[str, Any]:
        """Call the handler's ``on_event``, and return the event with its answer."""
        self._functions.begin(framework)
        result = self._call(framework, framework.environment[_ON_EVENT], event) or {}
        default = event["RequestId"] if event["RequestType"] == "Create" else event["PhysicalResourceId"]
        physical_id = result.get("PhysicalResourceId") or default
        if event["RequestType"] == "Delete" and physical_id != event["PhysicalResourceId"]:
            raise RehearsalError(
                f'DELETE: cannot change the physical resource ID from "{event["PhysicalResourceId"]}" to'
                f' "{physical_id}" during deletion'
            )
        return {**event, **result, "PhysicalResourceId": physical_id}

    def _wait(self, framework: DeployedFunction, begun: dict[str, Any]) -> CustomResourceAnswer:
        """Let the waiter ask ``is_complete`` until it is done, or its time is over."""
        arn = framework.environment[_WAITER]
        self._world.authority.require(_as_framework(framework), "states:StartExecution", arn)
        waiter = self._world.state_machines.get(arn)
        if waiter is None:
            raise RehearsalError(f"there is no state machine {arn}")
        states = Actor(made_by=MadeBy.SERVICE, service=_SERVICE)
        self._world.authority.require(states, "sts:AssumeRole", waiter.role_arn)
        task = _Task.of(waiter)
        actor = Actor(made_by=MadeBy.FRAMEWORK, arn=waiter.role_arn)
        for attempt in range(task.attempts + 1):
            if attempt:
                self._world.clock.sleep(task.interval_seconds)
            asker = self._functions.find(task.function_arn)
            if asker is None:
                raise RehearsalError(f"there is no function {task.function_arn}, which the waiter calls")
            self._world.authority.require(actor, "lambda:InvokeFunction", asker.arn)
            self._functions.begin(asker)
            result = self._call(asker, framework.environment[_IS_COMPLETE], begun) or {}
            if result.get("IsComplete"):
                data = {**begun.get("Data", {}), **result.get("Data", {})}
                return _success({**begun, **result, "Data": data})
            if result.get("Data"):
                raise RehearsalError('"Data" is not allowed if "IsComplete" is "False"')
        return CustomResourceAnswer(
            succeeded=False, physical_id=str(begun["PhysicalResourceId"]), reason="Operation timed out"
        )

    def _call(self, framework: DeployedFunction, arn: str, event: dict[str, Any]) -> Any:
        """Invoke a function of the handler, as a function of the framework does."""
        actor = _as_framework(framework)
        self._world.authority.require(actor, "lambda:GetFunction", arn)
        return self._functions.invoke(arn, event, actor)

    def _answer_of_plain(self, function: DeployedFunction, event: dict[str, Any]) -> CustomResourceAnswer:
        urls = self._world.gateway.response_urls
        url = urls.url(self._world.gateway.url, str(event["RequestId"]))
        physical_id = str(event.get("PhysicalResourceId") or event["RequestId"])
        try:
            self._functions.run(function, {**event, "ResponseURL": url})
        except FunctionError as error:
            return CustomResourceAnswer(succeeded=False, physical_id=physical_id, reason=str(error))
        sent = urls.take(str(event["RequestId"]))
        if sent is None:
            reason = "CloudFormation did not receive a response from your Custom Resource"
            return CustomResourceAnswer(succeeded=False, physical_id=physical_id, reason=reason)
        return CustomResourceAnswer(
            succeeded=sent.get("Status") == "SUCCESS",
            physical_id=str(sent.get("PhysicalResourceId") or physical_id),
            reason=str(sent.get("Reason", "")),
            data=sent.get("Data") or {},
        )


@dataclass(frozen=True, kw_only=True)
class _Task:
    """The task of the waiter: its function, and how often it is called."""

    function_arn: str
    interval_seconds: float
    attempts: int

    @classmethod
    def of(cls, waiter: StateMachine) -> _Task:
        task = waiter.definition["States"][waiter.definition["StartAt"]]
        retry = (task.get("Retry") or [{}])[0]
        return cls(
            function_arn=str(task["Resource"]),
            interval_seconds=float(retry.get("IntervalSeconds", 1)),
            attempts=int(retry.get("MaxAttempts", 3)),
        )


def _as_framework(function: DeployedFunction) -> Actor:
    return Actor(made_by=MadeBy.FRAMEWORK, arn=function.role_arn)


def _success(event: Mapping[str, Any]) -> CustomResourceAnswer:
    return CustomResourceAnswer(
        succeeded=True, physical_id=str(event["PhysicalResourceId"]), data=event.get("Data") or {}
    )
