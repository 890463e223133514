from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Duration, Environment, RemovalPolicy, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.checks import add_checks
from cdk_penstock.sinks.archive import ArchiveBucket, ArchiveBucketError, ArchiveLifecycle, GrantError
from cdk_penstock.sinks.archive.bucket import FOREIGN_KEY_WARNING
from tests.sinks.conftest import as_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sinks.conftest import Synthesized

    Synthesize = Callable[[Callable[[Stack], object]], Synthesized]

NAME = "example-archive"


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Stack")


@pytest.fixture(scope="module")
def defaults(synthesize: Synthesize) -> Synthesized:
    return synthesize(lambda stack: ArchiveBucket(stack, "Archive", bucket_name=NAME))


def everything(stack: Stack) -> None:
    archive = ArchiveBucket(
        stack,
        "Archive",
        bucket_name=NAME,
        encryption_key=kms.Key(stack, "Given", enable_key_rotation=True),
        lifecycle=ArchiveLifecycle(
            infrequent_access_after=None,
            glacier_after=Duration.days(10),
            expire_after=Duration.days(400),
            noncurrent_versions_expire_after=Duration.days(5),
            abort_incomplete_uploads_after=Duration.days(3),
        ),
        access_log_bucket=s3.Bucket.from_bucket_name(stack, "Logs", "example-logs"),
        removal_policy=RemovalPolicy.DESTROY,
    )
    archive.add_notifications(
        "Warehouse",
        prefix="raw/",
        suffix=".parquet",
        visibility_timeout=Duration.minutes(10),
        max_receive_count=3,
        alarm_age=Duration.hours(1),
    )
    archive.add_notifications("Errors", prefix="errors/")
    for role, grant in {
        "Writer": archive.grant_write,
        "Sink": archive.grant_file_sink,
        "Reader": archive.grant_read,
        "Warehouse": archive.grant_consume_notifications,
    }.items():
        grant(iam.Role(stack, f"{role}Role", assumed_by=iam.AccountRootPrincipal()), "raw/")


@pytest.fixture(scope="module")
def everything_on(synthesize: Synthesize) -> Synthesized:
    return synthesize(everything)


def test_the_archive_is_private_versioned_encrypted_and_logged(defaults: Synthesized) -> None:
    bucket = defaults.only("AWS::S3::Bucket", "ArchiveBucket")["Properties"]
    assert bucket["BucketName"] == NAME
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert bucket["LoggingConfiguration"]["LogFilePrefix"] == "archive/"
    assert defaults.only("AWS::KMS::Key")["Properties"]["EnableKeyRotation"] is True
    assert defaults.warnings() == []


