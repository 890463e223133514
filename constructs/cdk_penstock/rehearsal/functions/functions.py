"""The Lambda functions of the world, and their invocations."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.functions.function_child import FunctionChild
from cdk_penstock.rehearsal.functions.function_errors import NotRunnableFunctionError
from cdk_penstock.rehearsal.functions.provider_framework import ProviderFramework
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cdk_penstock.rehearsal.functions.provider_framework import CustomResourceAnswer
    from cdk_penstock.rehearsal.world.world import World

_TASK: Final = "/var/task"
_WITH_VERSION: Final = 8
_LAMBDA: Final = "lambda.amazonaws.com"
_SESSION: Final = timedelta(hours=12)
"""The lifetime of a function's credentials: a warm process may keep those of its first event."""


@dataclass(frozen=True, kw_only=True)
class DeployedFunction:
    """A function.

    Parameters
    ----------
    arn, name
        The ARN without a version, and the name.
    role_arn
        The role with which it runs.
    runtime, handler
        As in the template; empty for a container image.
    code
        A folder or a zip; None for a container image.
    environment
        The environment variables.
    log_group_name
        The log group.
    timeout_seconds
        The longest run.
    """

    arn: str
    name: str
    role_arn: str
    runtime: str = ""
    handler: str = ""
    code: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    log_group_name: str
    timeout_seconds: int = 3


class Functions:
    """The functions, by ARN.

    Parameters
    ----------
    world
        The world.

    Attributes
    ----------
    not_run
        Functions that were called and are not run here, each as a sentence with its reason.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._functions: dict[str, DeployedFunction] = {}
        self._children: dict[str, tuple[FunctionChild, datetime]] = {}
        self._framework = ProviderFramework(world, self)
        self._calls = 0
        self.not_run: list[str] = []

    def deploy(self, function: DeployedFunction) -> None:
        """Add a function, or replace the one of its ARN."""
        self.remove(function.arn)
        self._functions[function.arn] = function

    def remove(self, arn: str) -> None:
        """Remove a function, if it exists."""
        self._functions.pop(arn, None)
        if arn in self._children:
            self._children.pop(arn)[0].close()

    def find(self, arn: str) -> DeployedFunction | None:
        """Return the function of an ARN, also of one of its versions, None if there is none."""
        parts = arn.split(":")
        return self._functions.get(":".join(parts[: _WITH_VERSION - 1]) if len(parts) >= _WITH_VERSION else arn)

    def invoke(self, arn: str, payload: Any, actor: Actor, context: Mapping[str, str] | None = None) -> Any:
        """Return the result of a function, once its caller may invoke it.

        Raises DeniedError, FunctionError for what it raises, NotRunnableFunctionError if it is not run here.
        """
        function = self._existing(arn)
        self._world.authority.require(actor, "lambda:InvokeFunction", function.arn, context)
        return self.run(function, payload)

    def invoke_custom_resource(self, token: str, event: dict[str, Any]) -> CustomResourceAnswer:
        """Return the answer of a custom resource's function, which CloudFormation has been allowed to invoke.

        Raises NotRunnableFunctionError if it is not run here.
        """
        return self._framework.answer(self._existing(token), event)

    def run(self, function: DeployedFunction, payload: Any) -> Any:
        """Return the result of a function, with Lambda's own calls for it."""
        reason = self._reason_not_to_run(function)
        if reason:
            raise NotRunnableFunctionError(self.note_not_run(function, reason))
        self.begin(function)
        credentials = self._world.gateway.credentials_for(
            function.role_arn, made_by=MadeBy.FUNCTION, session_name=function.name[:64], lifetime=_SESSION
        )
        self._calls += 1
        message = {
            "event": payload,
            "arn": function.arn,
            "request_id": f"rehearsal-{self._calls}",
            "timeout_seconds": function.timeout_seconds,
            "now": self._world.clock().timestamp(),
            "environment": {
                "AWS_ACCESS_KEY_ID": credentials.access_key_id,
                "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
                "AWS_SESSION_TOKEN": credentials.session_token,
            },
        }
        child = self._child(function)
        try:
            return child.run(message, sleep=self._sleep)
        finally:
            for host in child.hosts_outside:
                self._world.gateway.unanswered.note(f"{host}, called by function {function.name}, is not modelled")

    def note_not_run(self, function: DeployedFunction, reason: str) -> str:
        """Remember that a function is not run as it stands, and return the sentence about it."""
        sentence = f"function {function.name}: {reason}"
        if sentence not in self.not_run:
            self.not_run.append(sentence)
        return sentence

    def begin(self, function: DeployedFunction) -> None:
        """Make Lambda's own calls for a run of a function: it assumes the role, and writes the log with it."""
        authority = self._world.authority
        authority.require(Actor(made_by=MadeBy.LAMBDA, service=_LAMBDA), "sts:AssumeRole", function.role_arn)
        partition, region, account = _place(function.arn)
        stream = f"arn:{partition}:logs:{region}:{account}:log-group:{function.log_group_name}:log-stream:rehearsal"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            # Without its log, the function runs all the same.
            authority.ask(Actor(made_by=MadeBy.LAMBDA, arn=function.role_arn), action, stream)

    def close(self) -> None:
        """End all processes."""
        while self._children:
            self._children.popitem()[1][0].close()

    def _existing(self, arn: str) -> DeployedFunction:
        function = self.find(arn)
        if function is None:
            raise NotRunnableFunctionError(f"{arn} is no function of the templates")
        return function

    @staticmethod
    def _reason_not_to_run(function: DeployedFunction) -> str:
        if not function.runtime.startswith("python"):
            return f"its runtime is {function.runtime or 'a container image'}, and only Python is run here"
        if function.code is None or not function.code.exists():
            return "its code is not in the assembly"
        return ""

    def _child(self, function: DeployedFunction) -> FunctionChild:
        child, ends = self._children.get(function.arn, (None, None))
        now = self._world.clock()
        if child is not None and child.is_alive and ends is not None and now < ends:
            return child
        if child is not None:
            child.close()
        folder = self._code_folder(function)
        child = FunctionChild(
            function.name,
            folder=folder,
            handler=function.handler,
            environment=self._environment(function, folder),
            log_file=self._world.folder / "logs" / f"{function.name}.log",
        )
        # Half of the time is left for its last event.
        self._children[function.arn] = child, now + _SESSION / 2
        return child

    def _code_folder(self, function: DeployedFunction) -> Path:
        code = function.code or Path()
        if code.is_dir():
            return code
        target = self._world.folder / "functions" / hashlib.sha256(str(code).encode()).hexdigest()[:16]
        if not target.exists():
            with zipfile.ZipFile(code) as package:
                package.extractall(target)
        return target

    def _environment(self, function: DeployedFunction, folder: Path) -> dict[str, str]:
        own = {name: str(value).replace(_TASK, str(folder)) for name, value in function.environment.items()}
        region = _place(function.arn)[1]
        return {
            **own,
            "AWS_ENDPOINT_URL": self._world.gateway.url,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group_name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "LAMBDA_TASK_ROOT": str(folder),
        }

    def _sleep(self, seconds: float) -> float:
        self._world.clock.sleep(seconds)
        return self._world.clock().timestamp()


def _place(arn: str) -> tuple[str, str, str]:
    """Return partition, Region and account of an ARN."""
    parts = arn.split(":")
    return parts[1], parts[3], parts[4]
