"""The custom resource that reads the addresses of a cluster's brokers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties


@dataclass(frozen=True, kw_only=True)
class KafkaBootstrapBrokersResource(CustomResourceProperties):
    """A cluster, and a text that changes with the cluster's template, so that its brokers are read again."""

    resource_type: ClassVar[str] = "Custom::PenstockKafkaBootstrapBrokers"

    cluster_arn: str
    cluster_revision: str = ""
