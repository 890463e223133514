"""Common mistakes, each with a message of what was got, what was expected, and the fix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Duration, Environment, Size, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets

from cdk_penstock.application import (
    ApplicationCode,
    ApplicationEncryption,
    FlinkApplication,
    FlinkRuntime,
    PyFlinkApplication,
    PyFlinkLayout,
)
from cdk_penstock.encryption import CustomerManagedEncryption, OperatorRole
from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.network import ApplicationVpc
from cdk_penstock.observability import MetricsWorkspace
from cdk_penstock.pipeline import KinesisSource
from cdk_penstock.sinks.archive import ArchiveBucket
from cdk_penstock.sinks.firehose import DeliveryPartitions, DeliveryToS3
from cdk_penstock.sinks.search import ISearchDomain, SearchDomain
from cdk_penstock.streams.kafka import KafkaTopic
from cdk_penstock.streams.kinesis import EventStream, StreamCapacity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ACCOUNT, REGION = "111122223333", "eu-central-1"
ARN = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/clicks"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/operator"


@dataclass
class Beginner:
    """Somebody with a stack, the code of a job, and a guess."""

    stack: Stack
    folder: Path
    zip: Path

    @cached_property
    def code(self) -> ApplicationCode:
        bucket = s3.Bucket.from_bucket_name(self.stack, "CodeBucket", "code-bucket")
        return ApplicationCode.from_bucket(bucket, "job.zip", object_version="1", pyflink=PyFlinkLayout())

    def application(self, construct_id: str = "App", **props: Any) -> PyFlinkApplication:
        return PyFlinkApplication(
            self.stack, construct_id, **({"code": self.code, "application_name": "clicks"} | props)
        )

    def vpc(self, kind: ec2.SubnetType = ec2.SubnetType.PRIVATE_ISOLATED) -> ec2.Vpc:
        return ec2.Vpc(self.stack, "Vpc", nat_gateways=0, subnet_configuration=[{"name": "jobs", "subnetType": kind}])

    def key(self, **props: Any) -> kms.Key:
        return kms.Key(self.stack, "Key", **props)

    def role(self, name: str = "Role") -> iam.Role:
        return iam.Role(self.stack, name, assumed_by=iam.ArnPrincipal(ROLE_ARN))

    def encryption(self, **props: Any) -> CustomerManagedEncryption:
        if "application" not in props:
            props["application"] = self.application()
        named = {"operators": [iam.ArnPrincipal(ROLE_ARN)], "key_administrators": [iam.ArnPrincipal(ROLE_ARN)]}
        return CustomerManagedEncryption(self.stack, "Encryption", **(named | props))

    def start(self, **props: Any) -> VerifiedStart:
        return VerifiedStart(self.stack, "Start", **props)

    def imported(self) -> Any:
        return FlinkApplication.from_application_name(self.stack, "Imported", "orders")

    def stream(self, **props: Any) -> EventStream:
        return EventStream(self.stack, "Stream", **({"stream_name": "clicks"} | props))

    def bucket(self) -> s3.Bucket:
        return s3.Bucket(self.stack, "Bucket")

    def delivery(self, **props: Any) -> DeliveryToS3:
        return DeliveryToS3(
            self.stack, "Delivery", **({"bucket": self.bucket(), "delivery_stream_name": "clicks"} | props)
        )

    def search(self) -> ISearchDomain:
        endpoint = f"vpc-clicks-abcdefghijklmnopqrstuvwxyz.{REGION}.es.amazonaws.com"
        return SearchDomain.from_domain_endpoint(self.stack, "Search", endpoint)

    def packed(self) -> ApplicationCode:
        return ApplicationCode.from_asset(self.zip, entry_point="job")


def start_before_the_key(b: Beginner) -> None:
    application = b.application()
    b.start(application=application, operator=b.role())
    b.encryption(application=application)


def the_same_key_twice(b: Beginner) -> None:
    application = b.application()
    application.add_property_group("input", {"topic": "clicks"})
    application.add_property_group("input", {"topic": "orders"})


def two_of_one_name(b: Beginner) -> None:
    b.application("First")
    b.application("Second")


def two_streams_of_one_name(b: Beginner) -> None:
    EventStream(b.stack, "First", stream_name="clicks")
    EventStream(b.stack, "Second", stream_name="clicks")


def with_(**props: Any) -> Callable[[Beginner], object]:
    return partial(Beginner.application, **props)


MISTAKES: list[tuple[str, Callable[[Beginner], object], str]] = [
    # What to run
    ("no code", with_(code=None), "has either a folder or code, got folder=None and code=None"),
    (
        "folder and code",
        with_(folder="job"),
        "either a folder or code, got folder='job' and code=ApplicationCode.from_bucket(..., 'job.zip')",
    ),
    ("a folder that is missing", lambda b: b.application(code=None, folder=b.folder / "no"), "there is no job folder"),
    ("an empty folder", lambda b: b.application(code=None, folder=b.folder), "main.py"),
    ("an entry point without .py", lambda b: b.application(code=b.packed()), "entry point 'job'"),
    (
        "an entry point beside code",
        with_(entry_point="job.py"),
        "entry_point goes with folder, got entry_point='job.py'",
    ),
    (
        "a path as code",
        with_(code="job.zip"),
        (
            "code must be an ApplicationCode, got 'job.zip' (str): use ApplicationCode.from_asset(...),"
            " ApplicationCode.from_bucket(...) or ApplicationCode.from_pyflink_folder(...)"
        ),
    ),
    (
        "an asset as code",
        lambda b: b.application(code=s3_assets.Asset(b.stack, "A", path=str(b.zip))),
        "got an s3_assets.Asset: use ",
    ),
    (
        "the factory not called",
        with_(code=ApplicationCode.from_asset),
        "the function ApplicationCode.from_asset: call it",
    ),
    ("a number as folder", with_(code=None, folder=5), "folder must be text or a Path, got 5 (int)"),
    # How large
    ("parallelism 0", with_(parallelism=0), "parallelism must be at least 1, got 0"),
    ("parallelism 1000", with_(parallelism=1000), "64"),
    ("parallelism per KPU 9", with_(parallelism_per_kpu=9), "parallelism per KPU must be 1 to 8, got 9"),
    (
        'parallelism "4"',
        with_(parallelism="4"),
        "parallelism must be a whole number, got '4' (str): use 4 without quotes",
    ),
    ("parallelism 2.5", with_(parallelism=2.5), "parallelism must be a whole number, got 2.5 (float): use 2 or 3"),
    ("parallelism 4.0", with_(parallelism=4.0), "parallelism must be a whole number, got 4.0 (float): use 4"),
    ("parallelism True", with_(parallelism=True), "parallelism must be a whole number, got True (bool): use 1"),
    (
        "parallelism in a list",
        with_(parallelism=[4]),
        "parallelism must be a whole number, got [4] (list): use a number",
    ),
    ('max_kpus "many"', with_(max_kpus="many"), "max_kpus must be a whole number, got 'many' (str): use a number"),
    (
        'auto scaling "false"',
        with_(auto_scaling_enabled="false"),
        "must be True or False, got 'false' (str): use False",
    ),
    (
        "auto scaling 0",
        with_(auto_scaling_enabled=0),
        "auto_scaling_enabled must be True or False, got 0 (int): use False",
    ),
    # Enum-like classes
    (
        "runtime as text",
        with_(runtime="FLINK-1_20"),
        "must be a FlinkRuntime, got 'FLINK-1_20' (str): use FlinkRuntime.FLINK_1_20",
    ),
    (
        "runtime as a version",
        with_(runtime="1.20"),
        "runtime must be a FlinkRuntime, got '1.20' (str): did you mean FlinkRuntime.FLINK_1_20?",
    ),
    ("runtime as a number", with_(runtime=1.20), "runtime must be a FlinkRuntime, got 1.2 (float): "),
    ("log level as text", with_(log_level="warn"), "log_level must be a LogLevel, got 'warn' (str): use LogLevel.WARN"),
    ("log level's long name", with_(log_level="WARNING"), "got 'WARNING' (str): did you mean LogLevel.WARN?"),
    ("metrics level as text", with_(metrics_level="TASK"), "got 'TASK' (str): use MetricsLevel.TASK"),
    ("removal policy as text", with_(removal_policy="destroy"), "got 'destroy' (str): use RemovalPolicy.DESTROY"),
    (
        "log retention as days",
        with_(log_retention=30),
        (
            "log_retention must be a logs.RetentionDays, got 30 (int): use one of"
            " logs.RetentionDays.ONE_DAY, logs.RetentionDays.THREE_DAYS, logs.RetentionDays.FIVE_DAYS,"
            " logs.RetentionDays.ONE_WEEK, logs.RetentionDays.TWO_WEEKS"
        ),
    ),
    (
        "encryption as text",
        with_(encryption="CUSTOMER_MANAGED_KEY"),
        "use ApplicationEncryption.aws_owned_key() or ApplicationEncryption.customer_managed_key(...)",
    ),
    # Durations
    (
        "interval 60",
        with_(checkpoint_interval=60),
        (
            "must be a Duration, got 60 (int): name the unit, as in Duration.seconds(60),"
            " Duration.minutes(60), Duration.hours(60) or Duration.days(60)"
        ),
    ),
    (
        "pause as text",
        with_(min_pause_between_checkpoints="5s"),
        "must be a Duration, got '5s' (str): name the unit, as in Duration.seconds(...)",
    ),
    (
        "retention 48",
        lambda b: b.stream(retention=48),
        (
            "retention must be a Duration, got 48 (int): name the unit, as in Duration.seconds(48),"
            " Duration.minutes(48), Duration.hours(48) or Duration.days(48)"
        ),
    ),
    (
        "wait 20",
        lambda b: b.start(force_stop_after=20),
        (
            "force_stop_after must be a Duration, got 20 (int): name the unit, as in Duration.seconds(20),"
            " Duration.minutes(20), Duration.hours(20) or Duration.days(20)"
        ),
    ),
    ("period 300", lambda b: b.application().metric_restarts(period=300), "period must be a Duration, got 300 (int)"),
    # Interfaces
    ("vpc as id", with_(vpc="vpc-123"), "vpc must be an ec2.IVpc, got 'vpc-123' (str): use ec2.Vpc.from_lookup(...)"),
    (
        "bucket as name",
        lambda b: b.delivery(bucket="clicks"),
        "got 'clicks' (str): use s3.Bucket.from_bucket_name(...)",
    ),
    ("bucket as ARN", lambda b: b.delivery(bucket="arn:aws:s3:::c"), "(str): use s3.Bucket.from_bucket_arn(...)"),
    (
        "log key as alias",
        with_(log_encryption_key="alias/x"),
        "log_encryption_key must be a kms.IKey, got 'alias/x' (str)",
    ),
    ("log key as ARN", with_(log_encryption_key="arn:aws:kms:k"), "(str): use kms.Key.from_key_arn(...)"),
    (
        "group as id",
        with_(security_groups="sg-1"),
        (
            "must be a list with each item an ec2.ISecurityGroup, got 'sg-1' (str): put it into a list, and"
            " use ec2.SecurityGroup.from_lookup_by_id(...)"
        ),
    ),
    (
        "groups as ids",
        with_(security_groups=["sg-1"]),
        (
            "security_groups[0] must be an ec2.ISecurityGroup, got 'sg-1' (str): use"
            " ec2.SecurityGroup.from_lookup_by_id(...), ec2.SecurityGroup.from_lookup_by_name(...) or"
            " ec2.SecurityGroup.from_security_group_id(...)"
        ),
    ),
    ("subnets as ids", with_(vpc_subnets=["subnet-1"]), "got ['subnet-1'] (list): use ec2.SubnetSelection(...)"),
    (
        "grantee as ARN",
        lambda b: b.stream().grant_read(ROLE_ARN),
        (
            "EventStream.grant_read: grantee must be an iam.IGrantable, got 'arn:aws:iam::111122223333:role/operator'"
            " (str): pass the principal that gets the permission: a role, as iam.Role.from_role_arn(...) returns one,"
            " or iam.ArnPrincipal(...)"
        ),
    ),
    ("an action as number", lambda b: b.application().grant(b.role(), 5), "grant: actions must be text, got 5 (int)"),
    (
        "a client as id",
        lambda b: b.search().allow_clients("sg-1"),
        "clients must be an ec2.IConnectable, got 'sg-1' (str)",
    ),
    (
        "application as name",
        lambda b: b.encryption(application="clicks"),
        "(str): use FlinkApplication.from_application_",
    ),
    (
        "operators as ARNs",
        lambda b: b.encryption(operators=[ROLE_ARN]),
        "operators[0] must be an iam.IPrincipal, got 'arn",
    ),
    (
        "one operator",
        lambda b: b.encryption(operators=b.role()),
        ("operators must be a list with each item an iam.IPrincipal, got an iam.Role: put it into a list: [...]"),
    ),
    (
        "operator as name",
        lambda b: b.start(application=b.application(), operator="op"),
        "operator must be an iam.Role, got",
    ),
    (
        "topic's cluster as ARN",
        lambda b: KafkaTopic(b.stack, "T", cluster="arn:aws:kafka:c"),
        "must be an IKafkaCluster",
    ),
    ("domain's vpc as id", lambda b: SearchDomain(b.stack, "D", vpc="vpc-1"), "use ec2.Vpc.from_lookup(...)"),
    ("stream as name", lambda _: KinesisSource(events="clicks"), "(str): use EventStream.from_stream_name(...)"),
    (
        "the class",
        with_(vpc=ec2.Vpc),
        (
            "vpc must be an ec2.IVpc, got the class ec2.Vpc: use ec2.Vpc.from_lookup(...) or"
            " ec2.Vpc.from_vpc_attributes(...)"
        ),
    ),
    (
        "id before scope",
        lambda b: EventStream("Clicks", b.stack),
        "scope must be a Construct, got 'Clicks' (str): pass the",
    ),
    # Names
    (
        "a number as name",
        with_(application_name=5),
        'application_name must be text, got 5 (int): put it into quotes: "5"',
    ),
    (
        "a name with spaces",
        with_(application_name="my clicks"),
        "must be 1 to 128 letters, digits, '_', '.' or '-', got 'my clicks' (9 characters)",
    ),
    ("an ARN as name", with_(application_name=ARN), "application name must be 1 to 128 letters"),
    (
        "two of one name",
        two_of_one_name,
        (
            "application name 'clicks' of Stack/Second is taken by Stack/First in the same account and"
            " Region, and creating the second one would fail: give them different names"
        ),
    ),
    (
        "two streams of one name",
        two_streams_of_one_name,
        "stream name 'clicks' of Stack/Second is taken by Stack/First",
    ),
    # Property groups
    (
        "groups as MSF lists them",
        with_(property_groups=[{"PropertyGroupId": "input", "PropertyMap": {"topic": "clicks"}}]),
        "(list): use {'input': {'topic': 'clicks'}}",
    ),
    (
        "a list as a group",
        with_(property_groups={"input": [{"topic": "c"}]}),
        "property_groups['input'] must be a mapping of",
    ),
    (
        "a number as value",
        with_(property_groups={"i": {"n": 5}}),
        "property_groups['i']['n'] must be text, got 5 (int): put it",
    ),
    ("None as value", with_(property_groups={"i": {"n": None}}), "property_groups['i']['n'] must be text, got None"),
    (
        "text as group",
        lambda b: b.application().add_property_group("i", "a=b"),
        "entries must be a mapping of text to text",
    ),
    (
        "51 groups",
        with_(property_groups={f"g{n}": {"a": "b"} for n in range(51)}),
        "at most 50 property groups, got 51",
    ),
    (
        "the run options",
        with_(property_groups={"kinesis.analytics.flink.run.options": {"a": "b"}}),
        "is derived from the",
    ),
    (
        "a key with two values",
        the_same_key_twice,
        "property group 'input' has 'topic' as 'clicks', got 'orders' as well: set it in one place",
    ),
    # Unknown properties
    (
        "a property misspelt",
        with_(paralelism=4),
        "PyFlinkApplication 'App' has no property 'paralelism': did you mean 'parallelism'?",
    ),
    (
        "an unknown property",
        with_(zzz=4),
        (
            "has no property 'zzz': known are application_name, auto_scaling_enabled, checkpoint_interval,"
            " checkpointing_enabled, code, description, encryption, entry_point, folder, log_encryption_key,"
            " log_level, log_retention"
        ),
    ),
    ("shard_count", lambda b: b.stream(shard_count=3), "pass capacity=StreamCapacity.provisioned(shard_count=...)"),
    (
        "max_azs",
        lambda b: ApplicationVpc(b.stack, "V", max_azs=3),
        "has no property 'max_azs': known are availability_zones",
    ),
    (
        "alias",
        lambda b: MetricsWorkspace(b.stack, "M", alias="m"),
        "has no property 'alias': did you mean 'workspace_alias'",
    ),
    ("name", lambda b: ArchiveBucket(b.stack, "A", bucketname="b"), "did you mean 'bucket_name'?"),
    # Networks
    ("subnets without a VPC", with_(vpc_subnets=ec2.SubnetSelection(one_per_az=True)), "need a vpc: pass vpc as well"),
    ("groups without a VPC", with_(security_groups=[]), "need a vpc: pass vpc as well"),
    (
        "public subnets",
        lambda b: b.application(vpc=b.vpc(ec2.SubnetType.PUBLIC)),
        "subnets must be private, got public",
    ),
    (
        "connections without a VPC",
        lambda b: b.application().connections,
        "is in no VPC and has no connections: pass vpc",
    ),
    # Checkpoints and keys
    (
        "an interval of checkpoints that are off",
        with_(checkpointing_enabled=False, checkpoint_interval=Duration.seconds(30)),
        (
            "checkpoint_interval say how often to take checkpoints, got checkpointing_enabled=False as well:"
            " leave out one or the other"
        ),
    ),
    (
        "a key below 1.20",
        lambda b: b.application(
            runtime=FlinkRuntime.FLINK_1_19, encryption=ApplicationEncryption.customer_managed_key(b.key())
        ),
        "needs a runtime from FLINK-1_20 on, got FLINK-1_19: upgrade the runtime first, in a separate deployment",
    ),
    ("a rotating key", lambda b: b.encryption(key=b.key(enable_key_rotation=True)), "automatic rotation"),
    ("root as operator", lambda b: b.encryption(operators=[iam.AccountRootPrincipal()]), "got the whole account"),
    (
        "no administrator",
        lambda b: b.encryption(key_administrators=[]),
        "pass at least one role, or a PermissionSetPrincipal",
    ),
    ("a start before the key", start_before_the_key, "create the encryption before the start"),
    ("generation as text", lambda b: b.encryption(key_generation="2"), "got '2' (str): use 2 without quotes"),
    # Imported applications
    (
        "a group on an import",
        lambda b: b.imported().add_property_group("i", {"a": "b"}),
        "add the group where the application is created",
    ),
    (
        "connections of an import",
        lambda b: b.imported().connections,
        "from_application_attributes(security_groups=[...])",
    ),
    (
        "a key for an import without its role",
        lambda b: b.encryption(application=b.imported()),
        (
            "pass execution_role_arn, or import the application with"
            " FlinkApplication.from_application_attributes(execution_role=...)"
        ),
    ),
    (
        "an import from another Region",
        lambda b: FlinkApplication.from_application_attributes(
            b.stack, "Imported", application_arn=ARN.replace(REGION, "us-east-1")
        ),
        "is in Region us-east-1, and the stack Stack in eu-central-1: import it in a stack of that Region",
    ),
    (
        "an import from another account",
        lambda b: FlinkApplication.from_application_attributes(
            b.stack, "Imported", application_arn=ARN.replace(ACCOUNT, "444455556666")
        ),
        "is in account 444455556666, and the stack Stack in 111122223333: import it in a stack of that account",
    ),
    (
        "an import of something else",
        lambda b: FlinkApplication.from_application_attributes(b.stack, "I", application_arn="arn:aws:s3:::clicks"),
        (
            "expected an application's ARN, as in"
            " 'arn:aws:kinesisanalytics:eu-central-1:111122223333:application/clicks', got"
            " 'arn:aws:s3:::clicks'"
        ),
    ),
    (
        "an import of nothing",
        lambda b: FlinkApplication.from_application_attributes(b.stack, "Imported"),
        "application_name=None and application_arn=None: pass exactly one",
    ),
    # Other services
    ("a buffer of 1000 s", lambda b: b.delivery(buffer_interval=Duration.seconds(1000)), "1000"),
    (
        "a buffer of 128",
        lambda b: b.delivery(buffer_size=128),
        "must be a Size, got 128 (int): name the unit, as in Size.",
    ),
    ("a buffer of 1 GiB", lambda b: b.delivery(buffer_size=Size.gibibytes(1)), "1024"),
    (
        "partitions in a list",
        lambda _: DeliveryPartitions.by_fields(["a"]),
        "must be a mapping of text to text, got ['a']",
    ),
    ("shard 0", lambda _: StreamCapacity.provisioned(shard_count=0), "0"),
    ("a description of 1025", with_(description="x" * 1025), "description must be at most 1024 characters, got 1025"),
    ('window "3am"', with_(maintenance_window_start_time="3am"), "must be HH:MM in UTC, got '3am'"),
    (
        "no role",
        lambda b: OperatorRole(b.stack, "O", application=b.application(), operators=None),
        "operators must be a list",
    ),
]


@pytest.fixture
def beginner(tmp_path: Path, job_zip: Path) -> Beginner:
    stack = Stack(App(), "Stack", env=Environment(account=ACCOUNT, region=REGION))
    return Beginner(stack=stack, folder=tmp_path, zip=job_zip)


@pytest.mark.parametrize(
    ("mistake", "words"), [row[1:] for row in MISTAKES], ids=[row[0].replace(" ", "-") for row in MISTAKES]
)
def test_a_mistake_is_answered(mistake: Callable[[Beginner], object], words: str, beginner: Beginner) -> None:
    with pytest.raises(PenstockError) as raised:
        mistake(beginner)
    assert words in str(raised.value)
    assert "object at 0x" not in str(raised.value)
