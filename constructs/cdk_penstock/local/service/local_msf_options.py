"""The options of the local MSF."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_penstock.local.service.msf import MsfOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.local.flink.settings import FlinkOptions

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class LocalMsfOptions:
    """Options of the endpoint.

    Parameters
    ----------
    folder
        Records, copies of code, buckets, savepoints and logs; what is in it from an earlier run goes on.
    port
        Its port on loopback, 0 for a free one.
    account, region
        The account of its user, and the Region that :attr:`LocalMsf.environment` names. Every Region is served.
    job_python
        The interpreter of an environment with ``apache-flink``, for real Flink. Without it, jobs are simulated.
    flink
        Memory and settings of the Flink clusters.
    fresh_cluster_per_version
        True to start new Flink processes for each version, as MSF does.
    buckets
        Folders that are served as buckets of S3, by name; others are made in ``folder``.
    service
        Options of the service itself.
    """

    folder: Path
    port: int = 0
    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    job_python: Path | None = None
    flink: FlinkOptions | None = None
    fresh_cluster_per_version: bool = False
    buckets: Mapping[str, Path] = field(default_factory=dict)
    service: MsfOptions = field(default_factory=MsfOptions)
