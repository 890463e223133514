"""VPC endpoints of AWS services: one table for the network constructs and the checks.

Sources: AWS PrivateLink guide, aws-services-privatelink-support; VPC guide, gateway-endpoints; service authorization
reference for the prefixes of actions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from cdk_penstock.model.errors import PenstockError

_ENDPOINT: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")


class AwsServiceError(PenstockError):
    """A name that no VPC endpoint service can have, or a value that contradicts the table."""


@dataclass(frozen=True, kw_only=True)
class AwsService:
    """An AWS service that a VPC can reach through an endpoint.

    Parameters
    ----------
    endpoint
        The end of the endpoint service's name, ``kms`` in ``com.amazonaws.eu-west-1.kms``.
    action_prefix
        The prefix of the service's IAM actions, ``aps`` in ``aps:RemoteWrite``.
    is_gateway
        True if the endpoint is a gateway, free and in route tables, not an interface in subnets.
    supports_policy
        True if the endpoint is known to take a policy. Any other fails to deploy with one.
    name_prefix
        The part of the endpoint service's name before the Region. Default: ``com.amazonaws``, or its counterpart in
        China.
    """

    endpoint: str
    action_prefix: str
    is_gateway: bool = False
    supports_policy: bool = False
    name_prefix: str | None = None

    S3: ClassVar[AwsService]
    DYNAMODB: ClassVar[AwsService]
    CLOUDWATCH_LOGS: ClassVar[AwsService]
    CLOUDWATCH_MONITORING: ClassVar[AwsService]
    EVENTBRIDGE: ClassVar[AwsService]
    FIREHOSE: ClassVar[AwsService]
    GLUE: ClassVar[AwsService]
    KINESIS_ANALYTICS: ClassVar[AwsService]
    """MSF's API, for programs in the VPC that operate applications; a job does not call it."""
    KINESIS_STREAMS: ClassVar[AwsService]
    KMS: ClassVar[AwsService]
    LAMBDA: ClassVar[AwsService]
    MSK: ClassVar[AwsService]
    """The API of MSK, for bootstrap brokers; Kafka itself is reached through the cluster's own interfaces.

    Its endpoint is a dual-stack one: clients need ``AWS_USE_DUALSTACK_ENDPOINT=true`` (MSK, privatelink-vpc-endpoints).
    """
    PROMETHEUS: ClassVar[AwsService]
    """Remote write and queries of Amazon Managed Service for Prometheus."""
    SECRETS_MANAGER: ClassVar[AwsService]
    SNS: ClassVar[AwsService]
    SQS: ClassVar[AwsService]
    SSM: ClassVar[AwsService]
    STS: ClassVar[AwsService]

    @classmethod
    def of(
        cls,
        endpoint: str,
        *,
        action_prefix: str | None = None,
        supports_policy: bool | None = None,
        name_prefix: str | None = None,
    ) -> AwsService:
        """Return the service with this endpoint, also one that the table does not know, as an interface endpoint.

        For an unknown one ``action_prefix`` is the endpoint's name by default, and there is no policy unless
        ``supports_policy`` is true. Raises AwsServiceError for a name that no endpoint service can end in, and for a
        value that contradicts the table.
        """
        known = _BY_ENDPOINT.get(endpoint)
        if known is not None:
            _refuse_other(known, action_prefix=action_prefix, supports_policy=supports_policy, name_prefix=name_prefix)
            return known
        if not _ENDPOINT.fullmatch(endpoint):
            raise AwsServiceError(
                "endpoint must be the end of an endpoint service's name, 'kms' of 'com.amazonaws.eu-west-1.kms',"
                f" got {endpoint!r}; known are {', '.join(_BY_ENDPOINT)}"
            )
        return cls(
            endpoint=endpoint,
            action_prefix=action_prefix or endpoint,
            supports_policy=bool(supports_policy),
            name_prefix=name_prefix,
        )

    @classmethod
    def known(cls) -> tuple[AwsService, ...]:
        """Return every service of the table."""
        return tuple(_BY_ENDPOINT.values())

    @classmethod
    def of_action(cls, action: str) -> AwsService | None:
        """Return the service that an IAM action belongs to, None if the table does not have it."""
        prefix = action.partition(":")[0].lower()
        return next((service for service in _BY_ENDPOINT.values() if service.action_prefix == prefix), None)

    @property
    def construct_id(self) -> str:
        """A construct's id for the endpoint, ``ApsWorkspaces`` for ``aps-workspaces``."""
        return "".join(part.capitalize() for part in re.split(r"[-.]", self.endpoint))


def _refuse_other(known: AwsService, **given: object) -> None:
    for name, value in given.items():
        if value is not None and value != getattr(known, name):
            raise AwsServiceError(
                f"{name} of the known service {known.endpoint!r} is {getattr(known, name)!r}, got {value!r}:"
                " leave it out, or build another AwsService"
            )


def _service(endpoint: str, action_prefix: str | None = None, *, supports_policy: bool = True) -> AwsService:
    return AwsService(
        endpoint=endpoint, action_prefix=action_prefix or endpoint, supports_policy=supports_policy, is_gateway=False
    )


AwsService.S3 = AwsService(endpoint="s3", action_prefix="s3", is_gateway=True, supports_policy=True)
AwsService.DYNAMODB = AwsService(endpoint="dynamodb", action_prefix="dynamodb", is_gateway=True, supports_policy=True)
AwsService.CLOUDWATCH_LOGS = _service("logs")
AwsService.CLOUDWATCH_MONITORING = _service("monitoring", "cloudwatch")
AwsService.EVENTBRIDGE = _service("events")
AwsService.FIREHOSE = _service("kinesis-firehose", "firehose")
AwsService.GLUE = _service("glue")
AwsService.KINESIS_ANALYTICS = _service("kinesisanalytics", supports_policy=False)
AwsService.KINESIS_STREAMS = _service("kinesis-streams", "kinesis")
AwsService.KMS = _service("kms")
AwsService.LAMBDA = _service("lambda")
# com.amazonaws.<region>.kafka takes no new connections (MSK developer guide, privatelink-vpc-endpoints).
AwsService.MSK = AwsService(endpoint="kafka-api", action_prefix="kafka", supports_policy=True, name_prefix="aws.api")
AwsService.PROMETHEUS = _service("aps-workspaces", "aps")
AwsService.SECRETS_MANAGER = _service("secretsmanager")
AwsService.SNS = _service("sns")
AwsService.SQS = _service("sqs")
AwsService.SSM = _service("ssm")
AwsService.STS = _service("sts")

_BY_ENDPOINT: Final = {
    service.endpoint: service for service in vars(AwsService).values() if isinstance(service, AwsService)
}
