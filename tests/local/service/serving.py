"""A server for an ASGI application, on a free port of loopback, and AWS clients that call it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import uvicorn
from botocore.config import Config

from cdk_penstock.local.ports import LOOPBACK, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from cdk_penstock.local.service.credentials import Credential

REGION = "eu-west-1"


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Run an application in a thread, and give its URL."""
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(app, host=LOOPBACK, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@dataclass(frozen=True)
class Served:
    """An endpoint that runs, and a credential that may call it."""

    url: str
    credential: Credential

    def client(self, service: str, credential: Credential | None = None, **settings: Any) -> Any:
        """Return a boto3 client, which does not repeat calls."""
        key = credential or self.credential
        settings = {"retries": {"total_max_attempts": 1}, "s3": {"addressing_style": "path"}, **settings}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            aws_session_token=key.session_token or None,
            config=Config(**settings),
        )
