from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match, Template
from PIL import Image
from typer.testing import CliRunner

from app import ENVIRONMENTS, build_app
from cdk_penstock.application import ApplicationCode
from cdk_penstock.cli.app import app as penstock
from cdk_penstock.review.assembly import read_assembly
from cdk_penstock.review.dependencies import arrows_of, path_between
from cdk_penstock.review.encryption import review_encryption
from cdk_penstock.review.wildcard_reasons import wildcards_of
from stacks.environment import Environment
from stacks.environment.files import load_environments
from stacks.penstock_stage import ALARMS_UNHEARD_WARNING, PenstockStage
from tests.stacks.conftest import ROOT
from tests.validated import run_validated
from tools.dashboard_pictures import FINGERPRINT, dashboards, fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk.cx_api import CloudAssembly

NAMES = [environment.name for environment in load_environments(ENVIRONMENTS)]
APPLICATION = "AWS::KinesisAnalyticsV2::Application"
START = "Custom::PenstockApplicationStart"
SLOW = {"fleet": {"events.per.second": "1000"}}
RESTARTING = {"restartingTime", "cancellingTime", "failingTime"}
STACKS = ["Network", "Ingestion", "Presentation", "Processing"]


@pytest.fixture(scope="module")
def assembly(cdk_context: dict[str, Any], job_zip: Path) -> CloudAssembly:
    """Return all environments, synthesized with every check but the CDK's own."""
    return build_app(App(context={**cdk_context, "package": str(job_zip)})).synth()


def templates(assembly: CloudAssembly, name: str) -> dict[str, dict[str, Any]]:
    """Return the templates of an environment by the name of their stack."""
    stage = assembly.get_nested_assembly(f"assembly-{name.capitalize()}")
    return {stack.stack_name.partition("-")[2]: stack.template for stack in stage.stacks}


def template(assembly: CloudAssembly, name: str) -> dict[str, Any]:
    return templates(assembly, name)["Processing"]


def only(body: Mapping[str, Any], resource_type: str, starts: str = "VehicleMetrics") -> dict[str, Any]:
    """Return the one resource of a type whose logical id begins so."""
    (resource,) = [
        each
        for logical_id, each in body["Resources"].items()
        if each["Type"] == resource_type and logical_id.startswith(starts)
    ]
    return dict(resource)


def test_every_environment_passes_the_checks(assembly: CloudAssembly) -> None:
    assert {stage.display_name for stage in assembly.nested_assemblies} == {"Dev", "Prod", "Staging"}


@pytest.mark.parametrize("name", NAMES)
def test_an_environments_stacks_are_deployed_in_order(assembly: CloudAssembly, name: str) -> None:
    stage = assembly.get_nested_assembly(f"assembly-{name.capitalize()}")
    depends = {s.stack_name.partition("-")[2]: {str(d.id) for d in s.dependencies} for s in stage.stacks}
    assert set(depends) == set(STACKS)
    assert any("Network" in each for each in depends["Ingestion"])
    assert any("Presentation" in each for each in depends["Ingestion"])  # a refusal comes before MSK takes its time
    for earlier in STACKS[:-1]:
        assert any(earlier in each for each in depends["Processing"])


@pytest.mark.parametrize("name", NAMES)
def test_stacks_are_protected_from_deletion_where_data_is_sensitive(assembly: CloudAssembly, name: str) -> None:
    (environment,) = load_environments(ENVIRONMENTS, only=name)
    stacks = assembly.get_nested_assembly(f"assembly-{name.capitalize()}").stacks
    assert {bool(stack.termination_protection) for stack in stacks} == {environment.sensitive_data}


