"""Lambda functions, and who may invoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.object_errors import ObjectStoreError
from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.model.policies.evaluator import NamedPolicy
from cdk_penstock.rehearsal.functions.functions import DeployedFunction
from cdk_penstock.rehearsal.policy_names import FUNCTION_POLICY
from cdk_penstock.rehearsal.providers.named_only import NamedOnly
from cdk_penstock.rehearsal.providers.resource_identity import function_arn
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor
from cdk_penstock.rehearsal.world.iam_roles import named_policy
from cdk_penstock.review.templates import as_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.rehearsal.engine.resources import Existing, Made, Wanted

_LAMBDA: Final = Actor(made_by=MadeBy.LAMBDA, service="lambda.amazonaws.com")
_TIMEOUT_SECONDS: Final = 3
_CALLS_FOR_NETWORK: Final = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
"""Those of a function's role that Lambda demands before it puts the function into a network (Lambda, "Giving Lambda
functions access to resources in an Amazon VPC")."""
_CONDITIONS: Final = {
    "SourceArn": ("ArnLike", "aws:SourceArn"),
    "SourceAccount": ("StringEquals", "aws:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
}
"""Conditions that AddPermission puts into the statement, by the property that asks for them."""


class FunctionProvider(NamedOnly):
    """Deploys functions with the code of their assets; Lambda must be able to assume their role."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Deploy the function."""
        self._check_role(wanted)
        code = self._code(wanted)
        made = super().create(wanted)
        self.world.functions.deploy(_function(wanted, made, code))
        return made

    def update(self, existing: Existing, wanted: Wanted) -> Made:
        """Deploy the function again."""
        if any(existing.wanted.properties.get(each) != wanted.properties.get(each) for each in ("Role", "VpcConfig")):
            self._check_role(wanted)
        code = self._code(wanted)
        made = super().update(existing, wanted)
        self.world.functions.deploy(_function(wanted, made, code))
        return made

    def delete(self, existing: Existing) -> None:
        """Delete the function, and the permissions of others to invoke it."""
        arn = str(existing.made.attributes["Arn"])
        self.world.functions.remove(arn)
        self.world.authority.resource_policies.pop(arn, None)
        super().delete(existing)

    def _check_role(self, wanted: Wanted) -> None:
        role = str(wanted.properties.get("Role"))
        if not self.world.authority.ask(_LAMBDA, "sts:AssumeRole", role).allowed:
            raise ResourceFailedError(
                "The role defined for the function cannot be assumed by Lambda. (Service: Lambda, Status Code: 400):"
                f" {role}"
            )
        if as_mapping(wanted.properties.get("VpcConfig")).get("SubnetIds"):
            self._check_network(role)

    def _check_network(self, role: str) -> None:
        actor = Actor(made_by=MadeBy.LAMBDA, arn=role)
        for call in _CALLS_FOR_NETWORK:
            if not self.world.authority.ask(actor, f"ec2:{call}", "*").allowed:
                raise ResourceFailedError(
                    f"The provided execution role does not have permissions to call {call} on EC2 (Service: Lambda,"
                    f" Status Code: 400): {role}"
                )

    def _code(self, wanted: Wanted) -> Path | None:
        code = as_mapping(wanted.properties.get("Code"))
        if (text := code.get("ZipFile")) is not None:
            return self._inline(wanted, str(text))
        if "S3Bucket" not in code:
            return None
        bucket, key = str(code["S3Bucket"]), str(code.get("S3Key"))
        if (asset := self.world.assets.get((bucket, key))) is not None:
            return asset
        try:
            return self.world.objects.read(bucket, key)
        except ObjectStoreError as error:
            raise ResourceFailedError(
                f"Error occurred while GetObject. {error} (Service: Lambda, Status Code: 400)"
            ) from error

    def _inline(self, wanted: Wanted, text: str) -> Path:
        """Write code that stands in the template as Lambda does: as the module ``index``."""
        runtime = str(wanted.properties.get("Runtime", ""))
        folder = self.world.folder / "inline-code" / wanted.place.name / wanted.logical_id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ("index.py" if runtime.startswith("python") else "index.js")).write_text(text, encoding="utf-8")
        return folder


class PermissionProvider(NamedOnly):
    """Adds a statement to the policy of a function."""

    left_out = ""

    def create(self, wanted: Wanted) -> Made:
        """Add the statement; a function that does not exist is refused as by Lambda."""
        arn = _function_of(wanted)
        if self.world.functions.find(arn) is None:
            raise ResourceFailedError(f"Function not found: {arn} (Service: Lambda, Status Code: 404)")
        made = super().create(wanted)
        (added,) = named_policy(FUNCTION_POLICY, {"Statement": [_statement(wanted, arn)]}).document.statements
        self._set(arn, (*self._without(wanted, arn), added))
        return made

    def delete(self, existing: Existing) -> None:
        """Remove the statement."""
        arn = _function_of(existing.wanted)
        self._set(arn, self._without(existing.wanted, arn))
        super().delete(existing)

    def _without(self, wanted: Wanted, arn: str) -> tuple[Any, ...]:
        policy = self.world.authority.resource_policies.get(arn)
        return tuple(each for each in policy.document.statements if each.sid != wanted.name) if policy else ()

    def _set(self, arn: str, statements: tuple[Any, ...]) -> None:
        policies = self.world.authority.resource_policies
        if statements:
            policies[arn] = NamedPolicy(name=FUNCTION_POLICY, document=PolicyDocument(statements=statements))
        else:
            policies.pop(arn, None)


class VersionProvider(NamedOnly):
    """Publishes a version, or an alias, of a function; a call of either runs the function as it is."""


def _function(wanted: Wanted, made: Made, code: Path | None) -> DeployedFunction:
    properties = wanted.properties
    variables = as_mapping(as_mapping(properties.get("Environment")).get("Variables"))
    log = as_mapping(properties.get("LoggingConfig")).get("LogGroup")
    return DeployedFunction(
        arn=str(made.attributes["Arn"]),
        name=made.physical_id,
        role_arn=str(properties.get("Role")),
        runtime=str(properties.get("Runtime", "")),
        handler=str(properties.get("Handler", "")),
        code=code,
        environment={name: str(value) for name, value in variables.items()},
        log_group_name=str(log or f"/aws/lambda/{made.physical_id}"),
        timeout_seconds=int(properties.get("Timeout", _TIMEOUT_SECONDS)),
    )


def _function_of(wanted: Wanted) -> str:
    return function_arn(str(wanted.properties.get("FunctionName")), wanted.place)


def _statement(wanted: Wanted, arn: str) -> Mapping[str, Any]:
    conditions: dict[str, dict[str, str]] = {}
    for name, (operator, key) in _CONDITIONS.items():
        if name in wanted.properties:
            conditions.setdefault(operator, {})[key] = str(wanted.properties[name])
    return {
        "Sid": wanted.name,
        "Effect": "Allow",
        "Principal": _principal(str(wanted.properties.get("Principal")), wanted.place.partition),
        "Action": str(wanted.properties.get("Action")),
        "Resource": arn,
        "Condition": conditions,
    }


def _principal(given: str, partition: str) -> str | dict[str, str]:
    if given == "*":
        return given
    if given.isdigit():
        return {"AWS": f"arn:{partition}:iam::{given}:root"}
    return {"AWS": given} if given.startswith("arn:") else {"Service": given}


PROVIDERS = {
    "AWS::Lambda::Alias": VersionProvider,
    "AWS::Lambda::Function": FunctionProvider,
    "AWS::Lambda::Permission": PermissionProvider,
    "AWS::Lambda::Version": VersionProvider,
}
