"""AWS behind what looks like boto3's sessions, with the virtual clock that all its services share."""

from __future__ import annotations

from typing import Any

from cdk_penstock.control.application_control import ApplicationControl
from tests.control.arranged_msf import ArrangedMsf
from tests.control.fake_aws import (
    APPLICATION,
    OPERATOR,
    REGION,
    Client,
    FakeCloudFormation,
    FakeEc2,
    FakeIam,
    FakeKms,
    FakeSts,
    World,
)
from tests.control.fake_logs import FakeLogs
from tests.control.fake_s3 import FakeS3
from tests.control.local_msf import SERVICE, MsfClient


class FakeAws:
    """Everything together, behind what looks like ``boto3.Session``."""

    def __init__(self) -> None:
        self.world = World()
        self.kms = FakeKms(self.world)
        self.iam = FakeIam(self.world)
        self.msf = ArrangedMsf(self.world, self.kms, self.iam)
        self.ec2 = FakeEc2()
        self.logs = FakeLogs(self.world)
        self.s3 = FakeS3(self.world)
        self.stack = FakeCloudFormation(self.world)
        self.sessions: list[dict[str, Any]] = []
        self._backends = {
            SERVICE: self.msf,
            "kms": self.kms,
            "iam": self.iam,
            "sts": FakeSts(self.world),
            "ec2": self.ec2,
            "logs": self.logs,
            "s3": self.s3,
            "cloudformation": self.stack,
        }

    def client(self, service: str) -> Any:
        make = MsfClient if service == SERVICE else Client
        return make(service, self._backends[service], self.world)

    def control(self) -> ApplicationControl:
        return ApplicationControl(self.client(SERVICE), APPLICATION, clock=self.world.clock)

    def new_session(self, **options: Any) -> FakeSession:
        self.sessions.append(options)
        return FakeSession(self, options)


class FakeSession:
    region_name = REGION

    def __init__(self, aws: FakeAws, options: dict[str, Any]) -> None:
        self._aws, self._options = aws, options

    def client(self, service: str, config: object = None) -> Any:
        as_operator = self._options.get("aws_access_key_id") == f"of {OPERATOR}"
        assert config is not None or "profile_name" in self._options or as_operator
        # MSF is called as the operator, and so is KMS before an operation; everything else as the caller.
        assert as_operator == (service in {SERVICE, "kms"}) or "profile_name" in self._options
        return self._aws.client(service)
