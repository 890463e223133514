from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_cdk import App, Duration, Environment, RemovalPolicy, Size, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template

from cdk_penstock.checks import add_checks
from cdk_penstock.model.delivery import DELIVERY_METADATA, DeliveryError, DeliveryGuarantee
from cdk_penstock.sinks.firehose import (
    Compression,
    DeliveryBackup,
    DeliveryFormat,
    DeliveryPartitions,
    DeliverySource,
    DeliveryToS3,
    GlueTable,
    MskConnectivity,
)

STREAM = "AWS::KinesisFirehose::DeliveryStream"
CLUSTER = "arn:aws:kafka:eu-central-1:111122223333:cluster/vehicles/1c2d"


@dataclass(frozen=True)
class Cluster:
    cluster_arn: str = CLUSTER


@dataclass(frozen=True)
class Topic:
    topic_name: str = "events"
    cluster: Cluster = Cluster()


def test_streams_do_not_load_what_delivers_to_s3() -> None:
    rooms = "cdk_penstock.streams.kafka, cdk_penstock.streams.kinesis"
    code = f"import sys, {rooms}; print('aws_cdk.aws_kinesisfirehose' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def new_stack() -> Stack:
    return Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))


def new_bucket(stack: Stack) -> s3.IBucket:
    key = kms.Key.from_key_arn(stack, "BucketKey", "arn:aws:kms:eu-central-1:111122223333:key/bucket")
    return s3.Bucket.from_bucket_attributes(stack, "Target", bucket_name="example-archive", encryption_key=key)


def resources(stack: Stack, resource_type: str) -> dict[str, Any]:
    return dict(Template.from_stack(stack).find_resources(resource_type))


def only(template: Template, resource_type: str, part: str = "") -> dict[str, Any]:
    (body,) = [body for name, body in template.find_resources(resource_type).items() if part in name]
    return dict(body)


def destination(template: Template) -> dict[str, Any]:
    return dict(only(template, STREAM)["Properties"]["ExtendedS3DestinationConfiguration"])


def statements(template: Template) -> list[dict[str, Any]]:
    (policy,) = only(template, "AWS::IAM::Role")["Properties"]["Policies"]
    return list(policy["PolicyDocument"]["Statement"])


def allowed(template: Template) -> set[str]:
    found: set[str] = set()
    for statement in statements(template):
        actions = statement["Action"]
        found |= {actions} if isinstance(actions, str) else set(actions)
    return found


@pytest.fixture
def stack() -> Stack:
    return new_stack()


@pytest.fixture(scope="module")
def defaults() -> Template:
    stack = new_stack()
    DeliveryToS3(stack, "Delivery", bucket=new_bucket(stack), delivery_stream_name="archive")
    return Template.from_stack(stack)


def everything(stack: Stack, *, name: str | None = "archive") -> DeliveryToS3:
    bucket = new_bucket(stack)
    return DeliveryToS3(
        stack,
        "Delivery",
        bucket=bucket,
        source=DeliverySource.msk_topic(
            Topic(), connectivity=MskConnectivity.PUBLIC, read_from=datetime(2026, 1, 1, tzinfo=UTC)
        ),
        delivery_stream_name=name,
        partitions=DeliveryPartitions.by_fields({"region": ".region", "model": ".model"}, prefix="vehicles/"),
        record_format=DeliveryFormat.parquet(GlueTable(database_name="lake", table_name="vehicles", version_id="3")),
        buffer_size=Size.mebibytes(64),
        buffer_interval=Duration.minutes(10),
        error_prefix="failed/!{firehose:error-output-type}/",
        backup=DeliveryBackup(bucket=bucket),
        encryption_key=kms.Key(stack, "Given", enable_key_rotation=True),
        log_retention=logs.RetentionDays.ONE_YEAR,
        freshness_alarm_age=Duration.hours(1),
        removal_policy=RemovalPolicy.DESTROY,
    )


@pytest.fixture(scope="module")
def everything_on() -> Template:
    stack = new_stack()
    everything(stack)
    return Template.from_stack(stack)