@pytest.mark.parametrize("name", NAMES)
def test_an_environments_values_reach_its_templates(assembly: CloudAssembly, name: str) -> None:
    (environment,) = load_environments(ENVIRONMENTS, only=name)
    body = template(assembly, name)
    application = only(body, APPLICATION)
    flink = application["Properties"]["ApplicationConfiguration"]["FlinkApplicationConfiguration"]
    assert application["Properties"]["ApplicationName"] == environment.application.name
    parallelism = flink["ParallelismConfiguration"]["Parallelism"]
    if environment.application.auto_scaling:
        # A deployment waits until MSF scales no more, and keeps what it finds.
        kept = only(body, "Custom::PenstockKeptParallelism")["Properties"]
        assert parallelism["Fn::GetAtt"][1] == "Parallelism"
        parallelism = int(kept["Parallelism"])
    assert parallelism == environment.application.parallelism
    assert application["DeletionPolicy"] == ("RetainExceptOnCreate" if environment.retain_data else "Delete")
    assert only(body, "AWS::Logs::LogGroup", "VehicleMetricsLog")["Properties"]["RetentionInDays"] == (
        environment.application.log_retention_days
    )
    assert {"Key": "penstock:environment", "Value": name} in application["Properties"]["Tags"]
    topic = only(templates(assembly, name)["Ingestion"], "AWS::MSK::Topic", "Events")["Properties"]
    assert (topic["TopicName"], topic["PartitionCount"]) == ("vehicle-events", environment.events.partitions)
    metrics = only(templates(assembly, name)["Presentation"], "AWS::APS::Workspace", "Metrics")["Properties"]
    assert metrics["Alias"] == environment.metrics.workspace_name


@pytest.mark.parametrize("name", NAMES)
def test_the_jobs_find_each_other_and_their_metrics(assembly: CloudAssembly, name: str) -> None:
    body = template(assembly, name)
    groups = {}
    for job in ("VehicleMetrics", "VehicleGenerator"):
        properties = only(body, APPLICATION, job)["Properties"]["ApplicationConfiguration"]["EnvironmentProperties"]
        groups[job] = {group["PropertyGroupId"]: group["PropertyMap"] for group in properties["PropertyGroups"]}
    reads, writes = groups["VehicleMetrics"]["input.events"], groups["VehicleGenerator"]["output.events"]
    assert reads["topic"] == writes["topic"]
    assert reads["consumer.group"] == "vehicle-metrics"
    assert reads["bootstrap.servers"] == writes["bootstrap.servers"]
    assert {"remote.write.url", "region"} <= set(groups["VehicleMetrics"]["output.prometheus"])
    assert groups["VehicleMetrics"]["output.dead.letters"]["topic"] != reads["topic"]


@pytest.mark.parametrize("name", NAMES)
def test_a_job_starts_only_when_it_gets_through_the_network(assembly: CloudAssembly, name: str) -> None:
    resources = template(assembly, name)["Resources"]
    arrows = arrows_of(resources)
    rules = [each for each, body in resources.items() if body["Type"] == "AWS::EC2::SecurityGroupIngress"]
    starts = [each for each, body in resources.items() if body["Type"] == START]
    assert len(rules) == len(starts) == 2
    for start in starts:
        assert any(path_between(arrows, start, rule) for rule in rules)


@pytest.mark.parametrize("name", NAMES)
def test_every_wildcard_has_its_reason_in_the_template(assembly: CloudAssembly, name: str) -> None:
    found = wildcards_of(read_assembly(Path(assembly.directory), environment=name))
    assert found
    assert all(wildcard.reason for wildcard in found)
    for body in templates(assembly, name).values():
        for resource in body["Resources"].values():
            rules = resource.get("Metadata", {}).get("cdk_nag", {}).get("rules_to_suppress", [])
            assert all(rule["reason"] for rule in rules)


def test_the_number_of_wildcards_is_printed(assembly: CloudAssembly) -> None:
    asked = ["review", "--wildcards", "--assembly", assembly.directory, "--environment", "prod"]
    shown = CliRunner().invoke(penstock, asked)
    assert shown.exit_code == 0, shown.output
    number = len(wildcards_of(read_assembly(Path(assembly.directory), environment="prod")))
    assert f"{number} wildcards, none without a reason" in shown.output


def test_production_and_staging_keep_their_data(assembly: CloudAssembly) -> None:
    for name in ("prod", "staging"):
        kept = {
            "Processing": (APPLICATION, "VehicleMetrics"),
            "Ingestion": ("AWS::MSK::Cluster", "Kafka"),
            "Presentation": ("AWS::APS::Workspace", "Metrics"),
        }
        for stack, (kind, starts) in kept.items():
            resource = only(templates(assembly, name)[stack], kind, starts)
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize("name", NAMES)
def test_the_subnets_stay_if_a_cluster_stays_in_them(assembly: CloudAssembly, name: str) -> None:
    stacks = templates(assembly, name)
    cluster = only(stacks["Ingestion"], "AWS::MSK::Cluster", "Kafka")["DeletionPolicy"]
    network = stacks["Network"]["Resources"].values()
    kinds = {"AWS::EC2::VPC", "AWS::EC2::Subnet"}
    assert {each["DeletionPolicy"] for each in network if each["Type"] in kinds} == {cluster}


