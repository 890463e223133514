"""Imports from S3 and exports to it: a savepoint that goes out can come back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.service.object_store import ObjectStore
from cdk_penstock.local.service.snapshot_files import SnapshotFiles
from cdk_penstock.model.lifecycle.refusals import RefusalCode
from tests.local.service.in_process_msf import ACCOUNT, BUCKET, REGION, ROLE, SCOPE, InProcessMsf, in_process_msf

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
KEYS = [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{number}1111111-2222-3333-4444-555555555555" for number in (1, 2)]
OPERATOR_ROLE = f"arn:aws:iam::{ACCOUNT}:role/transfer"


@pytest.fixture
def msf(tmp_path: Path) -> Iterator[InProcessMsf]:
    yield from in_process_msf(tmp_path)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[InProcessMsf]:
    """Return a service whose operations last a minute."""
    yield from in_process_msf(tmp_path, transition_seconds=60)


def own(key: str | None) -> dict[str, str]:
    return {"KeyType": "AWS_OWNED_KEY"} if key is None else {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": key}


def importing(name: str, prefix: str, *, bucket: str = BUCKET_ARN, source: str | None = None,
              destination: str | None = None) -> dict[str, Any]:  # fmt: skip
    return {
        "SnapshotName": name,
        "ImportSourceConfiguration": {
            "SourceType": "S3",
            "ImportRoleArn": OPERATOR_ROLE,
            "SourceS3PrefixLocation": {"BucketARN": bucket, "KeyPrefix": prefix},
            "SourceEncryptionConfiguration": own(source),
        },
        "DestinationEncryptionConfiguration": own(destination),
    }


def exporting(name: str, prefix: str, *, bucket: str = BUCKET_ARN, destination: str | None = None) -> dict[str, Any]:
    return {
        "SnapshotName": name,
        "ExportDestinationConfiguration": {
            "DestinationType": "S3",
            "ExportRoleArn": OPERATOR_ROLE,
            "DestinationS3PrefixLocation": {"BucketARN": bucket, "KeyPrefix": prefix},
            "DestinationEncryptionConfiguration": own(destination),
        },
    }


def put_savepoint(msf: InProcessMsf, prefix: str = "flink/savepoint-1/") -> str:
    """Put a savepoint into the bucket, as a cluster that somebody runs would, and return its prefix."""
    msf.put(BUCKET, f"{prefix}_metadata", b"metadata")
    msf.put(BUCKET, f"{prefix}tasks/state-1", b"state")
    return prefix


def status(msf: InProcessMsf, name: str) -> str:
    return str(msf.call("DescribeSnapshot", SnapshotName=name)["SnapshotInfoDetails"]["SnapshotStatus"])


def operation(msf: InProcessMsf, name: str, begun: dict[str, Any]) -> dict[str, Any]:
    answer = msf.call("DescribeSnapshotOperation", SnapshotName=name, SnapshotOperationId=begun["SnapshotOperationId"])
    return dict(answer["SnapshotOperationInfoDetails"])


def error(msf: InProcessMsf, name: str, begun: dict[str, Any]) -> dict[str, Any]:
    return dict(operation(msf, name, begun)["SnapshotOperationFailureDetails"]["ErrorInfo"])


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_savepoint_in_s3_becomes_a_snapshot_that_starts_an_application(msf: InProcessMsf, ending: str) -> None:
    prefix = put_savepoint(msf).removesuffix("/") + ending
    put_savepoint(msf, "flink/savepoint-10/")
    begun = msf.call(
        "ImportSnapshot",
        **importing("one", prefix, source=KEYS[0], destination=KEYS[1]),
        SnapshotDescription="from our cluster",
        Tags=[{"Key": "from", "Value": "cluster"}],
    )
    assert (begun["SnapshotStatus"], begun["SnapshotOperationStatus"]) == ("CREATING", "IN_PROGRESS")
    msf.settle()
    detail = msf.call("DescribeSnapshot", SnapshotName="one")["SnapshotInfoDetails"]
    assert detail.pop("SnapshotCreationTimestamp")
    assert detail == {
        "SnapshotName": "one",
        "SnapshotArn": f"{SCOPE}:snapshot/one",
        "SnapshotDescription": "from our cluster",
        "SnapshotStatus": "READY",
        "SnapshotSizeInBytes": len(b"metadata" + b"state"),
        "SnapshotEncryptionConfigurationDescription": own(KEYS[1]),
        "SnapshotInitiator": "USER",
        "SnapshotInitiatorOperation": "ImportSnapshot",
        "SnapshotSourceDescription": {"S3PrefixLocation": {"BucketARN": BUCKET_ARN, "KeyPrefix": prefix}},
        "SnapshotFormat": "CANONICAL",
    }
    ended = operation(msf, "one", begun)
    assert ended["SnapshotOperationStatus"] == "SUCCESSFUL"
    assert ended["SourceEncryptionConfigurationDescription"] == own(KEYS[0])
    assert ended["DestinationEncryptionConfigurationDescription"] == own(KEYS[1])
    assert ended["SnapshotSourceLocationDescription"]["S3PrefixLocation"]["KeyPrefix"] == prefix
    assert "SnapshotDestinationLocationDescription" not in ended
    msf.create(enhanced=True)
    msf.start(ApplicationRestoreType="RESTORE_FROM_CUSTOM_SNAPSHOT", SnapshotArn=detail["SnapshotArn"])
    folder = Path(urlsplit(msf.driver.launches[-1][1].savepoint or "").path)
    assert (folder / "tasks" / "state-1").read_bytes() == b"state"


def test_an_export_can_be_imported_again(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    msf.call("CreateSnapshot", ApplicationName="app", SnapshotName="one")
    msf.settle()
    begun = msf.call("ExportSnapshot", **exporting("one", "backup/", destination=KEYS[0]))
    assert "SnapshotDestinationLocationDescription" not in operation(msf, "one", begun)
    msf.settle()
    ended = operation(msf, "one", begun)
    assert ended["SnapshotOperationStatus"] == "SUCCESSFUL"
    assert ended["DestinationEncryptionConfigurationDescription"] == own(KEYS[0])
    place = ended["SnapshotDestinationLocationDescription"]["S3PrefixLocation"]
    assert place["KeyPrefix"] == "backup/"
    assert place["ExportedPrefix"].startswith(f"backup/{begun['SnapshotOperationId']}")
    (key,) = msf.objects.keys(BUCKET, prefix="backup/")
    assert key == f"{place['ExportedPrefix']}_metadata"
    msf.call("ImportSnapshot", **importing("two", place["ExportedPrefix"]))
    msf.settle()
    sizes = {
        msf.call("DescribeSnapshot", SnapshotName=name)["SnapshotInfoDetails"]["SnapshotSizeInBytes"]
        for name in ("one", "two")
    }
    assert len(sizes) == 1


@pytest.mark.parametrize(
    ("bucket", "prefix", "message"),
    [
        (BUCKET_ARN, "nothing/", "is not a savepoint: expected an object _metadata below the prefix"),
        (BUCKET_ARN, "flink/savepoint", "is not a savepoint"),
        ("arn:aws:s3:::other-bucket", "flink/savepoint-1", "there is no bucket"),
    ],
)
def test_an_import_of_no_savepoint_fails_with_the_reason(
    msf: InProcessMsf, bucket: str, prefix: str, message: str
) -> None:
    put_savepoint(msf)
    begun = msf.call("ImportSnapshot", **importing("one", prefix, bucket=bucket))
    msf.settle()
    assert status(msf, "one") == "FAILED"
    failure = error(msf, "one", begun)
    assert failure["ErrorCode"] == "InvalidSource"
    assert message in failure["ErrorString"]
    assert msf.refusal("ImportSnapshot", **importing("one", "flink/savepoint-1/")) is RefusalCode.RESOURCE_IN_USE
    assert not list((msf.folder / "imports").glob("*"))


def test_an_export_into_no_bucket_fails_and_leaves_the_snapshot(msf: InProcessMsf) -> None:
    msf.call("ImportSnapshot", **importing("one", put_savepoint(msf)))
    msf.settle()
    begun = msf.call("ExportSnapshot", **exporting("one", "backup/", bucket="arn:aws:s3:::other-bucket"))
    msf.settle()
    assert "there is no bucket" in error(msf, "one", begun)["ErrorString"]
    assert status(msf, "one") == "READY"


@pytest.mark.parametrize(
    "parameters",
    [
        importing("one", "x", bucket="arn:aws:s3:eu-west-1::bucket"),
        importing("SystemSnapshot-1", "x"),
        importing("one", "x", source="alias/a"),
        importing("one", "x", destination="11111111-2222-3333-4444-555555555555"),
        importing("one", "x", destination=KEYS[0].replace(ACCOUNT, "999999999999")),
        importing("one", "x") | {"DestinationEncryptionConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY"}},
        importing("one", "x") | {"DestinationEncryptionConfiguration": {"KeyType": "AWS_OWNED_KEY", "KeyId": KEYS[0]}},
    ],
)
def test_an_import_refuses_what_is_not_valid(msf: InProcessMsf, parameters: dict[str, Any]) -> None:
    assert msf.refusal("ImportSnapshot", **parameters) is RefusalCode.INVALID_ARGUMENT
    assert msf.call("ListSnapshots")["SnapshotInfoList"] == []


def test_the_role_is_passed_and_the_snapshot_is_the_resource(msf: InProcessMsf) -> None:
    msf.call("ImportSnapshot", **importing("one", put_savepoint(msf)))
    msf.settle()
    for call, parameters in (("ImportSnapshot", importing("two", "x")), ("ExportSnapshot", exporting("one", "x/"))):
        for denied in (
            ("iam:PassRole", OPERATOR_ROLE),
            (f"kinesisanalytics:{call}", f"{SCOPE}:snapshot/{parameters['SnapshotName']}"),
        ):
            msf.policies.denied = {denied}
            assert msf.refusal(call, **parameters) is RefusalCode.ACCESS_DENIED, denied
    msf.policies.denied = {("iam:PassRole", ROLE)}
    msf.call("ImportSnapshot", **importing("two", "x"))


def test_a_disabled_key_is_refused_and_one_that_is_disabled_later_fails_the_operation(msf: InProcessMsf) -> None:
    prefix = put_savepoint(msf)
    msf.policies.disabled_keys = {KEYS[0]}
    for parameters in (importing("one", prefix, source=KEYS[0]), importing("one", prefix, destination=KEYS[0])):
        assert msf.refusal("ImportSnapshot", **parameters) is RefusalCode.INVALID_ARGUMENT
    begun = msf.call("ImportSnapshot", **importing("one", prefix, source=KEYS[1]))
    msf.policies.disabled_keys = {KEYS[1]}
    msf.settle()
    assert error(msf, "one", begun) == {
        "ErrorCode": "KMSInvalidStateException",
        "ErrorString": f"key {KEYS[1]} is not enabled",
    }


def test_an_export_needs_the_key_of_its_snapshot(msf: InProcessMsf) -> None:
    msf.call("ImportSnapshot", **importing("one", put_savepoint(msf), destination=KEYS[0]))
    msf.settle()
    msf.policies.disabled_keys = {KEYS[0]}
    assert msf.refusal("ExportSnapshot", **exporting("one", "backup/")) is RefusalCode.INVALID_ARGUMENT
    assert msf.objects.keys(BUCKET, prefix="backup/") == []


def test_a_snapshot_is_exported_when_it_is_ready_and_once_at_a_time(slow: InProcessMsf) -> None:
    slow.call("ImportSnapshot", **importing("one", put_savepoint(slow)))
    slow.settle()
    assert status(slow, "one") == "CREATING"
    assert slow.refusal("ExportSnapshot", **exporting("one", "a/")) is RefusalCode.RESOURCE_IN_USE
    assert slow.refusal("ExportSnapshot", **exporting("two", "a/")) is RefusalCode.RESOURCE_NOT_FOUND
    slow.clock.advance(60)
    slow.settle()
    slow.call("ExportSnapshot", **exporting("one", "a/"))
    assert slow.refusal("ExportSnapshot", **exporting("one", "b/")) is RefusalCode.LIMIT_EXCEEDED
    slow.clock.advance(60)
    slow.settle()
    slow.call("ExportSnapshot", **exporting("one", "b/"))


def test_a_deletion_waits_for_the_export_of_the_snapshot(slow: InProcessMsf) -> None:
    slow.call("ImportSnapshot", **importing("one", put_savepoint(slow)))
    slow.clock.advance(60)
    slow.settle()
    created = slow.call("DescribeSnapshot", SnapshotName="one")["SnapshotInfoDetails"]["SnapshotCreationTimestamp"]
    deletion = slow.call("DeleteSnapshot", SnapshotName="one", SnapshotCreationTimestamp=created)
    assert slow.refusal("ExportSnapshot", **exporting("one", "a/")) is RefusalCode.RESOURCE_IN_USE
    slow.clock.advance(60)
    slow.settle()
    assert operation(slow, "one", deletion)["SnapshotOperationStatus"] == "SUCCESSFUL"
    # Now the export comes first.
    slow.call("ImportSnapshot", **importing("one", "flink/savepoint-1"))
    slow.clock.advance(60)
    slow.settle()
    created = slow.call("DescribeSnapshot", SnapshotName="one")["SnapshotInfoDetails"]["SnapshotCreationTimestamp"]
    export = slow.call("ExportSnapshot", **exporting("one", "a/"))
    deletion = slow.call("DeleteSnapshot", SnapshotName="one", SnapshotCreationTimestamp=created)
    assert status(slow, "one") == "DELETING"
    slow.restart()
    slow.clock.advance(60)
    slow.settle()
    assert operation(slow, "one", export)["SnapshotOperationStatus"] == "SUCCESSFUL"
    ends = [operation(slow, "one", each)["EndTime"] for each in (export, deletion)]
    assert ends == sorted(ends)
    assert slow.refusal("DescribeSnapshot", SnapshotName="one") is RefusalCode.RESOURCE_NOT_FOUND
    assert len(slow.objects.keys(BUCKET, prefix="a/")) == 2


def test_tags_that_come_during_an_import_stay(slow: InProcessMsf) -> None:
    arn = slow.call("ImportSnapshot", **importing("one", put_savepoint(slow)))["SnapshotArn"]
    slow.call("TagResource", ResourceARN=arn, Tags=[{"Key": "late", "Value": "1"}])
    slow.clock.advance(60)
    slow.settle()
    assert status(slow, "one") == "READY"
    assert slow.call("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "late", "Value": "1"}]


def test_a_prefix_that_could_not_be_described_is_refused(msf: InProcessMsf) -> None:
    msf.call("ImportSnapshot", **importing("one", put_savepoint(msf)))
    msf.settle()
    assert msf.refusal("ExportSnapshot", **exporting("one", "x" * 200)) is RefusalCode.INVALID_ARGUMENT
    msf.call("ExportSnapshot", **exporting("one", "x" * 167))
    msf.settle()


def test_a_service_without_s3_refuses_both(msf: InProcessMsf) -> None:
    msf.call("ImportSnapshot", **importing("one", put_savepoint(msf)))
    msf.settle()
    msf.msf.snapshot_files = None
    assert msf.refusal("ImportSnapshot", **importing("two", "x")) is RefusalCode.UNSUPPORTED_OPERATION
    assert msf.refusal("ExportSnapshot", **exporting("one", "x/")) is RefusalCode.UNSUPPORTED_OPERATION


NAMES = st.text("abc-._", min_size=1, max_size=5).filter(lambda name: name not in {".", ".."})
FILES = st.dictionaries(NAMES.map(lambda name: f"f{name}"), st.binary(max_size=50), max_size=4)


@given(files=FILES, folder=NAMES)
def test_an_export_and_an_import_give_back_every_file(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], folder: str
) -> None:
    root = tmp_path_factory.mktemp("law")
    savepoint = root / "savepoint"
    (savepoint / folder).mkdir(parents=True)
    (savepoint / "_metadata").write_bytes(b"m")
    for name, content in files.items():
        (savepoint / folder / name).write_bytes(content)
    objects = ObjectStore(root / "buckets")
    objects.create_bucket(BUCKET)
    copies = SnapshotFiles(root / "imports", objects)
    copies.export(savepoint, BUCKET, "out/")
    for _ in range(2):  # a repetition after an interruption
        copied, size = copies.fetch(BUCKET, "out/", name="one")
    found = {file.relative_to(copied).as_posix(): file.read_bytes() for file in copied.rglob("*") if file.is_file()}
    assert found == {"_metadata": b"m"} | {f"{folder}/{name}": content for name, content in files.items()}
    assert size == sum(map(len, found.values()))
