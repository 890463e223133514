"""The gateway: a server on loopback for all services, in a thread of this process."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import boto3
import uvicorn
from botocore.config import Config

from cdk_penstock.local.errors import StartTimeoutError
from cdk_penstock.local.ports import LOOPBACK
from cdk_penstock.local.service.credentials import Credential, Credentials, Principal, unique_id, user
from cdk_penstock.local.service.flink_proxy import create_routes
from cdk_penstock.local.service.identity import Identity
from cdk_penstock.local.service.protocol import ANY_OTHER, service_app
from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError
from cdk_penstock.rehearsal.world.answers.iam_answers import IamAnswers
from cdk_penstock.rehearsal.world.answers.read_answers import CloudFormationAnswers, Ec2Answers, KafkaAnswers
from cdk_penstock.rehearsal.world.gateway.action_table import SERVICES
from cdk_penstock.rehearsal.world.gateway.object_calls import ObjectCalls
from cdk_penstock.rehearsal.world.gateway.response_urls import ResponseUrls
from cdk_penstock.rehearsal.world.gateway.service_endpoint import ServiceEndpoint
from cdk_penstock.rehearsal.world.gateway.service_protocols import signing_name
from cdk_penstock.rehearsal.world.gateway.unanswered_calls import UnansweredCalls
from cdk_penstock.rehearsal.world.gateway.unknown_services import UnknownServices

if TYPE_CHECKING:
    from cdk_penstock.local.service.endpoint import Endpoint
    from cdk_penstock.rehearsal.timeline import MadeBy
    from cdk_penstock.rehearsal.world.service_answers import ServiceAnswers
    from cdk_penstock.rehearsal.world.world import World

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0
_CONFIG: Final = Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=5, read_timeout=60)


class HttpGateway:
    """All services of the world on one port, from :meth:`start` to :meth:`stop`.

    Parameters
    ----------
    world
        The world.

    Attributes
    ----------
    unanswered
        The calls that no service answers.
    response_urls
        The URLs to which functions of custom resources send their answers.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.unanswered = UnansweredCalls()
        self.response_urls = ResponseUrls()
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        # Nobody signs with it: each caller of the play has the credentials of a session.
        self._identity = Identity(Credentials(user(account="000000000000")), clock=world.clock, checks_time=False)

    @property
    def url(self) -> str:
        """The address."""
        if not self._port:
            raise RehearsalError("the gateway of the rehearsal is not started")
        return f"http://{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Begin to serve; raises StartTimeoutError if it does not."""
        app = service_app(
            operations=self._world.msf_operations,
            identity=self._identity,
            policies=self._world.policies,
            objects=self._world.objects,
            routes=[*create_routes(self._world.msf), *self.response_urls.routes()],
            more_services=self._services(),
            s3=ObjectCalls(self._world, self._identity, self.unanswered),
        )
        listener = socket.create_server((LOOPBACK, 0))
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="gateway", daemon=True
        )
        self._thread.start()
        for _ in range(int(_START_SECONDS / 0.01)):
            if self._server.started:
                self._world.msf_answers.base_url = self.url
                return
            self._thread.join(0.01)
        raise StartTimeoutError(f"the gateway of the rehearsal did not begin to serve within {_START_SECONDS:g} s")

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_STOP_SECONDS)
            self._server = self._thread = None

    def _services(self) -> dict[str, Endpoint]:
        answers: dict[str, ServiceAnswers] = {
            "cloudformation": CloudFormationAnswers(self._world),
            "ec2": Ec2Answers(self._world),
            "iam": IamAnswers(self._world.iam),
            "kafka": KafkaAnswers(self._world),
            "kms": self._world.kms,
        }
        endpoints: dict[str, Endpoint] = {
            signing_name(name): ServiceEndpoint(name, self._world, self._identity, answers.get(name), self.unanswered)
            for name in SERVICES
        }
        return {**endpoints, ANY_OTHER: UnknownServices(self.unanswered)}

    def credentials_for(
        self,
        role_arn: str,
        *,
        made_by: MadeBy,
        session_name: str,
        is_probe: bool = False,
        lifetime: timedelta = timedelta(hours=1),
    ) -> Credential:
        """Return credentials of a new session of a role, which end after ``lifetime`` on the clock of the play."""
        role = self._world.iam.find(role_arn)
        if role is None:
            raise RehearsalError(f"there is no role {role_arn} whose session could be made")
        session_arn = role.session_arn(session_name)
        self._world.sessions.remember(session_arn, made_by, is_probe=is_probe)
        principal = Principal(
            arn=session_arn, account=role.account, user_id=f"{unique_id('AROA', role.arn)}:{session_name}"
        )
        return self._identity.credentials.issue(principal, expires_at=self._world.clock() + lifetime)

    def new_session(self, **options: Any) -> _GatewaySession:
        """Return a session of boto3 whose clients lead here; the options are those of ``boto3.Session``."""
        return _GatewaySession(boto3.Session(**options), self.url)


class _GatewaySession:
    """A session of boto3 whose clients lead to the gateway."""

    def __init__(self, session: boto3.Session, url: str) -> None:
        self._session = session
        self._url = url

    @property
    def region_name(self) -> str:
        """The Region."""
        return str(self._session.region_name)

    def client(self, service: str, config: Config | None = None) -> Any:
        """Return the client of a service."""
        return self._session.client(service, endpoint_url=self._url, config=config or _CONFIG)