@pytest.mark.parametrize("name", ["prod", "staging"])
def test_production_and_staging_put_their_state_under_keys_of_their_own(assembly: CloudAssembly, name: str) -> None:
    body = template(assembly, name)
    key = only(body, "AWS::KMS::Key", "VehicleMetricsKey1")
    assert key["DeletionPolicy"] == "Retain"
    assert key["Properties"]["KeyPolicy"]["Id"] == "penstock-application-key-policy"
    update = only(body, "Custom::PenstockApplicationKey")
    assert update["Properties"]["ApplicationName"] == f"vehicle-metrics-{name}"
    assert {"VehicleMetricsKeyArn", "VehicleMetricsOperatorRoleArn"} <= set(body["Outputs"])


@pytest.mark.parametrize("name", NAMES)
def test_every_environment_with_keys_of_its_own_passes_the_review(assembly: CloudAssembly, name: str) -> None:
    (environment,) = load_environments(ENVIRONMENTS, only=name)
    reviews = review_encryption(read_assembly(Path(assembly.directory), environment=name))
    assert len(reviews) == (0 if environment.encryption is None else len(environment.applications))
    for review in reviews:
        assert review.problems == () or review.is_for_development
        denied = {row.who for row in review.access if not row.allowed}
        assert {"execution role", "account administrator"} <= denied


def test_one_environment_can_be_synthesized_alone(cdk_context: dict[str, Any], job_zip: Path) -> None:
    app = build_app(App(context={**cdk_context, "package": str(job_zip), "env": "dev"}))
    assert [stage.display_name for stage in app.synth().nested_assemblies] == ["Dev"]


def test_an_unknown_environment_is_one_message_and_exit_code_1(job_zip: Path) -> None:
    context = json.dumps({"env": "qa", "package": str(job_zip)})
    result = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "CDK_CONTEXT_JSON": context},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: there is no environment 'qa'")
    assert "Traceback" not in result.stderr


def environment(**values: Any) -> Environment:
    application = {"name": "clicks", "code": {"folder": "flink_app/vehicle_metrics"}, **values.pop("application", {})}
    places = {"events": {"cluster_name": "clicks"}, "metrics": {"workspace_name": "clicks"}}
    return Environment.model_validate({"name": "test", "application": application, **places, **values})


def staged(settings: Environment, job_zip: Path | None = None) -> PenstockStage:
    return PenstockStage(App(context={"package": str(job_zip)} if job_zip else {}), environment=settings)


def test_code_may_be_a_bucket_and_a_key() -> None:
    code = {"bucket": "code", "object_key": "job.zip", "object_version": "v1", "entry_point": "generator.py"}
    stage = staged(environment(application={"code": code}))
    application = only(Template.from_stack(stage.processing).to_json(), APPLICATION)
    configuration = application["Properties"]["ApplicationConfiguration"]
    location = configuration["ApplicationCodeConfiguration"]["CodeContent"]["S3ContentLocation"]
    assert (location["FileKey"], location["ObjectVersion"]) == ("job.zip", "v1")
    groups = configuration["EnvironmentProperties"]["PropertyGroups"]
    (options,) = [group["PropertyMap"] for group in groups if "run.options" in group["PropertyGroupId"]]
    assert options["python"] == "generator.py"


def test_code_may_be_a_package_in_the_repository(job_zip: Path) -> None:
    stage = staged(environment(application={"code": {"package": str(job_zip)}}))
    Template.from_stack(stage.processing).resource_count_is(APPLICATION, 1)


