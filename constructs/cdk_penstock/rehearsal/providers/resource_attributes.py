"""Attributes of resources in name only: values of the right form for everything that ``Fn::GetAtt`` may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.providers.resource_identity import nested
from cdk_penstock.rehearsal.template.resource_types import resource_type
from cdk_penstock.rehearsal.world.play_clocks import BEGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.rehearsal.engine.resources import Wanted
    from cdk_penstock.rehearsal.providers.resource_identity import Identity

_HOSTS: Final = ("Address", "DomainName", "Endpoint", "HostName")
_NUMBERS: Final = {"Port": "9092", "Revision": "1", "Version": "1"}
_TIMES: Final = ("CreateDate", "Time", "Timestamp", "UpdateDate")

_OF_TYPES: Final[dict[tuple[str, str], Callable[[Wanted, Identity], Any]]] = {
    ("AWS::APS::Workspace", "PrometheusEndpoint"): lambda wanted, identity: (
        f"https://aps-workspaces.{wanted.place.region}.amazonaws.com/workspaces/{identity.id}/"
    ),
    ("AWS::EC2::VPC", "DefaultNetworkAcl"): lambda _, identity: identity.id.replace("vpc-", "acl-"),
    ("AWS::EC2::VPC", "DefaultSecurityGroup"): lambda _, identity: identity.id.replace("vpc-", "sg-"),
    ("AWS::EC2::VPC", "CidrBlockAssociations"): lambda _, identity: [identity.id.replace("vpc-", "vpc-cidr-assoc-")],
    ("AWS::EC2::VPC", "Ipv6CidrBlocks"): lambda *_: [],
    ("AWS::EC2::Subnet", "Ipv6CidrBlocks"): lambda *_: [],
    ("AWS::EC2::VPCEndpoint", "NetworkInterfaceIds"): lambda _, identity: [identity.id.replace("vpce-", "eni-")],
    ("AWS::EC2::VPCEndpoint", "DnsEntries"): lambda wanted, identity: [
        f"Z{identity.id[-12:].upper()}:{identity.id}.vpce.{wanted.place.region}.amazonaws.com"
    ],
    ("AWS::Grafana::Workspace", "Endpoint"): lambda wanted, identity: (
        f"{identity.id}.grafana-workspace.{wanted.place.region}.amazonaws.com"
    ),
    ("AWS::IAM::Role", "RoleId"): lambda _, identity: f"AROA{identity.id.replace('-', '')[:17].upper()}",
    ("AWS::Logs::LogGroup", "Arn"): lambda _, identity: f"{identity.arn}:*",
    ("AWS::S3::Bucket", "DomainName"): lambda _, identity: f"{identity.name}.s3.amazonaws.com",
    ("AWS::S3::Bucket", "RegionalDomainName"): lambda wanted, identity: (
        f"{identity.name}.s3.{wanted.place.region}.amazonaws.com"
    ),
}


class AnyAttribute(dict[str, Any]):
    """Attributes of which whatever else is asked for is a placeholder, which no policy matches by accident.

    Parameters
    ----------
    logical_id
        The resource.
    known
        The attributes that have a value.
    """

    def __init__(self, logical_id: str, known: Mapping[str, Any] | None = None) -> None:
        super().__init__(known or {})
        self._logical_id = logical_id

    def __missing__(self, name: str) -> str:
        """Return the placeholder of an attribute."""
        return _placeholder(self._logical_id, name)

    def __contains__(self, name: object) -> bool:
        """Return True for every name."""
        return isinstance(name, str)


def may_have_any_attribute(resource_type_name: str) -> bool:
    """Return True for a type whose attributes no schema tells: a nested stack's are the outputs of its template."""
    return resource_type(resource_type_name) is None or resource_type_name == "AWS::CloudFormation::Stack"


def _placeholder(logical_id: str, name: str) -> str:
    return f"<{logical_id}.{name}>"


def attributes_of(wanted: Wanted, identity: Identity) -> dict[str, Any]:
    """Return the attributes of a resource; the name of a nested one has dots.

    A value whose form is not known is ``<LogicalId.Attribute>``, which no policy matches by accident. The properties
    are attributes too, as they are of many types.
    """
    known = resource_type(wanted.type)
    read_only = known.read_only if known else ("Arn",)
    found = {path.replace("/", "."): _value(path, wanted, identity) for path in read_only if "*" not in path}
    last = wanted.type.rpartition("::")[2]
    attributes = {f"{last}Name": identity.name, **wanted.properties, **found}
    return AnyAttribute(wanted.logical_id, attributes) if may_have_any_attribute(wanted.type) else attributes


def _value(path: str, wanted: Wanted, identity: Identity) -> Any:
    if (special := _OF_TYPES.get((wanted.type, path))) is not None:
        return special(wanted, identity)
    if (given := nested(wanted.properties, path)) is not None:
        return given
    kind, last = wanted.type.rpartition("::")[2], path.rpartition("/")[2]
    known = resource_type(wanted.type)
    is_identifier = known is not None and known.primary_identifier == (path,)
    if last.lower() in {"arn", f"{kind}arn".lower()} or (is_identifier and last.lower().endswith("arn")):
        return identity.arn
    if is_identifier:
        return identity.physical_id
    if last.lower() in {"id", f"{kind}id".lower()} or (last == "GroupId" and kind == "SecurityGroup"):
        return identity.id
    if last in {"Name", f"{kind}Name"}:
        return identity.name
    return _by_ending(path, wanted, identity)


def _by_ending(path: str, wanted: Wanted, identity: Identity) -> str:
    last = path.rpartition("/")[2]
    service = wanted.type.split("::")[1].lower()
    if last.endswith(_HOSTS):
        return f"{identity.name}.{identity.id[:8]}.{service}.{wanted.place.region}.amazonaws.com".lower()
    if last.endswith(_TIMES):
        return BEGIN.isoformat()
    number = next((number for ending, number in _NUMBERS.items() if last.endswith(ending)), None)
    return number if number is not None else _placeholder(wanted.logical_id, path.replace("/", "."))
