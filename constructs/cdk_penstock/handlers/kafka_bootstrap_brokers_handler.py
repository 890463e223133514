"""The handler that reads the addresses of a cluster's brokers.

Attribute: ``BootstrapServers``. It changes nothing, and a Delete has nothing to do.
"""

from __future__ import annotations

import logging

from cdk_penstock.control.kafka_brokers import bootstrap_servers
from cdk_penstock.handlers.events import Event, Result, complete, not_complete
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.custom_resources.kafka_bootstrap_brokers_resource import KafkaBootstrapBrokersResource

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)


class KafkaBootstrapBrokersHandler(Handler[Services]):
    """Answers the framework's two calls with the clients it is given."""

    def begin(self, event: Event) -> Result:
        """Check the properties."""
        if event.is_delete:
            return {"PhysicalResourceId": event.physical_resource_id}
        cluster_arn = event.resource(KafkaBootstrapBrokersResource).cluster_arn
        return {"PhysicalResourceId": f"penstock-kafka-bootstrap-brokers/{cluster_arn}"}

    def advance(self, event: Event) -> Result:
        """Read the addresses, if the cluster can say."""
        if event.is_delete:
            return complete()
        cluster_arn = event.resource(KafkaBootstrapBrokersResource).cluster_arn
        found = bootstrap_servers(self._services.kafka(), cluster_arn)
        if found is None:
            return not_complete()
        _LOG.info("brokers of %s: %s", cluster_arn, found)
        return complete(BootstrapServers=found)


on_event, is_complete = entry_points(lambda _event: KafkaBootstrapBrokersHandler(Services()))
