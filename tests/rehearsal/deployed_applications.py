"""A world with the code, the role and the properties of an application, for tests of MSF and of its providers."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.simulated_driver import SimulatedDriver
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.iam_roles import Role, named_policy
from tests.rehearsal.provider_bench import ACCOUNT, EXECUTION_ROLE, REGION, ProviderBench, allow, wanted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.local.service.simulated_driver import SimulatedJob
    from cdk_penstock.rehearsal.engine.resources import Existing, Made, Wanted
    from cdk_penstock.rehearsal.timeline import DecidedCall

APPLICATION, LOGGING = (f"AWS::KinesisAnalyticsV2::Application{end}" for end in ("", "CloudWatchLoggingOption"))
NAME = "clicks"
ARN = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/{NAME}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
BUCKET = "code-bucket"
SUBNET, GROUP = "subnet-1", "sg-1"
STREAM = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/kinesis-analytics/clicks:log-stream:job"
VPC = {"SubnetIds": [SUBNET], "SecurityGroupIds": [GROUP]}
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
EXECUTION_STATEMENTS = {
    "code": allow(["s3:GetObject", "s3:GetObjectVersion"], f"arn:aws:s3:::{BUCKET}/*"),
    "log groups": allow("logs:DescribeLogGroups", f"arn:aws:logs:{REGION}:{ACCOUNT}:*"),
    "log streams": allow("logs:DescribeLogStreams", f"{STREAM.rpartition(':')[0]}:*"),
    "log": allow("logs:PutLogEvents", STREAM),
    "network": allow("ec2:Describe*"),
    "interfaces": allow("ec2:CreateNetworkInterface", [f"{EC2}:subnet/{SUBNET}", f"{EC2}:security-group/{GROUP}"]),
    "own interfaces": allow(
        ["ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
        f"{EC2}:network-interface/*",
        Condition={"ArnEquals": {"ec2:Subnet": f"{EC2}:subnet/{SUBNET}"}},
    ),
    "metrics": allow("aps:RemoteWrite", f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/ws-1"),
}
CODE = {
    "CodeContentType": "ZIPFILE",
    "CodeContent": {"S3ContentLocation": {"BucketARN": f"arn:aws:s3:::{BUCKET}", "FileKey": "job.zip"}},
}
PROPERTIES: Mapping[str, Any] = {
    "ApplicationName": NAME,
    "RuntimeEnvironment": "FLINK-1_20",
    "ServiceExecutionRole": ROLE,
    "ApplicationConfiguration": {"ApplicationCodeConfiguration": CODE},
}


def trust_of_msf(**more: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "kinesisanalytics.amazonaws.com"},
    }
    return {"Statement": [statement | more]}


class DeployedApplications(ProviderBench):
    """A world in which CloudFormation can create applications, started by a person with all permissions."""

    def __init__(self, folder: Path, policies: list[Mapping[str, Any]] | None = None) -> None:
        super().__init__(folder, policies)
        self.world.objects.create_bucket(BUCKET)
        for key in ("job.zip", "other.zip"):
            with self.world.objects.upload(BUCKET, key) as file:
                file.write(key.encode())
        source = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnEquals": {"aws:SourceArn": ARN}}
        role = Role(arn=ROLE, trust=named_policy("trust of job", trust_of_msf(Condition=source)))
        role.inline = {name: named_policy(name, document) for name, document in EXECUTION_STATEMENTS.items()}
        self.world.iam.add_role(role)
        operator = Role(arn=EXECUTION_ROLE.replace("cfn-exec", "operator"), trust=role.trust)
        operator.attached = list(self.world.iam.named(ACCOUNT, "cfn-exec").attached)
        operator.inline["all"] = named_policy("operator", allow("*"))
        self.world.iam.add_role(operator)
        self._operator = ApiCaller(account=ACCOUNT, region=REGION, principal_arn=operator.session_arn("anna"))
        self.world.sessions.remember(self._operator.principal_arn, MadeBy.PERSON)

    @property
    def role_of_job(self) -> Role:
        return self.world.iam.named(ACCOUNT, "job")

    def deploy(self, configuration: Mapping[str, Any] | None = None, **more: Any) -> Existing:
        return self.create(application(configuration, **more))

    def change(self, existing: Existing, configuration: Mapping[str, Any] | None = None, **more: Any) -> Made:
        return self.update(existing, application(configuration, **more))

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        self.world.msf_answers.carry_on()
        return self.world.msf_operations.call(operation, parameters, self._operator)

    def detail(self) -> dict[str, Any]:
        return dict(self.call("DescribeApplication", ApplicationName=NAME)["ApplicationDetail"])

    def start(self) -> str:
        """Start the application, and return its status then."""
        self.call("StartApplication", ApplicationName=NAME, RunConfiguration={})
        return self.settle()

    def settle(self) -> str:
        self.world.clock.sleep(120)
        return str(self.detail()["ApplicationStatus"])

    def job(self, uid: str) -> SimulatedJob:
        driver = self.world.msf_answers.driver
        assert isinstance(driver, SimulatedDriver)
        return driver.jobs[uid]

    def error(self) -> str:
        """Return why the newest operation failed."""
        listed = self.call("ListApplicationOperations", ApplicationName=NAME)["ApplicationOperationInfoList"]
        details = self.call("DescribeApplicationOperation", ApplicationName=NAME, OperationId=listed[0]["OperationId"])[
            "ApplicationOperationInfoDetails"
        ]
        return str(details["OperationFailureDetails"]["ErrorInfo"]["ErrorString"])

    def calls_of(self, made_by: MadeBy) -> list[DecidedCall]:
        return [each for each in self.world.timeline.calls if each.made_by is made_by]


def application(configuration: Mapping[str, Any] | None = None, **more: Any) -> Wanted:
    properties = copy.deepcopy(dict(PROPERTIES)) | more
    properties["ApplicationConfiguration"] |= configuration or {}
    return wanted(APPLICATION, "Application", **properties)


def logging_option(stream: str = STREAM, name: str = NAME) -> Wanted:
    return wanted(LOGGING, "Logging", ApplicationName=name, CloudWatchLoggingOption={"LogStreamARN": stream})
