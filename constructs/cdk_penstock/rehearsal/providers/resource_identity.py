"""Names, ids and ARNs of resources, in the forms that AWS gives them, and the same in each rehearsal."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.providers.arn_forms import arn_form, name_property
from cdk_penstock.rehearsal.template.resource_types import resource_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.rehearsal.engine.resources import StackPlace, Wanted

_LONGEST: Final = {
    "AWS::CloudWatch::Alarm": 255,
    "AWS::IAM::ManagedPolicy": 128,
    "AWS::IAM::Policy": 128,
    "AWS::Logs::LogGroup": 512,
    "AWS::OpenSearchService::Domain": 28,
    "AWS::S3::Bucket": 63,
    "AWS::StepFunctions::StateMachine": 80,
}
_LOWER_CASE: Final = frozenset({"AWS::OpenSearchService::Domain", "AWS::S3::Bucket"})
_SUFFIX_LENGTH: Final = 12
_EC2: Final = {
    "EIP": "eipalloc",
    "FlowLog": "fl",
    "Instance": "i",
    "InternetGateway": "igw",
    "LaunchTemplate": "lt",
    "NatGateway": "nat",
    "NetworkAcl": "acl",
    "NetworkInterface": "eni",
    "RouteTable": "rtb",
    "SecurityGroup": "sg",
    "SecurityGroupEgress": "sgr",
    "SecurityGroupIngress": "sgr",
    "Subnet": "subnet",
    "SubnetRouteTableAssociation": "rtbassoc",
    "TransitGateway": "tgw",
    "VPC": "vpc",
    "VPCEndpoint": "vpce",
    "Volume": "vol",
}
_MSK: Final = frozenset({"AWS::MSK::Cluster", "AWS::MSK::Configuration", "AWS::MSK::ServerlessCluster"})
_PLACEHOLDER: Final = re.compile(r"\{([\w ]+)\}")
_END_OF: Final = "end of "
_REF_IS_NAME: Final = frozenset({"AWS::Events::Rule", "AWS::Logs::LogStream", "AWS::Logs::MetricFilter"})
"""Types whose ``Ref`` is the name, though they have another identifier."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The identity of a resource.

    Parameters
    ----------
    name
        The name: the template's, else one as CloudFormation makes it.
    id
        The id that AWS makes, of a form as the service's.
    arn
        The ARN, empty if the type has none.
    physical_id
        The value of ``Ref``.
    """

    name: str
    id: str
    arn: str
    physical_id: str


def identity_of(wanted: Wanted, *, attempt: int = 1) -> Identity:
    """Return the identity of a resource; a further attempt makes other names and ids, for the one that replaces it."""
    named_by = _named_by(wanted)
    digest = _digest(wanted.place.stack_id, wanted.logical_id, str(attempt))
    name = str(wanted.properties[named_by]) if named_by in wanted.properties else _generated_name(wanted, digest)
    made_id = _made_id(wanted.type, digest)
    arn = _arn(wanted, name, made_id)
    return Identity(name=name, id=made_id, arn=arn, physical_id=_physical_id(wanted, name, made_id, arn))


def free_identity(wanted: Wanted, is_taken: Callable[[Identity], bool]) -> Identity:
    """Return the first identity of a resource that is free; the taken one if the template names the resource."""
    attempt = 1
    before = None
    while is_taken(identity := identity_of(wanted, attempt=attempt)) and identity.physical_id != before:
        before = identity.physical_id
        attempt += 1
    return identity


def function_arn(name: str, place: StackPlace) -> str:
    """Return the ARN of a function that a property names by its name, its ARN, or either with a version."""
    if not name.startswith("arn:"):
        name = f"arn:{place.partition}:lambda:{place.region}:{place.account}:function:{name}"
    return ":".join(name.split(":")[:7])


def _named_by(wanted: Wanted) -> str:
    if named := name_property(wanted.type):
        return named
    known = resource_type(wanted.type)
    # What comes before the last part is another resource, or says which kind of resource it is.
    identifier = [path for path in known.primary_identifier[-1:] if path not in known.read_only] if known else []
    last = wanted.type.rpartition("::")[2]
    for candidate in (*identifier, f"{last}Name", "Name"):
        if candidate in wanted.properties:
            return candidate
    return ""


def _generated_name(wanted: Wanted, digest: str) -> str:
    """Return a name as CloudFormation makes it: the stack, the logical id, and a suffix that is not random here."""
    longest = _LONGEST.get(wanted.type, 64)
    suffix = digest[:_SUFFIX_LENGTH].upper()
    name = f"{wanted.generated_name(longest - _SUFFIX_LENGTH - 1)}-{suffix}"
    return name.lower() if wanted.type in _LOWER_CASE else name


def _digest(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


def _made_id(kind: str, digest: str) -> str:
    uuid = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
    service, _, last = kind.removeprefix("AWS::").partition("::")
    if service == "EC2":
        return f"{_EC2.get(last, last.lower())}-0{digest[:16]}"
    if kind in _MSK:
        return f"{uuid}-{int(digest[32], 16) % 9 + 1}"
    return {"AWS::APS::Workspace": f"ws-{uuid}", "AWS::Grafana::Workspace": f"g-{digest[:10]}"}.get(kind, uuid)


def _arn(wanted: Wanted, name: str, made_id: str) -> str:
    place, properties = wanted.place, wanted.properties
    values: dict[str, str] = {
        "partition": place.partition,
        "region": place.region,
        "account": place.account,
        "name": name.removeprefix("/") if wanted.type == "AWS::SSM::Parameter" else name,
        "id": made_id,
        "six": made_id[:6],
        "Path": str(properties.get("Path", "/")),
        "GroupName": str(properties.get("GroupName", "default")),
        "FunctionArn": function_arn(str(properties.get("FunctionName", "")), place),
    }

    def value(found: re.Match[str]) -> str:
        key = found[1]
        if key.startswith(_END_OF):
            return str(properties.get(key.removeprefix(_END_OF), "")).partition("/")[2]
        return values.get(key) or str(properties.get(key, ""))

    return _PLACEHOLDER.sub(value, arn_form(wanted.type)[0])


def _physical_id(wanted: Wanted, name: str, made_id: str, arn: str) -> str:
    known = resource_type(wanted.type)
    identifier = known.primary_identifier if known else ()
    if wanted.type in _REF_IS_NAME or not identifier:
        return name
    parts = [_identifier(path, wanted, name, made_id, arn) for path in identifier]
    if arn in parts:
        return arn
    if known and "Id" in identifier and "Id" in known.read_only:
        return parts[identifier.index("Id")]
    return "|".join(parts)


def _identifier(path: str, wanted: Wanted, name: str, made_id: str, arn: str) -> str:
    value = nested(wanted.properties, path)
    if value is not None:
        return str(value)
    if path.lower().endswith("arn"):
        return arn
    if path == "QueueUrl":
        return f"https://sqs.{wanted.place.region}.amazonaws.com/{wanted.place.account}/{name}"
    # The id of a type without ARNs is a name that CloudFormation makes.
    is_made_by_aws = path.endswith("Id") and (bool(arn) or wanted.type.startswith("AWS::EC2::"))
    return made_id if is_made_by_aws else name


def nested(properties: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path, None if there is none."""
    value: Any = properties
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value
