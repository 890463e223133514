from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aws_cdk import Acknowledgment, App, Stack, Validations
from aws_cdk import aws_iam as iam

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.checks import MsfChecks, add_checks
from cdk_penstock.review.rules import RULES
from tests.validated import run_validated

if TYPE_CHECKING:
    from cdk_penstock.review.rule import Rule

ROOT = Path(__file__).resolve().parents[2]


def application(app: App, job_zip: Path, **props: bool) -> FlinkApplication:
    stack = Stack(app, "Stack")
    code = ApplicationCode.from_asset(job_zip)
    return FlinkApplication(stack, "App", code=code, application_name="clicks", **props)  # type: ignore[arg-type]


def page_of(rule: Rule) -> str:
    """Return the name of the page, without its folder and ending."""
    return rule.source.rpartition("/")[2].removesuffix(".html")


@pytest.fixture
def app() -> App:
    app = App()
    Validations.of(app).add_plugins(MsfChecks())
    return app


def test_the_defaults_pass_in_any_app(app: App, job_zip: Path) -> None:
    application(app, job_zip)
    app.synth()


@pytest.mark.parametrize(
    ("prop", "rule"),
    [("checkpointing_enabled", "MSF1"), ("snapshots_enabled", "MSF2"), ("system_rollback_enabled", "MSF3")],
)
def test_a_finding_fails_the_synthesis_and_names_construct_and_fix(
    app: App, job_zip: Path, prop: str, rule: str
) -> None:
    application(app, job_zip, **{prop: False})
    with pytest.raises(RuntimeError) as error:
        app.synth()
    assert rule in str(error.value)
    assert "Stack/App/Resource" in str(error.value)
    assert f"leave {prop} at its default" in str(error.value)


def test_an_acknowledged_finding_passes(app: App, job_zip: Path) -> None:
    flink = application(app, job_zip, snapshots_enabled=False)
    Validations.of(flink).acknowledge(Acknowledgment(id="penstock::MSF2", reason="a test job without state"))
    app.synth()


def test_a_recorded_reason_covers_only_its_action(app: App, job_zip: Path) -> None:
    flink = application(app, job_zip)
    flink.role.allow("Find", actions=["sns:ListTopics"], resources=["*"], wildcard_reason="it knows no resource")
    flink.role.add_to_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=["*"]))
    with pytest.raises(RuntimeError, match=r"MSF7\[sns:Publish@\*\]") as error:
        app.synth()
    assert "MSF7[sns:ListTopics" not in str(error.value)
    assert "MSF7[logs:DescribeLogGroups" not in str(error.value)


def test_add_checks_adds_cdk_nag_and_writes_reasons_into_the_template(job_zip: Path) -> None:
    app = App()
    flink = application(app, job_zip)
    add_checks(app)
    assembly = app.synth()
    resources = assembly.get_stack_by_name("Stack").template["Resources"]
    (role,) = [resource for resource in resources.values() if resource["Type"] == "AWS::IAM::Role"]
    recorded = {entry["id"]: entry["reason"] for entry in role["Metadata"]["cdk_nag"]["rules_to_suppress"]}
    assert "has no resource types" in recorded["AwsSolutions-IAM5[Resource::*]"]
    assert flink.role.node.path.startswith("Stack/App/ExecutionRole")


def test_add_checks_finds_violations_of_cdk_nags_rules(job_zip: Path) -> None:
    app = App()
    flink = application(app, job_zip)
    iam.Role(flink, "Other", assumed_by=iam.AccountRootPrincipal()).add_managed_policy(
        iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess")
    )
    add_checks(app)
    with pytest.raises(RuntimeError, match="AwsSolutions-IAM4"):
        app.synth()


def test_the_plugin_lists_the_ids_of_all_rules() -> None:
    checks = MsfChecks()
    assert checks.rule_ids == [f"MSF{number}" for number, _ in enumerate(RULES, start=1)]
    assert checks.name == "penstock"
    assert checks.version


def test_the_guide_has_the_table_of_the_rules() -> None:
    rows = [f"| `{rule.pattern}` | {rule.title} | [{page_of(rule)}]({rule.source}) |" for rule in RULES]
    table = "\n".join(["| rule | finds | AWS page |", "|---|---|---|", *rows])
    assert f"\n\n{table}\n\n" in (ROOT / "docs" / "checks.md").read_text(encoding="utf-8"), table


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_names_the_page_of_aws_that_it_follows(rule: Rule) -> None:
    assert rule.source.startswith("https://docs.aws.amazon.com/")
    assert page_of(rule)


@pytest.mark.validators
@pytest.mark.parametrize(("runtime", "agrees"), [("FLINK-1_20", True), ("FLINK-9_9", False)])
def test_the_cdks_validation_agrees(runtime: str, agrees: bool, job_zip: Path, tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from aws_cdk import App; from cdk_penstock.checks import add_checks;"
        "from tests.checks.test_msf_checks import application;"
        "app = App(); built = application(app, pathlib.Path(sys.argv[1]));"
        "built.resource.runtime_environment = sys.argv[2]; add_checks(app); app.synth()"
    )
    done = run_validated(["-c", program, str(job_zip), runtime], outdir=tmp_path, context={})
    assert (done.returncode == 0) == agrees, done.stderr


def test_a_possible_secret_is_a_warning_and_an_access_key_fails_the_synthesis(app: App, job_zip: Path) -> None:
    flink = application(app, job_zip)
    flink.add_property_group("db", {"password": "hunter2"})
    app.synth()
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    flink.resource.add_property_override(
        "ApplicationConfiguration.EnvironmentProperties.PropertyGroups",
        [{"PropertyGroupId": "db", "PropertyMap": {"setting": key}}],
    )
    with pytest.raises(RuntimeError, match="MSF9"):
        app.synth(force=True)