def test_a_package_is_for_the_jobs_of_its_workload(job_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []

    def build(folder: Path, **_: Any) -> ApplicationCode:
        built.append(folder)
        return ApplicationCode.from_asset(job_zip)

    monkeypatch.setattr(ApplicationCode, "from_pyflink_folder", build)
    settings = environment(application={"code": {}})
    for workload in (None, "vehicle_metrics", "taxi"):
        context = {"package": str(job_zip), **({"workload": workload} if workload else {})}
        PenstockStage(App(context=context), environment=settings)
    assert built == [ROOT / "flink_app" / "vehicle_metrics"]


def test_an_existing_vpc_is_looked_up_in_its_account(job_zip: Path) -> None:
    settings = environment(
        account="111122223333",
        region="eu-central-1",
        network={"vpc_id": "vpc-12345678", "existing_endpoints": ["aps-workspaces"]},
    )
    stage = staged(settings, job_zip)
    assert not Template.from_stack(stage.network).find_resources("AWS::EC2::*")
    configuration = only(Template.from_stack(stage.processing).to_json(), APPLICATION)["Properties"]
    assert len(configuration["ApplicationConfiguration"]["VpcConfigurations"]) == 1


def test_code_of_the_command_may_be_read_only_where_the_file_says_so(job_zip: Path) -> None:
    for chosen in (False, True):
        body = Template.from_stack(staged(environment(application={"deploy_command": chosen}), job_zip).processing)
        policies = [each["Properties"] for each in body.find_resources("AWS::IAM::ManagedPolicy").values()]
        assert ("ReadDeployedCode" in str(policies)) is chosen


@pytest.mark.parametrize("ports", [None, [443, 5432]])
def test_in_an_existing_vpc_jobs_call_the_ports_of_their_file_and_their_kafka(
    job_zip: Path, ports: list[int] | None
) -> None:
    settings = environment(
        account="111122223333",
        region="eu-central-1",
        network={"vpc_id": "vpc-12345678", "existing_endpoints": ["aps-workspaces"]},
        application={} if ports is None else {"outbound_ports": ports},
    )
    body = Template.from_stack(staged(settings, job_zip).processing).to_json()
    egress = only(body, "AWS::EC2::SecurityGroup")["Properties"]["SecurityGroupEgress"]
    assert [(each["IpProtocol"], each["FromPort"]) for each in egress] == [("tcp", port) for port in ports or [443]]
    (kafka,) = [each["Properties"] for each in body["Resources"].values() if each["Type"].endswith("GroupEgress")]
    assert (kafka["FromPort"], kafka["ToPort"]) == (9098, 9098)


@pytest.mark.parametrize(
    ("values", "warned"),
    [
        ({}, True),
        ({"alarm_topic": "arn:aws:sns:eu-central-1:111122223333:on-call"}, False),
        ({"alarm_email": "on-call@example.com"}, False),
        ({"sensitive_data": False}, False),
    ],
)
def test_alarms_of_sensitive_data_that_nobody_hears_are_warned_about_with_the_fix(
    job_zip: Path, values: dict[str, Any], warned: bool
) -> None:
    stage = staged(environment(**values), job_zip)
    stage.synth()
    found = Annotations.from_stack(stage.processing).find_warning("*", Match.string_like_regexp("alarmsUnheard"))
    assert len(found) == int(warned)
    assert all("Set alarm_topic in environments/test.toml" in str(each.entry.data) for each in found)


def test_everything_on_can_be_started_and_encrypted_for_development(job_zip: Path) -> None:
    settings = environment(
        sensitive_data=False,
        retain_data=False,
        customer_managed_keys_required=True,
        alarm_topic="arn:aws:sns:eu-central-1:111122223333:on-call",
        operators={"roles": ["arn:aws:iam::111122223333:role/OnCall"]},
        encryption={
            "key_administrators": {"permission_sets": ["KeyAdministrator"]},
            "key_generation": 2,
            "close_previous_key": True,
            "key_policy": "development",
        },
        metrics={"workspace_name": "clicks", "dashboards": False},
        application={"start": True, "maintenance_window_start_time": "03:00"},
    )
    stage = staged(settings, job_zip)
    body = Template.from_stack(stage.processing).to_json()
    keys = "VehicleMetricsKey"
    assert body["Metadata"]["penstock:customerManagedKeysRequired"] is True
    assert only(body, "AWS::KMS::Key", f"{keys}2")["DeletionPolicy"] == "Delete"
    assert only(body, "AWS::KMS::Key", f"{keys}1")["Properties"]["KeyPolicy"]["Id"] == "penstock-closed-key-policy"
    alarms = [each["Properties"] for each in body["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert len(alarms) >= 30
    page = only(body, "AWS::CloudWatch::CompositeAlarm", "VehicleMetricsOperationsAlarmsPage")["Properties"]
    assert page["AlarmActions"] == ["arn:aws:sns:eu-central-1:111122223333:on-call"]
    start, update = only(body, START), only(body, "Custom::PenstockApplicationKey")
    assert start["Properties"]["ExpectedKeyArn"] == update["Properties"]["KeyArn"]
    assert "ApplicationMaintenanceConfiguration" in only(body, APPLICATION)["Properties"]
    Template.from_stack(stage.presentation).resource_count_is("AWS::Grafana::Workspace", 0)


@pytest.mark.parametrize(("runtime", "metrics"), [("FLINK-1_20", {"downtime"}), ("FLINK-2_2", RESTARTING)])
def test_the_topic_is_notified_of_a_job_that_has_failed_also_without_a_key(
    job_zip: Path, runtime: str, metrics: set[str]
) -> None:
    topic = "arn:aws:sns:eu-central-1:111122223333:on-call"
    code = {"folder": "flink_app/vehicle_metrics"}
    generator = {"name": "generator", "runtime": runtime, "code": code, "properties": SLOW}
    settings = environment(alarm_topic=topic, application={"runtime": runtime}, generator=generator)
    body = Template.from_stack(staged(settings, job_zip).processing).to_json()
    for job in ("VehicleMetrics", "VehicleGenerator"):
        alarm = only(body, "AWS::CloudWatch::Alarm", f"{job}OperationsAlarmsDowntime")["Properties"]
        composite = only(body, "AWS::CloudWatch::CompositeAlarm", f"{job}OperationsAlarmsPage")["Properties"]
        assert composite["AlarmActions"] == [topic]
        assert f"{job}OperationsAlarmsDowntime" in json.dumps(composite["AlarmRule"])
        stats = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
        assert {each["MetricName"] for each in stats or [alarm]} == metrics
        assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (0, 5, "notBreaching")


def test_the_topic_is_notified_of_brokers_whose_disks_fill(job_zip: Path) -> None:
    topic = "arn:aws:sns:eu-central-1:111122223333:on-call"
    body = Template.from_stack(staged(environment(alarm_topic=topic), job_zip).ingestion).to_json()
    alarm = only(body, "AWS::CloudWatch::Alarm", "Kafka")["Properties"]
    assert (alarm["AlarmActions"], alarm["Threshold"]) == ([topic], 75)
    stats = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    assert {each["MetricName"] for each in stats} == {"KafkaDataLogsDiskUsed"}
    assert len(stats) == 3


@pytest.mark.parametrize("name", NAMES)
def test_the_partitions_of_an_environment_never_fill_the_brokers(assembly: CloudAssembly, name: str) -> None:
    body = templates(assembly, name)["Ingestion"]
    brokers = only(body, "AWS::MSK::Cluster", "")["Properties"]
    taken = 0
    for each in body["Resources"].values():
        if each["Type"] == "AWS::MSK::Topic":
            properties = each["Properties"]
            lines = base64.b64decode(properties["Configs"]).decode().splitlines()
            kept = int(dict(line.split("=") for line in lines)["retention.bytes"])
            taken += (kept + 1024**3) * properties["PartitionCount"] * properties["ReplicationFactor"]
    volume_gib = brokers["BrokerNodeGroupInfo"]["StorageInfo"]["EBSStorageInfo"]["VolumeSize"]
    assert 0 < taken <= 0.85 * volume_gib * 1024**3 * brokers["NumberOfBrokerNodes"]


def test_without_a_topic_an_alarm_is_to_be_seen_only(job_zip: Path) -> None:
    body = Template.from_stack(staged(environment(), job_zip).processing).to_json()
    alarms = [each["Properties"] for each in body["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert alarms
    assert not any("AlarmActions" in alarm for alarm in alarms)


@pytest.mark.parametrize("name", NAMES)
def test_no_environment_scales_beyond_what_its_file_says(assembly: CloudAssembly, name: str) -> None:
    (settings,) = load_environments(ENVIRONMENTS, only=name)
    assert settings.generator is not None
    assert not settings.generator.auto_scaling
    body = template(assembly, name)
    for job, given in (("VehicleMetrics", settings.application), ("VehicleGenerator", settings.generator)):
        configuration = only(body, APPLICATION, job)["Properties"]["ApplicationConfiguration"]
        groups = {each["PropertyGroupId"]: each["PropertyMap"] for each in _groups(configuration)}
        scales = configuration["FlinkApplicationConfiguration"]["ParallelismConfiguration"]["AutoScalingEnabled"]
        assert scales is bool(given.auto_scaling)
        size = given.sizing
        most = int(groups["job"]["max.parallelism"]) if scales else size.parallelism
        assert most <= size.max_kpus * size.parallelism_per_kpu
        alarm = only(body, "AWS::CloudWatch::Alarm", f"{job}KpuAlarm")["Properties"]
        # The metric counts the KPU for orchestration, too.
        assert alarm["Threshold"] == (size.max_kpus if scales else size.kpus + 1)


def _groups(configuration: dict[str, Any]) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = configuration["EnvironmentProperties"]["PropertyGroups"]
    return groups


def test_operators_can_be_named_without_a_key(job_zip: Path) -> None:
    stage = staged(environment(operators={"permission_sets": ["FlinkOperator"]}), job_zip)
    body = Template.from_stack(stage.processing).to_json()
    assert only(body, "AWS::IAM::Role", "VehicleMetricsOperator")
    assert not [each for each in body["Resources"].values() if each["Type"].startswith("Custom::")]


@pytest.mark.build
def test_a_folder_is_built_when_it_is_synthesized(cdk_context: dict[str, Any]) -> None:
    body = template(build_app(App(context={**cdk_context, "env": "dev"})).synth(), "dev")
    for job, entry_point in (("VehicleMetrics", "main.py"), ("VehicleGenerator", "generator.py")):
        configuration = only(body, APPLICATION, job)["Properties"]["ApplicationConfiguration"]
        groups = {
            g["PropertyGroupId"]: g["PropertyMap"] for g in configuration["EnvironmentProperties"]["PropertyGroups"]
        }
        options = groups["kinesis.analytics.flink.run.options"]
        assert (options["python"], options["jarfile"]) == (entry_point, "lib/pyflink-dependencies.jar")


@pytest.mark.validators
def test_the_cdks_own_validation_finds_only_that_nobody_hears_the_alarms(
    cdk_context: dict[str, Any], job_zip: Path, tmp_path: Path
) -> None:
    done = run_validated(["app.py"], outdir=tmp_path, context={**cdk_context, "package": str(job_zip)})
    report = json.loads((tmp_path / "validation-report.json").read_text())
    found = [each for plugin in report["pluginReports"] for each in plugin["violations"]]
    # Strict validation fails for a warning as well: the files of prod and staging leave the topic to their users.
    assert {each["ruleName"] for each in found} == {f"Annotation::{ALARMS_UNHEARD_WARNING}"}, done.stderr
    assert {each["severity"] for each in found} == {"warning"}


@pytest.mark.validators
def test_cfn_lint_has_nothing_to_say_but_what_changes_nothing(assembly: CloudAssembly) -> None:
    stages = [assembly.get_nested_assembly(f"assembly-{name.capitalize()}") for name in NAMES]
    paths = [stack.template_full_path for stage in stages for stack in stage.stacks]
    result = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--regions", "eu-central-1", "--format", "json", "--", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    findings = json.loads(result.stdout)
    assert [each for each in findings if each["Rule"]["Id"] != "W3005"] == []
    # W3005 calls it redundant that the CDK depends on what it refers to as well. The proof that it changes nothing:
    # without what is redundant, every arrow between the resources is still there.
    assert findings
    for path in paths:
        resources = json.loads(Path(path).read_text())["Resources"]
        arrows = pairs(resources)
        for each in findings:
            if each["Filename"] == path:
                drop_dependency(resources[each["Location"]["Path"][1]], each["Message"].split("'")[1])
        assert pairs(resources) == arrows


def pairs(resources: dict[str, Any]) -> set[tuple[str, str]]:
    return {(arrow.later, arrow.earlier) for arrow in arrows_of(resources)}


def drop_dependency(resource: dict[str, Any], name: str) -> None:
    names = resource["DependsOn"] if isinstance(resource["DependsOn"], list) else [resource["DependsOn"]]
    resource["DependsOn"] = [each for each in names if each != name]


@pytest.mark.parametrize("name", ["vehicle-metrics-prod", "penstock-prod"])
def test_the_pictures_of_the_documentation_show_the_dashboards_of_prod(assembly: CloudAssembly, name: str) -> None:
    picture = Image.open(ROOT / "docs" / "pictures" / f"dashboard-{name}.png")
    shown = dashboards(template(assembly, "prod"))[name]
    assert picture.info[FINGERPRINT] == fingerprint(shown), (
        "the dashboard has changed: draw it again with tools/dashboard_pictures.py (docs/observability.md)"
    )
