"""The handler that keeps roles, index templates and dashboards in an OpenSearch domain.

Attribute: ``Items``, how many things are ours.

End states:

- Create or Update refused because some of the content is there from somebody else: nothing was changed.
- Create or Update that failed or was cut off half-way: the domain's ledger names all that is ours. The next Update, a
  rollback (an Update with the old properties) or the Delete of a failed Create goes on from there.
- Delete: all that is ours is gone, and nothing else; of a domain whose name does not exist any more there is nothing
  to remove.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from botocore import exceptions
from botocore.config import Config

from cdk_penstock.control.opensearch import OpenSearch, SearchNameError, SearchUnavailableError
from cdk_penstock.control.operator_session import operator_session
from cdk_penstock.control.search_content_control import SearchContentControl
from cdk_penstock.handlers.events import Event, Result, complete
from cdk_penstock.handlers.handler import Handler, entry_points
from cdk_penstock.handlers.services import AwsServices
from cdk_penstock.model.custom_resources.search_content_resource import SearchContentResource

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

NAME_SECONDS: Final = 300
"""After this time a name that does not resolve is that of a deleted domain."""


@dataclass(frozen=True, kw_only=True)
class SearchServices(AwsServices):
    """Domains, spoken to with the credentials of their master role.

    Parameters
    ----------
    scheme
        How a domain is reached. Default: ``https``.
    timeout_seconds
        How long a domain may take to answer. Default: 20 seconds.
    """

    scheme: str = "https"
    timeout_seconds: float = 20.0

    def content(self, *, endpoint: str, master_role_arn: str, content_id: str) -> SearchContentControl:
        """Return the content of one resource in one domain; the credentials are new with each call.

        Raises SearchUnavailableError where STS does not answer.
        """
        own = self.new_session()
        try:
            session = operator_session(
                own.client("sts", config=Config(connect_timeout=5, read_timeout=30)),
                role_arn=master_role_arn,
                application_name=content_id,
                region=own.region_name,
                new_session=self.new_session,
                clock=self.clock,
            )
        except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
            raise SearchUnavailableError(
                f"no answer from STS ({error}): the function's subnets must reach it, through an interface endpoint or"
                " NAT; pass network to SearchSink"
            ) from error
        domain = OpenSearch(
            url=f"{self.scheme}://{endpoint}",
            region=own.region_name,
            credentials=session.get_credentials,
            clock=self.clock,
            timeout_seconds=self.timeout_seconds,
        )
        return SearchContentControl(domain=domain, ledger_name=f"penstock-{content_id.lower()}")


class SearchContentHandler(Handler[SearchServices]):
    """Answers the framework's two calls with the services it is given."""

    def begin(self, event: Event) -> Result:
        """Check the properties, and change nothing."""
        resource = event.resource(SearchContentResource)
        _LOG.info("%s of %s in %s", event.request_type, resource.content_id, resource.endpoint)
        if event.is_delete:
            return {"PhysicalResourceId": event.physical_resource_id}
        _ = resource.wanted
        return {"PhysicalResourceId": f"penstock-search-content/{resource.endpoint}/{resource.content_id}"}

    def advance(self, event: Event) -> Result:
        """Make the domain so, or say that it has to be tried again."""
        try:
            return complete(Items=str(self._keep(event)))
        except SearchNameError:
            if event.is_delete and (self._services.clock.now() - event.begin).total_seconds() >= NAME_SECONDS:
                return complete(Items="0")
            raise

    def _keep(self, event: Event) -> int:
        resource = event.resource(SearchContentResource)
        control = self._services.content(
            endpoint=resource.endpoint,
            master_role_arn=resource.master_role_arn,
            content_id=resource.content_id,
        )
        if event.is_delete:
            control.remove_all()
            return 0
        return len(control.keep(resource.wanted))


on_event, is_complete = entry_points(lambda _event: SearchContentHandler(SearchServices()))
