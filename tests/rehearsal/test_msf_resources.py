"""CloudFormation's part for applications and logging options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.service.simulated_flink.job_behaviour import FAILS_IN_MAIN, LOOPS
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.rehearsal.providers.application_update_request import removed_blocks, typed, update_request
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.timeline import MadeBy, Note
from cdk_penstock.rehearsal.world.iam_roles import Role, named_policy
from tests.rehearsal.deployed_applications import (
    ARN,
    BUCKET,
    NAME,
    PROPERTIES,
    ROLE,
    STREAM,
    VPC,
    DeployedApplications,
    application,
    logging_option,
    trust_of_msf,
)
from tests.rehearsal.provider_bench import allow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def deployed(tmp_path: Path) -> DeployedApplications:
    return DeployedApplications(tmp_path)


def parallelism(number: object) -> dict[str, Any]:
    block = {"ConfigurationType": "CUSTOM", "Parallelism": number, "ParallelismPerKPU": 1, "AutoScalingEnabled": False}
    return {"FlinkApplicationConfiguration": {"ParallelismConfiguration": block}}


def code(key: str) -> dict[str, Any]:
    location = {"BucketARN": f"arn:aws:s3:::{BUCKET}", "FileKey": key}
    content = {"S3ContentLocation": location}
    return {"ApplicationCodeConfiguration": {"CodeContentType": "ZIPFILE", "CodeContent": content}}


def by_cloudformation(deployed: DeployedApplications) -> list[str]:
    return [each.request.action for each in deployed.calls_of(MadeBy.CLOUDFORMATION)]


# Creation


def test_a_new_application_is_ready_and_has_everything_of_the_template(deployed: DeployedApplications) -> None:
    made = deployed.deploy(
        parallelism("4"),
        Tags=[{"Key": "a", "Value": "1"}],
        ApplicationDescription="Clicks",
        ApplicationMaintenanceConfiguration={"ApplicationMaintenanceWindowStartTime": "02:00"},
        RunConfiguration={"FlinkRunConfiguration": {"AllowNonRestoredState": True}},
    ).made
    detail = deployed.detail()
    assert (made.physical_id, detail["ApplicationStatus"], detail["ApplicationVersionId"]) == (NAME, "READY", 1)
    flink = detail["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
    assert flink["ParallelismConfigurationDescription"]["Parallelism"] == 4
    window = detail["ApplicationMaintenanceConfigurationDescription"]
    assert window["ApplicationMaintenanceWindowStartTime"] == "02:00"
    assert deployed.call("ListTagsForResource", ResourceARN=ARN)["Tags"] == [{"Key": "a", "Value": "1"}]
    assert by_cloudformation(deployed) == [
        "kinesisanalytics:CreateApplication",
        "iam:PassRole",
        "kinesisanalytics:UpdateApplicationMaintenanceConfiguration",
        "kinesisanalytics:DescribeApplication",
        "kinesisanalytics:ListTagsForResource",
    ]


def test_an_application_without_a_name_has_one_of_cloudformation(deployed: DeployedApplications) -> None:
    deployed.role_of_job.trust = named_policy("trust", trust_of_msf())
    want = application()
    del want.properties["ApplicationName"]  # type: ignore[attr-defined]
    assert deployed.create(want).made.physical_id == "Clicks-Application"


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (allow(["kinesisanalytics:*"]), "not authorized to perform: iam:PassRole"),
        (allow(["iam:PassRole"]), "not authorized to perform: kinesisanalytics:CreateApplication"),
    ],
)
def test_cloudformation_needs_its_permissions(tmp_path: Path, statements: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ResourceFailedError, match=message):
        DeployedApplications(tmp_path, [statements]).deploy()


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"RuntimeEnvironment": "FLINK-9_99"}, "RuntimeEnvironment|runtime"),
        ({"ServiceExecutionRole": "no arn"}, "(?i)serviceExecutionRole"),
        (parallelism("many"), "a whole number"),
    ],
)
def test_a_wrong_property_fails_with_the_message_of_msf(
    deployed: DeployedApplications, properties: dict[str, Any], message: str
) -> None:
    is_configuration = "FlinkApplicationConfiguration" in properties
    with pytest.raises(ResourceFailedError, match=message):
        deployed.deploy(properties) if is_configuration else deployed.deploy(**properties)


# Updates


def test_an_update_of_a_ready_application_makes_one_version_and_starts_nothing(deployed: DeployedApplications) -> None:
    existing = deployed.deploy()
    assert deployed.change(existing, parallelism(3)) == existing.made
    detail = deployed.detail()
    assert (detail["ApplicationStatus"], detail["ApplicationVersionId"]) == ("READY", 2)


def test_an_update_of_a_running_application_ends_before_cloudformation_goes_on(deployed: DeployedApplications) -> None:
    existing = deployed.deploy()
    assert deployed.start() == "RUNNING"
    deployed.change(existing, code("other.zip"))
    detail = deployed.detail()
    assert (detail["ApplicationStatus"], detail["ApplicationVersionId"]) == ("RUNNING", 2)
    assert len(deployed.call("ListApplicationSnapshots", ApplicationName=NAME)["SnapshotSummaries"]) == 1


def test_nothing_is_called_for_templates_that_say_the_same(deployed: DeployedApplications) -> None:
    existing = deployed.deploy(parallelism("2"))
    deployed.change(existing, parallelism(2))
    assert deployed.detail()["ApplicationVersionId"] == 1


def test_a_run_configuration_counts_for_updates_of_a_running_application_only(deployed: DeployedApplications) -> None:
    run = {"FlinkRunConfiguration": {"AllowNonRestoredState": True}}
    existing = deployed.deploy(RunConfiguration=run)
    deployed.change(existing, parallelism(2), RunConfiguration=run)
    assert "RunConfigurationDescription" not in deployed.detail()["ApplicationConfigurationDescription"]
    deployed.start()
    deployed.change(existing, parallelism(3), RunConfiguration=run)
    described = deployed.detail()["ApplicationConfigurationDescription"]["RunConfigurationDescription"]
    assert described["FlinkRunConfigurationDescription"]["AllowNonRestoredState"] is True


@pytest.mark.parametrize("rolls_back", [True, False])
def test_an_update_that_fails_fails_the_resource(deployed: DeployedApplications, *, rolls_back: bool) -> None:
    rollback = {"ApplicationSystemRollbackConfiguration": {"RollbackEnabled": rolls_back}}
    existing = deployed.deploy(rollback)
    deployed.start()
    deployed.world.behaviours.with_code("other.zip", FAILS_IN_MAIN)
    with pytest.raises(ResourceFailedError, match="UpdateApplication of clicks failed: ValueError: no such topic"):
        deployed.change(existing, rollback | code("other.zip"))
    assert deployed.detail()["ApplicationStatus"] == ("RUNNING" if rolls_back else "READY")


def test_an_update_while_the_job_loops_is_refused(deployed: DeployedApplications) -> None:
    existing = deployed.deploy()
    deployed.start()
    deployed.world.behaviours.from_now_on(ARN, LOOPS)
    with pytest.raises(ResourceFailedError, match="InvalidApplicationConfigurationException"):
        deployed.change(existing, parallelism(2))
    assert deployed.detail()["ApplicationVersionId"] == 1


def test_another_role_is_passed_and_read_with(deployed: DeployedApplications) -> None:
    existing = deployed.deploy()
    new = Role(arn=f"{ROLE}-2", trust=named_policy("trust", trust_of_msf()))
    deployed.world.iam.add_role(new)
    deployed.change(existing, ServiceExecutionRole=new.arn)
    assert deployed.detail()["ServiceExecutionRole"] == new.arn
    with pytest.raises(ResourceFailedError, match="Please check the role provided"):
        deployed.change(existing, code("other.zip"), ServiceExecutionRole=new.arn)


def test_a_vpc_comes_changes_and_goes(deployed: DeployedApplications) -> None:
    existing = deployed.deploy()
    other = VPC | {"SubnetIds": ["subnet-2"]}

    def vpcs() -> list[Any]:
        found = deployed.detail()["ApplicationConfigurationDescription"].get("VpcConfigurationDescriptions", [])
        return [each["SubnetIds"] for each in found]

    deployed.change(existing, {"VpcConfigurations": [VPC]})
    assert vpcs() == [["subnet-1"]]
    with_vpc = application({"VpcConfigurations": [VPC]})
    provider = deployed.registry.provider_of(with_vpc.type)
    in_vpc = type(existing)(wanted=with_vpc, made=existing.made)
    provider.update(in_vpc, application({"VpcConfigurations": [other]}))
    assert vpcs() == [["subnet-2"]]
    provider.update(in_vpc, application())
    assert vpcs() == []


def test_tags_and_the_maintenance_window_make_no_version(deployed: DeployedApplications) -> None:
    existing = deployed.deploy(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}])
    window = {"ApplicationMaintenanceWindowStartTime": "05:00"}
    tags = [{"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}]
    deployed.change(existing, Tags=tags, ApplicationMaintenanceConfiguration=window)
    assert deployed.call("ListTagsForResource", ResourceARN=ARN)["Tags"] == tags
    detail = deployed.detail()
    assert detail["ApplicationVersionId"] == 1
    described = detail["ApplicationMaintenanceConfigurationDescription"]
    assert described["ApplicationMaintenanceWindowStartTime"] == "05:00"


def test_a_block_that_a_template_drops_stays_and_is_named(deployed: DeployedApplications) -> None:
    existing = deployed.deploy(parallelism(3))
    deployed.change(existing)
    notes = [each.text for each in deployed.world.timeline.entries if isinstance(each, Note)]
    assert any("clicks keeps FlinkApplicationConfiguration" in each for each in notes)
    flink = deployed.detail()["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
    assert flink["ParallelismConfigurationDescription"]["Parallelism"] == 3


# The law of the difference

BLOCKS: Mapping[str, st.SearchStrategy[Any]] = {
    "ApplicationCodeConfiguration": st.sampled_from([code(key)["ApplicationCodeConfiguration"]
                                                     for key in ("job.zip", "other.zip")]),
    "ApplicationSnapshotConfiguration": st.fixed_dictionaries({"SnapshotsEnabled": st.booleans()}),
    "ApplicationSystemRollbackConfiguration": st.fixed_dictionaries({"RollbackEnabled": st.booleans()}),
    "ApplicationEncryptionConfiguration": st.just({"KeyType": "AWS_OWNED_KEY"}),
    "EnvironmentProperties": st.lists(st.sampled_from("abc"), unique=True).map(
        lambda names: {"PropertyGroups": [{"PropertyGroupId": each, "PropertyMap": {"k": each}} for each in names]}
    ),
    "FlinkApplicationConfiguration": st.fixed_dictionaries(
        {
            "CheckpointConfiguration": st.fixed_dictionaries(
                {
                    "ConfigurationType": st.sampled_from(["CUSTOM", "DEFAULT"]),
                    "CheckpointingEnabled": st.sampled_from([True, False, "true", "false"]),
                    "CheckpointInterval": st.sampled_from([60_000, "30000"]),
                    "MinPauseBetweenCheckpoints": st.just(5_000),
                }
            ),
            "MonitoringConfiguration": st.fixed_dictionaries(
                {
                    "ConfigurationType": st.sampled_from(["CUSTOM", "DEFAULT"]),
                    "MetricsLevel": st.sampled_from(["APPLICATION", "TASK"]),
                    "LogLevel": st.sampled_from(["INFO", "WARN"]),
                }
            ),
            "ParallelismConfiguration": st.integers(1, 8).map(
                lambda number: parallelism(number)["FlinkApplicationConfiguration"]["ParallelismConfiguration"]
            ),
        }
    ),
    "VpcConfigurations": st.sampled_from([[], [VPC], [VPC | {"SubnetIds": ["subnet-2"]}]]),
}  # fmt: skip


@given(before=st.fixed_dictionaries({}, optional=BLOCKS), changed=st.fixed_dictionaries({}, optional=BLOCKS),
       runtimes=st.tuples(*[st.sampled_from(["FLINK-1_20", "FLINK-1_19"])] * 2), runs=st.booleans())  # fmt: skip
def test_an_update_leads_where_a_new_application_begins(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[str, Any],
    changed: dict[str, Any],
    runtimes: tuple[str, str],
    *,
    runs: bool,
) -> None:
    after = before | changed
    updated, fresh = (DeployedApplications(tmp_path_factory.mktemp("msf")) for _ in range(2))
    for each in (updated, fresh):
        each.role_of_job.inline["network"] = named_policy("network", allow("ec2:*"))
    existing = updated.deploy(before, RuntimeEnvironment=runtimes[0])
    if runs:
        assert updated.start() == "RUNNING"
    updated.change(existing, after, RuntimeEnvironment=runtimes[1])
    fresh.deploy(after, RuntimeEnvironment=runtimes[1])
    assert described(updated) == described(fresh)


def described(deployed: DeployedApplications) -> dict[str, Any]:
    detail = deployed.detail()
    configuration = dict(detail["ApplicationConfigurationDescription"])
    configuration.pop("RunConfigurationDescription", None)
    vpcs = configuration.pop("VpcConfigurationDescriptions", [])
    return {
        "runtime": detail["RuntimeEnvironment"],
        "role": detail["ServiceExecutionRole"],
        "configuration": configuration,
        "vpcs": [{name: value for name, value in each.items() if name != "VpcConfigurationId"} for each in vpcs],
    }


def test_the_members_of_a_request_end_with_update() -> None:
    old, new = PROPERTIES, application(code("other.zip") | parallelism("2"), RuntimeEnvironment="FLINK-1_19").properties
    request = update_request(typed(old), typed(new))
    location = {"BucketARNUpdate": f"arn:aws:s3:::{BUCKET}", "FileKeyUpdate": "other.zip"}
    assert request == {
        "RuntimeEnvironmentUpdate": "FLINK-1_19",
        "ApplicationConfigurationUpdate": {
            "ApplicationCodeConfigurationUpdate": {"CodeContentUpdate": {"S3ContentLocationUpdate": location}},
            "FlinkApplicationConfigurationUpdate": {
                "ParallelismConfigurationUpdate": {
                    "ConfigurationTypeUpdate": "CUSTOM",
                    "ParallelismUpdate": 2,
                    "ParallelismPerKPUUpdate": 1,
                    "AutoScalingEnabledUpdate": False,
                }
            },
        },
    }
    assert update_request(typed(new), typed(new)) == {}
    assert removed_blocks(typed(new), typed(old)) == ("FlinkApplicationConfiguration",)


# Deletion


@pytest.mark.parametrize("runs", [True, False])
def test_a_deletion_stops_nothing_first_and_waits_until_the_application_is_gone(
    deployed: DeployedApplications, *, runs: bool
) -> None:
    existing = deployed.deploy()
    if runs:
        deployed.start()
    deployed.delete(existing)
    with pytest.raises(RefusedCallError, match="not found"):
        deployed.detail()
    assert "kinesisanalytics:StopApplication" not in by_cloudformation(deployed)
    deployed.delete(existing)


# Logging options


def test_a_logging_option_is_another_version_each_time(deployed: DeployedApplications) -> None:
    deployed.deploy()
    option = deployed.create(logging_option())

    def streams() -> list[str]:
        return [each["LogStreamARN"] for each in deployed.detail().get("CloudWatchLoggingOptionDescriptions", [])]

    assert (streams(), deployed.detail()["ApplicationVersionId"]) == ([STREAM], 2)
    assert deployed.update(option, logging_option(f"{STREAM}-2")) == option.made
    assert (streams(), deployed.detail()["ApplicationVersionId"]) == ([f"{STREAM}-2"], 3)
    deployed.delete(option)
    assert (streams(), deployed.detail()["ApplicationVersionId"]) == ([], 4)
    deployed.delete(option)
    assert deployed.detail()["ApplicationVersionId"] == 4


def test_a_logging_option_goes_with_its_application(deployed: DeployedApplications) -> None:
    existing = deployed.deploy()
    option = deployed.create(logging_option())
    deployed.delete(existing)
    deployed.delete(option)


def test_a_logging_option_moves_to_another_application(deployed: DeployedApplications) -> None:
    deployed.deploy()
    option = deployed.create(logging_option())
    deployed.role_of_job.trust = named_policy("trust", trust_of_msf())
    deployed.deploy(ApplicationName="visits")
    assert deployed.update(option, logging_option(name="visits")).physical_id != option.made.physical_id


def test_an_update_of_a_running_application_that_stays_in_progress_is_given_up(deployed: DeployedApplications) -> None:
    existing = deployed.deploy()
    deployed.start()
    deployed.world.clock.on_tick = lambda: None
    deployed.world.msf_answers.carry_on = lambda: None  # type: ignore[method-assign]
    with pytest.raises(ResourceFailedError, match="clicks is still UPDATING after 3600 s"):
        deployed.change(existing, parallelism(2))
