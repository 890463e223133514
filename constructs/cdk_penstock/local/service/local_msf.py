"""The endpoint: the service behind a port on loopback, with its driver, as a context manager."""

from __future__ import annotations

import logging
import socket
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import uvicorn

from cdk_penstock.local.errors import JobError, StartTimeoutError
from cdk_penstock.local.local_service import LocalService
from cdk_penstock.local.ports import LOOPBACK, require_free_port
from cdk_penstock.local.service.admin import admin_routes
from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.code_store import CodeStore
from cdk_penstock.local.service.credentials import Credentials
from cdk_penstock.local.service.dashboard_tokens import DashboardTokens, dashboard_path
from cdk_penstock.local.service.delayed_policies import DelayedPolicies
from cdk_penstock.local.service.feed import Feed
from cdk_penstock.local.service.flink.flink_driver import FlinkDriver
from cdk_penstock.local.service.flink_proxy import create_routes
from cdk_penstock.local.service.identity import Identity
from cdk_penstock.local.service.msf import Msf
from cdk_penstock.local.service.object_store import ObjectStore
from cdk_penstock.local.service.operations.registry import ServiceOperations
from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.local.service.protocol import service_app
from cdk_penstock.local.service.reconciler import Reconciler
from cdk_penstock.local.service.sessions import StoredSessions, kept_user
from cdk_penstock.local.service.simulated_driver import SimulatedDriver
from cdk_penstock.local.service.snapshot_files import SnapshotFiles
from cdk_penstock.local.service.status_page import page_routes
from cdk_penstock.local.service.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.local.service.credentials import Credential
    from cdk_penstock.local.service.driver import JobDriver
    from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
    from cdk_penstock.local.service.policy_source import PolicySource
    from cdk_penstock.model.lifecycle.records import Application


_LOG = logging.getLogger(__name__)
_START_TIMEOUT_SECONDS = 30.0
_STOP_TIMEOUT_SECONDS = 5.0
_STEADY_TIMEOUT_SECONDS = 600.0
_PAGE_LIFETIME = timedelta(hours=12)
_POLL_SECONDS = 0.05


