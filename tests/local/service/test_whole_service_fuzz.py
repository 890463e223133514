"""Any valid request of any operation, in any status: answered or refused, and a refusal changes nothing."""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from cdk_penstock.local.service.operations.registry import SQL_ONLY_OPERATIONS
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from tests.local.service.in_process_msf import ACCOUNT, BUCKET, REGION, ROLE, SCOPE, InProcessMsf
from tests.local.service.model_values import MODEL, valid_request

if TYPE_CHECKING:
    from collections.abc import Mapping

# The operations for SQL applications are refused at once: one of them stands for all.
OPERATIONS = ("DiscoverInputSchema", *sorted(set(MODEL.operation_names) - SQL_ONLY_OPERATIONS))
SQL_MEMBERS = {"SqlApplicationConfiguration", "SqlApplicationConfigurationUpdate", "SqlRunConfigurations"}
STUDIO_MEMBERS = {"ZeppelinApplicationConfiguration", "ZeppelinApplicationConfigurationUpdate"}
APPLICATIONS = ("ready", "starting", "running", "updated", "updating", "stopping", "stopped")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
# The clock begins here, and each reading takes a millisecond.
CREATED_AT = [datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC) for second in range(2)]
# Values that a service with these applications knows, so that requests get further than to a name that is not there.
KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "ApplicationName": st.sampled_from((*APPLICATIONS, "updated", "new")),
    "SourceApplicationName": st.sampled_from(APPLICATIONS),
    "SnapshotName": st.sampled_from(("one", "two", "imported")),
    "SnapshotArn": st.sampled_from((f"{SCOPE}:snapshot/one", f"{SCOPE}:snapshot/none")),
    "ResourceARN": st.sampled_from((f"{SCOPE}:application/running", f"{SCOPE}:snapshot/one")),
    "CurrentApplicationVersionId": st.sampled_from((2, 2, 1)),
    "ApplicationVersionId": st.integers(1, 3),
    "RuntimeEnvironment": st.sampled_from(("FLINK-1_20", "FLINK-1_19", "FLINK-2_2", "SQL-1_0")),
    "RuntimeEnvironmentUpdate": st.sampled_from(("FLINK-1_20", "FLINK-1_19", "FLINK-2_2")),
    "ServiceExecutionRole": st.just(ROLE),
    "BucketARN": st.just(f"arn:aws:s3:::{BUCKET}"),
    "BucketARNUpdate": st.just(f"arn:aws:s3:::{BUCKET}"),
    "ImportRoleArn": st.just(ROLE),
    "ExportRoleArn": st.just(ROLE),
    "KeyPrefix": st.sampled_from(("", "exported", "../out")),
    "FileKey": st.sampled_from(("job.zip", "missing.zip")),
    "FileKeyUpdate": st.sampled_from(("job.zip", "missing.zip")),
    "KeyId": st.sampled_from((KEY, "alias/none")),
    "KeyIdUpdate": st.sampled_from((KEY, "alias/none")),
    "Parallelism": st.integers(1, 80),
    "ParallelismUpdate": st.integers(1, 80),
    "ParallelismPerKPU": st.integers(1, 10),
    "ParallelismPerKPUUpdate": st.integers(1, 10),
    "CreateTimestamp": st.sampled_from(CREATED_AT),
    "SnapshotCreationTimestamp": st.sampled_from(CREATED_AT),
    "ApplicationMode": st.just("STREAMING"),
    "CloudWatchLoggingOptionId": st.just("1.1"),
    "VpcConfigurationId": st.just("1.1"),
    "Limit": st.integers(1, 50),
}
MOSTLY = st.integers(0, 9).map(bool)


def known(shape: Any, value: Any, data: st.DataObject) -> Any:
    """Return a request that is mostly for what the service has, with fewer members: one wrong one refuses it."""
    if shape.type_name == "list":
        return [known(shape.member, each, data) for each in value]
    if shape.type_name != "structure":
        return value
    kept = {name for name in value if name in shape.required_members or data.draw(st.booleans())}
    return {
        name: data.draw(KNOWN[name]) if name in KNOWN and data.draw(MOSTLY) else known(shape.members[name], each, data)
        for name, each in value.items()
        if name in kept and (name not in SQL_MEMBERS | STUDIO_MEMBERS or not data.draw(MOSTLY))
    }


def service(folder: Path) -> InProcessMsf:
    """Return a service with an application in each of several statuses, and snapshots of both kinds."""
    local = InProcessMsf(folder)
    local.create(
        "ready",
        VpcConfigurations=[{"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}],
        ApplicationEncryptionConfiguration={"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": KEY},
    )
    local.run("running", enhanced=True)
    local.call("CreateSnapshot", ApplicationName="running", SnapshotName="one")
    for name in ("updated", "updating", "stopping", "stopped"):
        local.run(name)
        local.update(name)
        local.settle()
    local.call("StopApplication", ApplicationName="stopped")
    local.settle()
    local.create("starting")
    local.call("StartApplication", ApplicationName="starting")
    local.update("updating")
    local.call("StopApplication", ApplicationName="stopping")
    return local


def records(local: InProcessMsf) -> list[str]:
    """Return all records, to compare them."""
    return list(local.msf.store._database.iterdump())


def call(local: InProcessMsf, operation: str, request: Mapping[str, Any]) -> str:
    """Call an operation, and return the code of its refusal, or nothing; its answer must be one that the API allows."""
    before = records(local)
    try:
        local.call(operation, **request)
    except RefusedCallError as refused:
        assert records(local) == before
        return refused.code
    assert records(local) == before or not operation.startswith(("Describe", "List"))
    return ""


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_valid_requests_are_answered_or_refused(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(service(Path(folder))) as local:
        for operation in data.draw(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=6)):
            shape = MODEL.operation_model(operation).input_shape
            request = known(shape, data.draw(valid_request(shape)), data)
            event(f"{operation}: {call(local, operation, request) or 'accepted'}")
            if data.draw(st.booleans()):
                local.step()
        local.settle()