def test_defaults_are_lines_of_json_in_folders_of_an_hour(defaults: Template) -> None:
    stream = only(defaults, STREAM)["Properties"]
    assert (stream["DeliveryStreamName"], stream["DeliveryStreamType"]) == ("archive", "DirectPut")
    to = destination(defaults)
    assert to["Prefix"] == (
        "raw/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
    )
    assert to["ErrorOutputPrefix"] == "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
    assert to["BufferingHints"] == {"SizeInMBs": 128, "IntervalInSeconds": 300}
    assert to["CompressionFormat"] == "GZIP"
    assert to["S3BackupMode"] == "Disabled"
    (processor,) = to["ProcessingConfiguration"]["Processors"]
    assert processor["Type"] == "AppendDelimiterToRecord"
    assert processor["Parameters"] == [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]
    assert "DynamicPartitioningConfiguration" not in to
    assert "DataFormatConversionConfiguration" not in to


def test_the_template_says_at_least_once(defaults: Template, everything_on: Template) -> None:
    for template in (defaults, everything_on):
        assert only(template, STREAM)["Metadata"][DELIVERY_METADATA] == "at-least-once"


def test_buffer_objects_and_log_are_encrypted(defaults: Template) -> None:
    (key_id,) = defaults.find_resources("AWS::KMS::Key")
    arn = {"Fn::GetAtt": [key_id, "Arn"]}
    assert only(defaults, STREAM)["Properties"]["DeliveryStreamEncryptionConfigurationInput"] == {
        "KeyType": "CUSTOMER_MANAGED_CMK",
        "KeyARN": arn,
    }
    encryption = destination(defaults)["EncryptionConfiguration"]["KMSEncryptionConfig"]
    assert encryption["AWSKMSKeyARN"].endswith(":key/bucket")
    assert only(defaults, "AWS::Logs::LogGroup")["Properties"]["KmsKeyId"] == arn
    assert only(defaults, "AWS::KMS::Key")["Properties"]["EnableKeyRotation"] is True


def test_a_bucket_without_a_known_key_keeps_its_own_default(stack: Stack) -> None:
    DeliveryToS3(
        stack, "Delivery", bucket=s3.Bucket.from_bucket_name(stack, "Target", "example"), delivery_stream_name="a"
    )
    template = Template.from_stack(stack)
    assert "EncryptionConfiguration" not in destination(template)
    assert not any(action.startswith("kms:") for action in allowed(template))


def test_firehose_logs_to_streams_that_exist_before_it(defaults: Template) -> None:
    stream = only(defaults, STREAM)
    assert set(defaults.find_resources("AWS::Logs::LogStream")) <= set(stream["DependsOn"])
    group = only(defaults, "AWS::Logs::LogGroup")["Properties"]
    assert (group["LogGroupName"], group["RetentionInDays"]) == ("/aws/kinesisfirehose/archive", 30)
    assert destination(defaults)["CloudWatchLoggingOptions"]["LogStreamName"] == "DestinationDelivery"


def test_what_is_buffered_outlives_the_stack_by_default(defaults: Template) -> None:
    for name, body in defaults.to_json()["Resources"].items():
        if body["Type"] != "AWS::CloudWatch::Alarm":
            assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