def test_requests_without_tls_1_2_are_denied(defaults: Synthesized) -> None:
    for part in ("ArchiveBucketPolicy", "AccessLogsPolicy"):
        statements = defaults.only("AWS::S3::BucketPolicy", part)["Properties"]["PolicyDocument"]["Statement"]
        denied = [statement["Condition"] for statement in statements if statement["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied
        assert all(
            s["Principal"] == {"AWS": "*"} and s["Action"] == "s3:*" for s in statements if s["Effect"] == "Deny"
        )


def test_only_s3_of_this_account_writes_access_logs(defaults: Synthesized) -> None:
    statements = defaults.only("AWS::S3::BucketPolicy", "AccessLogs")["Properties"]["PolicyDocument"]["Statement"]
    (allowed,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert allowed["Action"] == "s3:PutObject"
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_old_data_gets_cheaper_and_is_kept_for_ever(defaults: Synthesized) -> None:
    (rule,) = defaults.only("AWS::S3::Bucket", "ArchiveBucket")["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["Transitions"] == [
        {"StorageClass": "STANDARD_IA", "TransitionInDays": 30},
        {"StorageClass": "GLACIER_IR", "TransitionInDays": 90},
    ]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert rule["ExpiredObjectDeleteMarker"] is True
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 14}
    assert "ExpirationInDays" not in rule


def test_the_defaults_need_no_more_than_these_resources(defaults: Synthesized) -> None:
    assert defaults.types() == ["AWS::KMS::Key", *["AWS::S3::Bucket"] * 2, *["AWS::S3::BucketPolicy"] * 2]


def test_all_of_it_outlives_the_stack_by_default(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        ArchiveBucket(stack, "Archive", bucket_name=NAME).add_notifications("Warehouse", prefix="raw/")

    for name, body in synthesize(build).template.to_json()["Resources"].items():
        if body["Type"] != "AWS::CloudWatch::Alarm":
            assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


def test_every_property_reaches_the_template(everything_on: Synthesized) -> None:
    (rule,) = everything_on.only("AWS::S3::Bucket")["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["Transitions"] == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 10}]
    assert rule["ExpirationInDays"] == 400
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 5}
    assert "ExpiredObjectDeleteMarker" not in rule
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 3}
    bucket = everything_on.only("AWS::S3::Bucket")
    assert bucket["Properties"]["LoggingConfiguration"]["DestinationBucketName"] == "example-logs"
    assert bucket["DeletionPolicy"] == "Delete"
    (given_key,) = everything_on.resources("AWS::KMS::Key")
    assert given_key.startswith("Given")
    queue = everything_on.only("AWS::SQS::Queue", "WarehouseQueue")["Properties"]
    assert queue["VisibilityTimeout"] == 600
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 3
    assert everything_on.only("AWS::CloudWatch::Alarm", "WarehouseAgeAlarm")["Properties"]["Threshold"] == 3600


def test_notifications_are_native_and_come_after_the_queues_policy(everything_on: Synthesized) -> None:
    assert "AWS::Lambda::Function" not in everything_on.types()
    assert not any(each.startswith("Custom::") for each in everything_on.types())
    bucket = everything_on.only("AWS::S3::Bucket")
    configurations = bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert [each["Event"] for each in configurations] == ["s3:ObjectCreated:*"] * 2
    assert configurations[0]["Filter"]["S3Key"]["Rules"] == [
        {"Name": "prefix", "Value": "raw/"},
        {"Name": "suffix", "Value": ".parquet"},
    ]
    policies = {name for name in everything_on.resources("AWS::SQS::QueuePolicy") if "DeadLetter" not in name}
    assert policies <= set(bucket["DependsOn"])


def test_no_resource_depends_on_itself(everything_on: Synthesized) -> None:
    resources = everything_on.template.to_json()["Resources"]
    edges = {
        name: {other for other in resources if f'"{other}"' in json.dumps(body)} for name, body in resources.items()
    }
    while edges:
        free = {name for name, needs in edges.items() if not needs - {name}}
        assert free, f"a circle among {sorted(edges)}"
        edges = {name: needs - free for name, needs in edges.items() if name not in free}


def test_only_this_bucket_of_this_account_sends_to_the_queue(everything_on: Synthesized) -> None:
    policy = everything_on.only("AWS::SQS::QueuePolicy", "WarehouseQueuePolicy")["Properties"]["PolicyDocument"]
    (allowed,) = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
    assert allowed["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Join"][1][-1] == f":s3:::{NAME}"


def test_one_statement_allows_s3_to_use_the_key_for_messages_of_this_account(everything_on: Synthesized) -> None:
    statements = everything_on.only("AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]
    (allowed,) = [s for s in statements if s["Principal"] == {"Service": "s3.amazonaws.com"}]
    assert sorted(allowed["Action"]) == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_queues_are_encrypted_and_keep_messages_for_two_weeks(everything_on: Synthesized) -> None:
    queues = everything_on.resources("AWS::SQS::Queue")
    assert len(queues) == 4
    for queue in queues.values():
        assert "KmsMasterKeyId" in queue["Properties"]
        assert queue["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_alarms_watch_the_age_in_the_queue_and_any_message_in_the_dead_letter_queue(everything_on: Synthesized) -> None:
    age = everything_on.only("AWS::CloudWatch::Alarm", "WarehouseAgeAlarm")["Properties"]
    assert (age["MetricName"], age["Statistic"]) == ("ApproximateAgeOfOldestMessage", "Maximum")
    dead = everything_on.only("AWS::CloudWatch::Alarm", "WarehouseDeadLetterAlarm")["Properties"]
    assert (dead["MetricName"], dead["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert "DeadLetter" in json.dumps(dead["Dimensions"])
    assert age["TreatMissingData"] == dead["TreatMissingData"] == "notBreaching"


def test_a_writer_adds_and_does_nothing_else(everything_on: Synthesized) -> None:
    assert everything_on.allowed("WriterRole") == {
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }


def test_a_file_sink_also_reads_and_removes_what_is_in_progress(everything_on: Synthesized) -> None:
    assert everything_on.allowed("SinkRole") - everything_on.allowed("WriterRole") == {
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
    }


def test_a_reader_cannot_write(everything_on: Synthesized) -> None:
    assert everything_on.allowed("ReaderRole") == {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"}


def test_a_warehouse_receives_and_reads_and_cannot_send_or_write(everything_on: Synthesized) -> None:
    assert everything_on.allowed("WarehouseRole") == {
        "kms:Decrypt",
        "s3:GetObject",
        "s3:ListBucket",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
    }
    assert "DeadLetter" not in json.dumps(everything_on.statements("WarehouseRole"))


@pytest.mark.parametrize("role", ["WriterRole", "SinkRole", "ReaderRole", "WarehouseRole"])
def test_grants_are_held_to_the_prefix_and_the_key_to_its_service(everything_on: Synthesized, role: str) -> None:
    for statement in everything_on.statements(role):
        text = json.dumps(statement)
        if "s3:ListBucket" in text:
            assert statement["Condition"] == {"StringLike": {"s3:prefix": ["raw/*"]}}
        elif "s3:" in json.dumps(statement["Action"]):
            assert "/raw/*" in json.dumps(statement["Resource"])
        elif "kms:" in text:
            via = statement["Condition"]["StringEquals"]["kms:ViaService"]
            assert via in {"s3.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com"}


def test_nag_and_our_own_checks_find_nothing() -> None:
    app = App()
    everything(Stack(app, "Stack"))
    ArchiveBucket(Stack(app, "Defaults"), "Archive")
    add_checks(app)
    app.synth()


def test_a_generated_name_gives_a_warning_and_is_not_in_the_queues_policy(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        ArchiveBucket(stack, "Archive").add_notifications("Warehouse", prefix="")

    synthesized = synthesize(build)
    (warning,) = synthesized.warnings()
    assert "leaves the old one behind" in warning
    assert "penstock:generatedBucketName" in warning
    policy = synthesized.only("AWS::SQS::QueuePolicy", "WarehouseQueuePolicy")["Properties"]["PolicyDocument"]
    (allowed,) = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    (configuration,) = synthesized.only("AWS::S3::Bucket", "ArchiveBucket")["Properties"]["NotificationConfiguration"][
        "QueueConfigurations"
    ]
    assert "Filter" not in configuration


def test_an_imported_key_gives_a_warning_if_s3_needs_it(stack: Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-central-1:111122223333:key/1")
    archive = ArchiveBucket(stack, "Archive", bucket_name=NAME, encryption_key=key)
    archive.add_notifications("Warehouse", prefix="raw/")
    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert FOREIGN_KEY_WARNING in str(warning.entry.data)


def test_an_imported_archive_grants_and_knows_its_identity(stack: Stack) -> None:
    archive: Any = ArchiveBucket.from_bucket_name(stack, "Archive", NAME)
    role = iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())
    archive.grant_write(role, "")
    assert archive.bucket_name == NAME
    assert archive.encryption_key is None
    template = Template.from_stack(stack)
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Resource"]["Fn::Join"][1][-1] == f":s3:::{NAME}/*"
    assert not template.find_resources("AWS::S3::Bucket")


def test_a_job_gets_the_path_as_a_property(stack: Stack) -> None:
    archive = ArchiveBucket.from_bucket_name(stack, "Archive", NAME)
    assert archive.connection_properties("raw/") == {"path": f"s3://{NAME}/raw/"}


def test_metrics_of_one_archive_can_have_more_dimensions(stack: Stack) -> None:
    archive: Any = ArchiveBucket.from_bucket_name(stack, "Archive", NAME)
    assert archive.bucket_arn.endswith(f":s3:::{NAME}")
    metric = archive.metric("4xxErrors", dimensions_map={"FilterId": "all"})
    assert metric.dimensions == {"BucketName": NAME, "FilterId": "all"}


def test_fails_to_grant_where_nothing_would_come_of_it(stack: Stack) -> None:
    archive = ArchiveBucket.from_bucket_name(stack, "Archive", NAME)
    with pytest.raises(GrantError, match="ArnPrincipal has no policy to which"):
        archive.grant_write(iam.ArnPrincipal("arn:aws:iam::111122223333:role/r"), "raw/")


def test_a_given_bucket_of_access_logs_has_its_policy_first(stack: Stack) -> None:
    given = s3.Bucket(stack, "Logs", enforce_ssl=True)
    ArchiveBucket(stack, "Archive", bucket_name=NAME, access_log_bucket=given)
    (bucket,) = (
        Template.from_stack(stack).find_resources("AWS::S3::Bucket", {"Properties": {"BucketName": NAME}}).values()
    )
    assert any("LogsPolicy" in name for name in as_list(bucket["DependsOn"]))


def test_metrics_are_those_of_the_bucket_and_the_queue(stack: Stack) -> None:
    archive = ArchiveBucket(stack, "Archive", bucket_name=NAME)
    size = archive.metric_size_bytes(storage_type="StandardIAStorage")
    assert (size.namespace, size.metric_name, size.period.to_days()) == ("AWS/S3", "BucketSizeBytes", 1)
    assert (size.dimensions or {})["StorageType"] == "StandardIAStorage"
    assert (archive.metric_objects().dimensions or {})["StorageType"] == "AllStorageTypes"
    queue = archive.add_notifications("Warehouse", prefix="raw/")
    assert archive.notifications == (queue,)
    assert queue.metric_waiting_messages(statistic="Average").statistic == "Average"
    assert queue.metric_dead_letters().metric_name == "ApproximateNumberOfMessagesVisible"


@pytest.mark.parametrize("prefix", ["raw", "/raw/", "raw/*/"])
def test_fails_on_a_prefix_that_matches_more_than_a_folder(stack: Stack, prefix: str) -> None:
    archive = ArchiveBucket(stack, "Archive", bucket_name=NAME)
    with pytest.raises(ArchiveBucketError, match="with '/' at the end"):
        archive.add_notifications("Warehouse", prefix=prefix)


@pytest.mark.parametrize(("prefix", "suffix"), [("raw/", None), ("raw/vehicles/", None), ("", ".json")])
def test_fails_on_notifications_that_overlap(stack: Stack, prefix: str, suffix: str | None) -> None:
    archive = ArchiveBucket(stack, "Archive", bucket_name=NAME)
    archive.add_notifications("Warehouse", prefix="raw/")
    with pytest.raises(ArchiveBucketError, match="may belong to one queue only"):
        archive.add_notifications("Other", prefix=prefix, suffix=suffix)


def test_notifications_that_exclude_each_other_or_are_unknown_yet_are_taken(stack: Stack) -> None:
    archive = ArchiveBucket(stack, "Archive", bucket_name=NAME)
    archive.add_notifications("Warehouse", prefix="raw/", suffix=".json")
    archive.add_notifications("Parquet", prefix="raw/", suffix=".parquet")
    archive.add_notifications("Later", prefix=Token.as_string({"Ref": "Prefix"}))
    assert len(archive.notifications) == 3


def test_a_warehouse_reads_every_queue_of_its_prefix_and_no_other(synthesize: Synthesize) -> None:
    def build(stack: Stack) -> None:
        archive = ArchiveBucket(stack, "Archive", bucket_name=NAME)
        archive.add_notifications("Json", prefix="raw/", suffix=".json")
        archive.add_notifications("Parquet", prefix="raw/", suffix=".parquet")
        archive.add_notifications("Errors", prefix="errors/")
        role = iam.Role(stack, "WarehouseRole", assumed_by=iam.AccountRootPrincipal())
        archive.grant_consume_notifications(role, "raw/")

    statements = synthesize(build).statements("WarehouseRole")
    queues = json.dumps([s["Resource"] for s in statements if "sqs:ReceiveMessage" in as_list(s["Action"])])
    assert "ArchiveJson" in queues
    assert "ArchiveParquet" in queues
    assert "ArchiveErrors" not in queues
    assert any("s3:GetObject" in as_list(s["Action"]) for s in statements)


def test_fails_to_consume_what_nobody_tells_of(stack: Stack) -> None:
    archive = ArchiveBucket(stack, "Archive", bucket_name=NAME)
    with pytest.raises(ArchiveBucketError, match="known: none"):
        archive.grant_consume_notifications(iam.AccountRootPrincipal(), "raw/")


@pytest.mark.parametrize(
    ("timeout", "age", "message"),
    [
        (Duration.hours(13), Duration.days(1), "twelve hours"),
        (Duration.minutes(5), Duration.minutes(5), "longer than visibility_timeout"),
    ],
)
def test_fails_on_times_that_sqs_or_the_alarm_cannot_keep(
    stack: Stack, timeout: Duration, age: Duration, message: str
) -> None:
    archive = ArchiveBucket(stack, "Archive", bucket_name=NAME)
    with pytest.raises(ArchiveBucketError, match=message):
        archive.add_notifications("Warehouse", prefix="raw/", visibility_timeout=timeout, alarm_age=age)


DAYS = st.one_of(st.none(), st.integers(1, 400))


@given(infrequent=DAYS, glacier=DAYS, expiry=DAYS)
def test_a_lifecycle_is_taken_exactly_where_s3_would_take_it(
    infrequent: int | None, glacier: int | None, expiry: int | None
) -> None:
    too_young = infrequent is not None and infrequent < 30
    too_short = infrequent is not None and glacier is not None and glacier < infrequent + 30
    too_early = expiry is not None and any(each is not None and expiry <= each for each in (infrequent, glacier))
    days = [None if each is None else Duration.days(each) for each in (infrequent, glacier, expiry)]
    try:
        ArchiveLifecycle(infrequent_access_after=days[0], glacier_after=days[1], expire_after=days[2])
    except ArchiveBucketError:
        refused = True
    else:
        refused = False
    assert refused == (too_young or too_short or too_early)


def test_without_transitions_objects_stay_where_they_are() -> None:
    (rule,) = ArchiveLifecycle(infrequent_access_after=None, glacier_after=None).rules()
    assert rule.transitions is None


def test_the_archive_lives_in_a_known_region_too() -> None:
    stack = Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-west-1"))
    archive = ArchiveBucket(stack, "Archive", bucket_name=NAME)
    archive.grant_read(iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal()), "")
    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert "Condition" not in next(s for s in statements if s["Action"] == "s3:ListBucket")
    (via,) = [s["Condition"] for s in statements if s["Action"] == "kms:Decrypt"]
    assert via == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
