"""The custom resource that knows where the brokers of a cluster are.

Properties: ``ClusterArn``, ``ClusterRevision`` (changes whenever the cluster's template does, so that they are read
again). Attribute: ``BootstrapServers``. It changes nothing, and a Delete has nothing to do.
"""

from __future__ import annotations

import logging

from cdk_penstock.control.kafka import bootstrap_servers
from cdk_penstock.handlers.events import Event, Result, complete, not_complete
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.handlers.services import Services

__all__ = ("KafkaBootstrapBrokersHandler", "is_complete", "on_event")

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)


class KafkaBootstrapBrokersHandler(Handler):
    """Answers the framework's two calls with the clients it is given."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.clock)
        self._services = services

    def begin(self, event: Event) -> Result:
        """Check the properties."""
        if event.is_delete:
            return {"PhysicalResourceId": event.physical_resource_id}
        return {"PhysicalResourceId": f"penstock-kafka-bootstrap-brokers/{event.text('ClusterArn')}"}

    def advance(self, event: Event) -> Result:
        """Read the addresses, if the cluster can say."""
        if event.is_delete:
            return complete()
        found = bootstrap_servers(self._services.kafka(), event.text("ClusterArn"))
        if found is None:
            return not_complete()
        _LOG.info("brokers of %s: %s", event.text("ClusterArn"), found)
        return complete(BootstrapServers=found)


on_event, is_complete = entry_points(lambda _event: KafkaBootstrapBrokersHandler(Services()))