def test_the_role_writes_to_its_own_folders_and_reads_nothing_else(defaults: Template) -> None:
    assert allowed(defaults) == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "logs:PutLogEvents",
        "s3:AbortMultipartUpload",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:PutObject",
    }
    (write,) = [s for s in statements(defaults) if "s3:PutObject" in s["Action"]]
    assert [json.dumps(each).rsplit("example-archive/", 1)[1] for each in write["Resource"]] == [
        'raw/year=*"]]}',
        'errors/*"]]}',
    ]
    (use,) = [s for s in statements(defaults) if "kms:Decrypt" in s["Action"]]
    assert use["Condition"]["StringEquals"] == {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
    assert len(use["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]) == 3
    (log,) = [s for s in statements(defaults) if s["Action"] == "logs:PutLogEvents"]
    assert "*" not in json.dumps(log["Resource"])


def test_only_firehose_on_behalf_of_this_account_assumes_the_role(defaults: Template) -> None:
    (trust,) = only(defaults, "AWS::IAM::Role")["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "firehose.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "111122223333"}}


def test_every_property_reaches_the_template(everything_on: Template) -> None:
    stream = only(everything_on, STREAM)
    assert stream["DeletionPolicy"] == "Delete"
    source = stream["Properties"]["MSKSourceConfiguration"]
    assert (source["MSKClusterARN"], source["TopicName"]) == (CLUSTER, "events")
    assert source["AuthenticationConfiguration"]["Connectivity"] == "PUBLIC"
    assert source["ReadFromTimestamp"] == "2026-01-01T00:00:00+00:00"
    to = destination(everything_on)
    assert to["Prefix"] == "vehicles/region=!{partitionKeyFromQuery:region}/model=!{partitionKeyFromQuery:model}/"
    assert to["DynamicPartitioningConfiguration"] == {"Enabled": True, "RetryOptions": {"DurationInSeconds": 300}}
    (processor,) = to["ProcessingConfiguration"]["Processors"]
    assert {p["ParameterName"]: p["ParameterValue"] for p in processor["Parameters"]} == {
        "MetadataExtractionQuery": "{region:(.region),model:(.model)}",
        "JsonParsingEngine": "JQ-1.6",
    }
    assert to["BufferingHints"] == {"SizeInMBs": 64, "IntervalInSeconds": 600}
    assert to["CompressionFormat"] == "UNCOMPRESSED"
    schema = to["DataFormatConversionConfiguration"]["SchemaConfiguration"]
    assert (schema["DatabaseName"], schema["TableName"], schema["VersionId"]) == ("lake", "vehicles", "3")
    assert to["S3BackupMode"] == "Enabled"
    assert to["S3BackupConfiguration"]["Prefix"] == "source/"
    assert to["S3BackupConfiguration"]["CloudWatchLoggingOptions"]["LogStreamName"] == "BackupDelivery"
    assert only(everything_on, "AWS::CloudWatch::Alarm", "Freshness")["Properties"]["Threshold"] == 3600
    assert only(everything_on, "AWS::Logs::LogGroup")["Properties"]["RetentionInDays"] == 365
    (given,) = everything_on.find_resources("AWS::KMS::Key")
    assert given.startswith("Given")


def test_a_topic_is_read_and_nothing_else_of_its_cluster(everything_on: Template) -> None:
    by_sid = {statement.get("Sid"): statement for statement in statements(everything_on)}
    assert by_sid["ConnectToCluster"]["Resource"] == CLUSTER
    assert by_sid["ReadTopic"]["Resource"] == f"{CLUSTER.replace(':cluster/', ':topic/')}/events"
    assert by_sid["DescribeConsumerGroup"]["Resource"] == f"{CLUSTER.replace(':cluster/', ':group/')}/*"
    assert {action for action in allowed(everything_on) if action.startswith("kafka-cluster:")} == {
        "kafka-cluster:Connect",
        "kafka-cluster:DescribeGroup",
        "kafka-cluster:DescribeTopic",
        "kafka-cluster:DescribeTopicDynamicConfiguration",
        "kafka-cluster:ReadData",
    }


def test_the_schema_of_one_table_is_read(everything_on: Template) -> None:
    (read,) = [s for s in statements(everything_on) if s.get("Sid") == "ReadSchema"]
    assert sorted(read["Action"]) == ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
    assert [json.dumps(each).rsplit(":", 1)[1].rstrip('"]}') for each in read["Resource"]] == [
        "catalog",
        "database/lake",
        "table/lake/vehicles",
    ]


def test_a_stream_of_kinesis_is_read_with_its_key(stack: Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-central-1:111122223333:key/stream")
    arn = "arn:aws:kinesis:eu-central-1:111122223333:stream/events"
    source = kinesis.Stream.from_stream_attributes(stack, "Events", stream_arn=arn, encryption_key=key)
    DeliveryToS3(
        stack,
        "Delivery",
        bucket=new_bucket(stack),
        source=DeliverySource.kinesis_stream(source),
        delivery_stream_name="archive",
        record_format=DeliveryFormat.json(compression=Compression.NONE),
    )
    template = Template.from_stack(stack)
    properties = only(template, STREAM)["Properties"]
    assert properties["DeliveryStreamType"] == "KinesisStreamAsSource"
    assert properties["KinesisStreamSourceConfiguration"]["KinesisStreamARN"] == arn
    assert "DeliveryStreamEncryptionConfigurationInput" not in properties
    by_sid = {statement.get("Sid"): statement for statement in statements(template)}
    assert by_sid["ReadStream"]["Resource"] == arn
    assert not any("Put" in action for action in by_sid["ReadStream"]["Action"])
    assert by_sid["DecryptStream"]["Condition"]["StringEquals"]["kms:EncryptionContext:aws:kinesis:arn"] == arn


def test_a_stream_of_kinesis_under_no_known_key_needs_none(stack: Stack) -> None:
    source = DeliverySource.kinesis_stream(
        kinesis.Stream.from_stream_arn(stack, "Events", "arn:aws:kinesis:eu-central-1:111122223333:stream/events")
    )
    assert [statement.sid for statement in source.statements(stack)] == ["ReadStream"]


def test_a_topic_is_read_privately_from_its_newest_record_on(stack: Stack) -> None:
    source = DeliverySource.msk_topic(Topic())
    configuration = source.configuration("role", kms.Key(stack, "Key"))["msk_source_configuration"]
    assert configuration.authentication_configuration.connectivity == "PRIVATE"
    assert configuration.read_from_timestamp is None


@pytest.mark.parametrize(
    ("expected", "columnar", "dynamic", "backup"),
    [
        ("FILL(1 - written, 0)", False, False, False),
        ("FILL(1 - written, 0) + FILL(1 - kept, 0)", False, False, True),
        ("FILL(1 - written, 0) + FILL(unconverted, 0)", True, False, False),
        ("FILL(1 - written, 0) + FILL(crowded, 0)", False, True, False),
    ],
)
def test_one_alarm_has_all_that_can_fail(
    stack: Stack, expected: str, columnar: bool, dynamic: bool, backup: bool
) -> None:
    bucket = new_bucket(stack)
    table = GlueTable(database_name="lake", table_name="vehicles")
    DeliveryToS3(
        stack,
        "Delivery",
        bucket=bucket,
        delivery_stream_name="archive",
        record_format=DeliveryFormat.parquet(table) if columnar else None,
        partitions=DeliveryPartitions.by_fields({"region": ".region"}) if dynamic else None,
        backup=DeliveryBackup(bucket=bucket) if backup else None,
    )
    alarm = only(Template.from_stack(stack), "AWS::CloudWatch::Alarm", "Failure")["Properties"]
    (expression,) = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
    assert expression == expected
    assert alarm["TreatMissingData"] == "notBreaching"
    names = {each["Id"] for each in alarm["Metrics"] if "MetricStat" in each}
    assert all(name in expression for name in names)


def test_the_freshness_alarm_leaves_room_for_buffering(defaults: Template) -> None:
    alarm = only(defaults, "AWS::CloudWatch::Alarm", "Freshness")["Properties"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("DeliveryToS3.DataFreshness", "Maximum")
    assert alarm["Threshold"] == 300 + 600


def test_fails_on_an_alarm_that_buffering_alone_sets_off(stack: Stack) -> None:
    with pytest.raises(DeliveryError, match="shorten buffer_interval"):
        DeliveryToS3(
            stack,
            "Delivery",
            bucket=new_bucket(stack),
            delivery_stream_name="archive",
            freshness_alarm_age=Duration.minutes(5),
        )


def test_producers_put_records_and_nothing_else(stack: Stack) -> None:
    delivery = DeliveryToS3(stack, "Delivery", bucket=new_bucket(stack), delivery_stream_name="archive")
    delivery.grant_put_records(iam.Role(stack, "Producer", assumed_by=iam.AccountRootPrincipal()))
    (policy,) = resources(stack, "AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["firehose:PutRecord", "firehose:PutRecordBatch"]
    assert json.dumps(statement["Resource"]).endswith(':deliverystream/archive"]]}')
    assert delivery.connection_properties() == {"aws.region": "eu-central-1", "delivery-stream": "archive"}
    assert delivery.guarantee is DeliveryGuarantee.AT_LEAST_ONCE


def test_fails_to_put_records_where_the_stream_reads_a_source(stack: Stack) -> None:
    delivery = everything(stack)
    with pytest.raises(DeliveryError, match="MSKAsSource"):
        delivery.grant_put_records(iam.AccountRootPrincipal())
    with pytest.raises(DeliveryError, match="write to that source"):
        delivery.connection_properties()


def test_an_imported_delivery_grants_and_knows_its_identity(stack: Stack) -> None:
    delivery = DeliveryToS3.from_delivery_stream_name(stack, "Delivery", "archive")
    delivery.grant_put_records(iam.Role(stack, "Producer", assumed_by=iam.AccountRootPrincipal()))
    assert delivery.connection_properties()["delivery-stream"] == "archive"
    assert not resources(stack, STREAM)
    with pytest.raises(DeliveryError, match="got 'a b'"):
        DeliveryToS3.from_delivery_stream_name(stack, "Impossible", "a b")
    later = DeliveryToS3.from_delivery_stream_name(stack, "Later", Token.as_string({"Ref": "Name"}))
    assert Token.is_unresolved(later.delivery_stream_name)


@pytest.mark.parametrize(
    ("method", "name", "statistic"),
    [
        ("metric_data_freshness", "DeliveryToS3.DataFreshness", "Maximum"),
        ("metric_success", "DeliveryToS3.Success", "Average"),
        ("metric_backup_success", "BackupToS3.Success", "Average"),
        ("metric_delivered_records", "DeliveryToS3.Records", "Sum"),
        ("metric_delivered_bytes", "DeliveryToS3.Bytes", "Sum"),
        ("metric_incoming_records", "IncomingRecords", "Sum"),
        ("metric_throttled_records", "ThrottledRecords", "Sum"),
        ("metric_failed_conversions", "FailedConversion.Records", "Sum"),
        ("metric_partition_count_exceeded", "PartitionCountExceeded", "Maximum"),
    ],
)
def test_named_metrics_have_the_services_spelling(stack: Stack, method: str, name: str, statistic: str) -> None:
    delivery: Any = DeliveryToS3.from_delivery_stream_name(stack, "Delivery", "archive")
    metric = getattr(delivery, method)()
    assert (metric.namespace, metric.metric_name, metric.statistic) == ("AWS/Firehose", name, statistic)
    assert metric.dimensions == {"DeliveryStreamName": "archive"}
    assert getattr(delivery, method)(statistic="p99").statistic == "p99"


def test_a_generated_name_gives_a_warning(stack: Stack) -> None:
    everything(stack, name=None)
    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert "leaves the old one behind" in str(warning.entry.data)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"delivery_stream_name": "a b"}, "1 to 64 letters"),
        ({"buffer_size": Size.mebibytes(129)}, "1 to 128 MiB, got 129"),
        ({"buffer_interval": Duration.minutes(16)}, "0 to 900 seconds, got 960"),
        (
            {"partitions": DeliveryPartitions.by_fields({"region": ".region"}), "buffer_size": Size.mebibytes(63)},
            "64 to 128 MiB",
        ),
        ({"error_prefix": "errors/"}, "error-output-type"),
        ({"error_prefix": "raw/!{firehose:error-output-type}/"}, "choose two folders"),
        ({"partitions": DeliveryPartitions.by_prefix("raw/!{partitionKeyFromQuery:region}/")}, "make both the same"),
    ],
)
def test_fails_on_what_firehose_would_refuse(stack: Stack, changed: dict[str, Any], message: str) -> None:
    properties = {"bucket": new_bucket(stack), "delivery_stream_name": "archive"} | changed
    with pytest.raises(DeliveryError, match=message):
        DeliveryToS3(stack, "Delivery", **properties)


def test_fails_on_a_backup_within_the_delivery_itself(stack: Stack) -> None:
    bucket = new_bucket(stack)
    with pytest.raises(DeliveryError, match="backup's prefix"):
        DeliveryToS3(
            stack,
            "Delivery",
            bucket=bucket,
            delivery_stream_name="archive",
            backup=DeliveryBackup(bucket=bucket, prefix="raw/source/"),
        )


def test_a_backup_in_another_bucket_may_have_the_same_folder(stack: Stack) -> None:
    DeliveryToS3(
        stack,
        "Delivery",
        bucket=new_bucket(stack),
        delivery_stream_name="archive",
        backup=DeliveryBackup(bucket=s3.Bucket.from_bucket_name(stack, "Other", "other"), prefix="raw/"),
    )
    assert destination(Template.from_stack(stack))["S3BackupConfiguration"]["Prefix"] == "raw/"


def test_nag_and_our_own_checks_find_nothing() -> None:
    app = App()
    everything(Stack(app, "Everything"))
    stack = Stack(app, "Defaults")
    DeliveryToS3(stack, "Delivery", bucket=new_bucket(stack))
    add_checks(app)
    app.synth()


def test_a_prefix_with_expressions_is_not_changed() -> None:
    prefix = "raw/!{partitionKeyFromQuery:region}/!{timestamp:HH}/"
    assert DeliveryPartitions.by_fields({"region": ".region"}, prefix=prefix).prefix == prefix
