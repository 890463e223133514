from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_kinesis as kinesis
from aws_cdk.assertions import Match, Template

from cdk_penstock.application import ApplicationCode
from cdk_penstock.checks import add_checks
from examples.composition import ClickPipeline
from examples.own_job import build_stack as build_own_job
from examples.pipeline import ClickPipeline as ClickPipelineWithSink
from examples.pipeline import SearchableClickPipeline, build_network
from examples.subclassing import ClickCounts

ROOT = Path(__file__).resolve().parents[2]


def configuration(template: Template) -> dict[str, dict[str, object]]:
    (application,) = template.find_resources("AWS::KinesisAnalyticsV2::Application").values()
    return dict(application["Properties"]["ApplicationConfiguration"])


def checked(stack: Stack) -> Template:
    """Synthesize with the checks of penstock's own app."""
    app = stack.node.root
    assert isinstance(app, App)
    add_checks(app)
    app.synth()
    return Template.from_stack(stack)


def test_a_subclass_brings_its_properties_grants_and_defaults(job_zip: Path) -> None:
    stack = Stack(App(), "Clicks")
    clicks = kinesis.Stream(stack, "Clicks", encryption=kinesis.StreamEncryption.MANAGED)
    ClickCounts(
        stack, "Counts", clicks=clicks, code=ApplicationCode.from_asset(job_zip), application_name="click-counts"
    )
    template = checked(stack)
    flink = configuration(template)["FlinkApplicationConfiguration"]
    assert "'CheckpointInterval': 30000" in str(flink)
    assert "'LogLevel': 'WARN'" in str(flink)
    assert "'PropertyGroupId': 'input.clicks'" in str(configuration(template)["EnvironmentProperties"])
    (policy,) = template.find_resources("AWS::IAM::ManagedPolicy").values()
    assert "kinesis:GetRecords" in str(policy["Properties"]["PolicyDocument"])


def test_a_composition_wires_stream_application_and_alarm(job_zip: Path) -> None:
    stack = Stack(App(), "Clicks")
    ClickPipeline(stack, "Pipeline", code=ApplicationCode.from_asset(job_zip))
    template = checked(stack)
    template.resource_count_is("AWS::Kinesis::Stream", 1)
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "Metrics": Match.array_with(
                [Match.object_like({"MetricStat": {"Metric": Match.object_like({"MetricName": "fullRestarts"})}})]
            ),
            "TreatMissingData": "notBreaching",
        },
    )


def test_the_readme_opens_with_the_first_example() -> None:
    snippet = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert snippet is not None
    assert snippet[1].strip() in (ROOT / "examples" / "getting_started.py").read_text()


def test_the_readme_shows_the_subclass_of_the_examples() -> None:
    source = (ROOT / "examples" / "subclassing.py").read_text()
    shown = source[source.index("class ClickCounts") :].strip()
    assert shown in (ROOT / "README.md").read_text()


@pytest.mark.build
def test_the_first_example_synthesizes(tmp_path: Path) -> None:
    environment = {"CDK_OUTDIR": str(tmp_path), "CDK_VALIDATION": "false", "HOME": str(Path.home())}
    environment["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    subprocess.run([sys.executable, "examples/getting_started.py"], cwd=ROOT, env=environment, check=True)
    resources = json.loads((tmp_path / "Vehicles.template.json").read_text())["Resources"].values()
    assert "AWS::KinesisAnalyticsV2::Application" in {resource["Type"] for resource in resources}


@pytest.mark.parametrize(
    ("pipeline", "group", "absent"),
    [(ClickPipelineWithSink, "output.prometheus", "es:"), (SearchableClickPipeline, "output.search", "aps:")],
)
def test_a_pipeline_swaps_its_sink_by_one_method(
    pipeline: type[ClickPipelineWithSink], group: str, absent: str, job_zip: Path
) -> None:
    stack = Stack(App(), "Clicks", env=Environment(account="111122223333", region="eu-central-1"))
    pipeline(stack, "Pipeline", code=ApplicationCode.from_asset(job_zip), network=build_network(stack))
    template = checked(stack)
    groups = configuration(template)["EnvironmentProperties"]["PropertyGroups"]
    assert isinstance(groups, list)
    assert {group, "input.clicks"} <= {each["PropertyGroupId"] for each in groups}
    (policy,) = [
        body
        for name, body in template.find_resources("AWS::IAM::ManagedPolicy").items()
        if "CounterExecutionRole" in name
    ]
    granted = json.dumps(policy["Properties"]["PolicyDocument"])
    assert '"kinesis:GetRecords"' in granted
    assert f'"{absent}' not in granted


def test_the_content_of_a_domain_reaches_sts_until_it_is_removed(job_zip: Path) -> None:
    stack = Stack(App(), "Clicks", env=Environment(account="111122223333", region="eu-central-1"))
    SearchableClickPipeline(stack, "Pipeline", code=ApplicationCode.from_asset(job_zip), network=build_network(stack))
    template = checked(stack)
    (endpoint,) = [
        name
        for name, body in template.find_resources("AWS::EC2::VPCEndpoint").items()
        if ".sts" in json.dumps(body["Properties"]["ServiceName"])
    ]
    (content,) = template.find_resources("Custom::PenstockSearchContent").values()
    assert endpoint in content["DependsOn"]


def test_a_pipeline_to_a_search_domain_warns_of_nothing(job_zip: Path) -> None:
    stack = Stack(App(), "Clicks", env=Environment(account="111122223333", region="eu-central-1"))
    SearchableClickPipeline(stack, "Pipeline", code=ApplicationCode.from_asset(job_zip), network=build_network(stack))
    assert not [entry.data for each in stack.node.find_all() for entry in each.node.metadata if "warn" in entry.type]
    (rule,) = [
        body["Properties"]
        for name, body in Template.from_stack(stack).find_resources("AWS::EC2::SecurityGroupIngress").items()
        if "Counter" in name
    ]
    assert (rule["FromPort"], rule["ToPort"]) == (443, 443)


def test_an_application_with_a_folder_of_its_own_is_started() -> None:
    template = checked(build_own_job(App()))
    groups = configuration(template)["EnvironmentProperties"]
    assert "'python': 'main.py'" in str(groups)
    (start,) = template.find_resources("Custom::PenstockApplicationStart").values()
    (application,) = template.find_resources("AWS::KinesisAnalyticsV2::Application")
    assert application in start["DependsOn"]
    assert start["Properties"]["ApplicationName"] == "page-counts"


def test_the_application_guide_shows_the_subclass_with_its_folder() -> None:
    source = (ROOT / "examples" / "own_job.py").read_text()
    guide = (ROOT / "docs" / "application.md").read_text()
    assert source[source.index("class PageCounts") : source.index("\n\n\ndef build_stack")] in guide
    steps = source[source.index("operator = OperatorRole") : source.index("    return stack")]
    assert textwrap.dedent(f"    {steps}").strip() in guide
