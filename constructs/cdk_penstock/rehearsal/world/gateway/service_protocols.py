"""The protocol of each service, by botocore's description."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import botocore.session
from botocore.exceptions import DataNotFoundError

from cdk_penstock.rehearsal.world.gateway.json_protocols import JsonProtocol, RestJsonProtocol
from cdk_penstock.rehearsal.world.gateway.xml_protocols import Ec2Protocol, QueryProtocol, RestXmlProtocol
from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import ServiceModel

    from cdk_penstock.rehearsal.world.gateway.wire_protocol import WireProtocol

_PROTOCOLS: Final[Mapping[str, type[WireProtocol]]] = {
    "json": JsonProtocol,
    "rest-json": RestJsonProtocol,
    "rest-xml": RestXmlProtocol,
    "query": QueryProtocol,
    "ec2": Ec2Protocol,
}
"""The protocols in the order in which botocore prefers them."""


@cache
def _model(service: str) -> ServiceModel:
    try:
        return botocore.session.get_session().get_service_model(service)
    except DataNotFoundError as error:
        raise ServiceRefusedError("UnknownService", f"botocore has no service {service}") from error


def protocol_of(service: str) -> WireProtocol:
    """Return the protocol of a service, named as in botocore; raise ServiceRefusedError if it is not read here."""
    model = _model(service)
    spoken = model.metadata.get("protocols", [model.metadata["protocol"]])
    for name, protocol in _PROTOCOLS.items():
        if name in spoken:
            return protocol(model)
    raise ServiceRefusedError("UnsupportedProtocol", f"the protocol of {service} is not read here")


def signing_name(service: str) -> str:
    """Return the name under which calls of a service are signed."""
    return str(_model(service).signing_name)