class LocalMsf(LocalService):
    """Managed Service for Apache Flink on this machine, as a context manager.

    Parameters
    ----------
    options
        What may be chosen.
    policies
        Decides on permissions; by default everything is allowed.
    driver
        Runs the jobs; by default Flink, or a simulation without ``job_python``.

    Examples
    --------
    >>> with LocalMsf(LocalMsfOptions(folder=Path("msf"))) as msf:  # doctest: +SKIP
    ...     client = boto3.client("kinesisanalyticsv2", **msf.client_options)
    ...     client.list_applications()
    """

    def __init__(
        self, options: LocalMsfOptions, *, policies: PolicySource | None = None, driver: JobDriver | None = None
    ) -> None:
        self._options = options
        self._driver = driver
        self.policies = DelayedPolicies(policies or AllowAll(), clock=options.service.clock)
        self._feed = Feed()
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._reconciler: Reconciler | None = None
        self._store: Store | None = None

    def start(self) -> None:
        """Open the records, and begin to serve and to carry on.

        Raises
        ------
        PortInUseError
            The wanted port is taken.
        """
        options, folder = self._options, self._options.folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        self._port = require_free_port(options.port, owner="the local MSF")
        self.driver = self._driver or self._made_driver(folder / "applications")
        self._store = Store(folder / "records.sqlite")
        self.objects = ObjectStore(folder / "buckets", folders=options.buckets)
        self.msf = Msf(
            store=self._store,
            driver=self.driver,
            code=CodeStore(folder / "code", self.objects),
            policies=self.policies,
            options=replace(options.service, base_url=lambda: self.url),
            snapshot_files=SnapshotFiles(folder / "imports", self.objects),
        )
        self.user: Credential = kept_user(self._store, account=options.account)
        identity = Identity(Credentials(self.user, StoredSessions(self._store)), clock=options.service.clock)
        app = service_app(
            operations=ServiceOperations(self.msf),
            identity=identity,
            policies=self.policies,
            objects=self.objects,
            routes=[
                *page_routes(),
                *admin_routes(self.msf, self.policies, feed=self._feed, dashboard=self._presigned_url),
                *create_routes(self.msf),
            ],
        )
        self._reconciler = Reconciler(self.msf)
        self._reconciler.start()
        listener = socket.create_server((LOOPBACK, self._port))
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="endpoint", daemon=True
        )
        self._thread.start()

    def _made_driver(self, folder: Path) -> JobDriver:
        options = self._options
        if options.job_python is None:
            return SimulatedDriver(folder, clock=options.service.clock)
        return FlinkDriver(
            folder,
            python=options.job_python,
            options=options.flink,
            fresh_cluster_per_version=options.fresh_cluster_per_version,
        )

    def _presigned_url(self, application: Application) -> str | None:
        """Return a URL of an application's Flink pages for the endpoint's own page, which can only read there."""
        if not self.msf.has_flink_pages(application.uid):
            return None
        account, region = application.arn.split(":")[4], application.arn.split(":")[3]
        caller = ApiCaller(account=account, region=region, principal_arn=self.user.principal.arn)
        token = DashboardTokens(self.msf.store).create(
            application, caller, now=self._options.service.clock(), lifetime=_PAGE_LIFETIME
        )
        return f"{self.url}{dashboard_path(application.uid)}?authToken={token}"

    @property
    def url(self) -> str:
        """The address of the endpoint."""
        return f"http://{LOOPBACK}:{self._port}"

    def application(self, name: str) -> Application:
        """Return an application of the endpoint's own account and Region; raise RefusedCallError if there is none."""
        scope = f"arn:aws:kinesisanalytics:{self._options.region}:{self._options.account}"
        return self.msf.store.application(f"{scope}:application/{name}")

    def wait_until_steady(self, name: str, *, timeout_seconds: float = _STEADY_TIMEOUT_SECONDS) -> Application:
        """Return an application as soon as no operation of it is in progress.

        Raises
        ------
        StartTimeoutError
            It took too long.
        """
        deadline = time.monotonic() + timeout_seconds
        while (application := self.application(name)).transit is not None:
            if time.monotonic() >= deadline:
                raise StartTimeoutError(f"application {name} is still {application.status} after {timeout_seconds:g} s")
            time.sleep(_POLL_SECONDS)
        return application

    def flink_url(self, application_name: str) -> str:
        """Return the address of Flink's REST API and pages of an application of the endpoint's own account and Region.

        Raises
        ------
        JobError
            Nothing of it runs.
        """
        application = self.application(application_name)
        address = self.driver.dashboard(application.uid)
        if address is None:
            raise JobError(f"no Flink cluster runs for application {application_name}, which is {application.status}")
        return address

    @property
    def client_options(self) -> dict[str, str]:
        """The arguments of ``boto3.client`` and ``boto3.Session.client`` that lead to the endpoint."""
        return {
            "endpoint_url": self.url,
            "region_name": self._options.region,
            "aws_access_key_id": self.user.access_key_id,
            "aws_secret_access_key": self.user.secret_access_key,
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that lead AWS's SDKs and the AWS CLI to the endpoint, for its services alone."""
        return {
            "AWS_ENDPOINT_URL_KINESIS_ANALYTICS_V2": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ENDPOINT_URL_STS": self.url,
            "AWS_ACCESS_KEY_ID": self.user.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.user.secret_access_key,
            "AWS_REGION": self._options.region,
            "AWS_DEFAULT_REGION": self._options.region,
        }

    def wait_ready(self) -> None:
        """Wait until it answers.

        Raises
        ------
        StartTimeoutError
            It took too long.
        """
        for _ in range(int(_START_TIMEOUT_SECONDS / 0.05)):
            if self._server is not None and self._server.started:
                return
            if self._thread is None or not self._thread.is_alive():
                break
            self._thread.join(0.05)
        raise StartTimeoutError(f"the local MSF did not begin to serve {self.url} within {_START_TIMEOUT_SECONDS:g} s")

    def stop(self) -> None:
        """Stop serving, and end all jobs; the records stay, and a new endpoint in the same folder goes on with them."""
        # The events of a status page never end by themselves.
        self._feed.close()
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_STOP_TIMEOUT_SECONDS)
            self._server = self._thread = None
        if self._reconciler is not None:
            self._reconciler.stop()
            self._reconciler = None
        if self._store is not None:
            self.driver.close()
            self._store.close()
            self._store = None
