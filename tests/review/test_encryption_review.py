from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CliCredentialsStackSynthesizer, Environment, Stack, Stage
from aws_cdk import aws_kms as kms
from typer.testing import CliRunner

from cdk_penstock.application import FlinkApplication
from cdk_penstock.cli.app import app as penstock
from cdk_penstock.encryption import KeyPolicyMode
from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.review.assembly import read_assembly
from cdk_penstock.review.encryption import EncryptionReview, review_encryption
from cdk_penstock.sinks.archive import ArchiveBucket
from cdk_penstock.sinks.firehose import DeliverySource, DeliveryToS3
from tests.encryption.conftest import ACCOUNT, REGION, application_in, encryption_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def synthesize(folder: Path, **props: Any) -> Path:
    app = App(outdir=str(folder))
    stage = Stage(app, "Prod", env=Environment(account=ACCOUNT, region=REGION))
    stack = Stack(stage, "Processing")
    application = application_in(stack)
    encryption = encryption_in(stack, application, **props)
    VerifiedStart(stack, "Start", application=application, operator=encryption.operator)
    Stack(stage, "Empty")
    app.synth()
    return folder


def review(folder: Path) -> EncryptionReview:
    (found,) = review_encryption(read_assembly(folder, environment="prod"))
    return found


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize(tmp_path_factory.mktemp("assembly"), key_generation=2)


@pytest.fixture(scope="module")
def reviewed(assembly: Path) -> EncryptionReview:
    return review(assembly)


def outcomes(reviewed: EncryptionReview, key: str) -> dict[tuple[str, str], bool]:
    return {(row.who, row.operation): row.allowed for row in reviewed.access if key in row.key}


@pytest.mark.parametrize("key", ["AppKey1", "AppKey2"])
def test_operator_and_cloudformation_operate_and_nobody_else_does(reviewed: EncryptionReview, key: str) -> None:
    found = outcomes(reviewed, key)
    operations = {operation for who, operation in found if who == "CloudFormation"}
    assert {"StartApplication", "StopApplication", "UpdateApplication"} < operations
    for (who, operation), allowed in found.items():
        if operation in operations:
            assert allowed == (who in {"operator", "CloudFormation"}), (who, operation)
    assert {"execution role", "account administrator", "key administrator"} <= {who for who, _ in found}
    assert found["operator", "use the key for another application"] is False
    assert found["operator", "use the key in another Region"] is False
    assert found["operator", "use the key not through MSF"] is False
    assert found["MSF", "use the key for this application"] is True
    assert found["MSF", "use the key for another application"] is False
    assert reviewed.problems == ()


def test_each_answer_names_the_statements_behind_it(reviewed: EncryptionReview) -> None:
    operator = next(row for row in reviewed.access if row.who == "operator" and row.operation == "StartApplication")
    assert "AllowMSFAPICalls" in operator.because
    assert "AllowOperatorToConfigureAppToCreateGrantForRunningState" in operator.because
    other = next(row for row in reviewed.access if row.operation == "use the key not through MSF")
    assert "ForApplicationState does not apply: StringEquals kms:ViaService is not met" in other.because


def test_every_step_waits_for_the_one_before_it(reviewed: EncryptionReview) -> None:
    assert [each.step for each in reviewed.order] == [
        "application",
        "log",
        "key",
        "permission",
        "update",
        "start",
    ]
    assert all(each.chain for each in reviewed.order)


def test_principals_that_may_become_the_operator_are_named(reviewed: EncryptionReview) -> None:
    people, automation = reviewed.assumed_by
    assert "AWSReservedSSO_FlinkOperator_*" in people
    assert "PenstockApplicationRole" in automation


def test_nobody_can_use_a_closed_key(tmp_path: Path) -> None:
    reviewed = review(synthesize(tmp_path, key_generation=2, close_previous_key=True))
    assert outcomes(reviewed, "AppKey1")
    assert not any(outcomes(reviewed, "AppKey1").values())
    assert any(outcomes(reviewed, "AppKey2").values())
    assert reviewed.problems == ()


def test_an_imported_key_is_not_a_problem(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stage = Stage(app, "Prod", env=Environment(account=ACCOUNT, region=REGION))
    stack = Stack(stage, "Processing")
    key = kms.Key.from_key_arn(stack, "Given", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1")
    encryption_in(stack, application_in(stack), key=key)
    app.synth()
    assert review(tmp_path).problems == ()


def edit(source: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Copy an assembly with a change of its template."""
    for path in source.rglob("*.json"):
        body = json.loads(path.read_text())
        if path.name.endswith("template.json") and any(name.startswith("AppKey") for name in body.get("Resources", {})):
            change(body["Resources"])
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(json.dumps(body))
    return target


def _one(resources: dict[str, Any], starts: str, kind: str) -> dict[str, Any]:
    return next(body for name, body in resources.items() if name.startswith(starts) and body["Type"] == kind)


def open_to_the_account(resources: dict[str, Any]) -> None:
    _one(resources, "AppKey2", "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    )


def let_the_job_in(resources: dict[str, Any]) -> None:
    role = next(name for name in resources if name.startswith("AppExecutionRole"))
    _one(resources, "AppKey2", "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": {"Fn::GetAtt": [role, "Arn"]}},
            "Action": "kms:Decrypt",
            "Resource": "*",
        }
    )


def forget_the_condition(resources: dict[str, Any]) -> None:
    for statement in _one(resources, "AppKey2", "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]:
        if statement["Sid"].startswith("AllowOperatorToConfigure"):
            del statement["Condition"]["StringEquals"]["kms:ViaService"]


def lock_the_service_out(resources: dict[str, Any]) -> None:
    key = _one(resources, "AppKey2", "AWS::KMS::Key")["Properties"]["KeyPolicy"]
    key["Statement"] = [each for each in key["Statement"] if "MSFService" not in each["Sid"]]


def forget_the_order(resources: dict[str, Any]) -> None:
    del _one(resources, "App", "AWS::KinesisAnalyticsV2::Application")["DependsOn"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (open_to_the_account, "account administrator is allowed"),
        (let_the_job_in, "execution role is allowed"),
        (forget_the_condition, "operator is allowed use the key not through MSF"),
        (lock_the_service_out, "MSF is denied use the key for this application"),
        (forget_the_order, "nothing makes application wait for operator"),
    ],
)
def test_an_unexpected_decision_is_a_problem(
    change: Callable[[dict[str, Any]], None], problem: str, assembly: Path, tmp_path: Path
) -> None:
    folder = edit(assembly, tmp_path, change)
    assert any(problem in each for each in review(folder).problems)
    result = CliRunner().invoke(penstock, ["review", "--encryption", "--assembly", str(folder)])
    assert result.exit_code == 1
    assert "problems found: " in result.output


def test_the_development_policy_is_named_and_accepted(tmp_path: Path) -> None:
    folder = synthesize(tmp_path, key_policy_mode=KeyPolicyMode.DEVELOPMENT, sensitive_data=False)
    reviewed = review(folder)
    assert reviewed.is_for_development
    assert any("not through MSF" in problem for problem in reviewed.problems)
    result = CliRunner().invoke(penstock, ["review", "--encryption", "--assembly", str(folder)])
    assert result.exit_code == 0
    assert "never for sensitive data" in " ".join(result.output.split())


def test_an_imported_application_is_reviewed_too(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Plain", synthesizer=CliCredentialsStackSynthesizer())
    running = FlinkApplication.from_application_name(stack, "Running", "orders")
    encryption_in(
        stack,
        running,
        execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/Orders",
        cloudformation_role_arn=f"arn:aws:iam::{ACCOUNT}:role/Deploy",
    )
    app.synth()
    (found,) = review_encryption(read_assembly(tmp_path))
    assert found.problems == ()
    assert [each.step for each in found.order] == ["key", "permission", "update"]
    assert "application/orders" in found.application_arn


def test_the_command_shows_order_access_and_assumptions(assembly: Path) -> None:
    result = CliRunner().invoke(
        penstock, ["review", "--encryption", "--assembly", str(assembly), "--environment", "prod"]
    )
    assert result.exit_code == 0, result.output
    for text in ("the order", "all operations", "no problem found", "AdministratorAccess", "may be assumed by"):
        assert text in result.output


def test_scripts_read_json(assembly: Path) -> None:
    result = CliRunner().invoke(penstock, ["review", "--encryption", "--assembly", str(assembly), "--json"])
    (found,) = json.loads(result.output)["encryption"]
    assert found["problems"] == []
    assert {"who", "operation", "allowed", "because"} <= set(found["access"][0])


def test_an_app_without_a_customer_managed_key_says_so(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    Stack(app, "Empty")
    app.synth()
    result = CliRunner().invoke(penstock, ["review", "--encryption", "--assembly", str(tmp_path)])
    assert result.exit_code == 0
    assert "no application here" in result.output


def test_a_folder_without_an_assembly_gives_one_message(assembly: Path, tmp_path: Path) -> None:
    with pytest.raises(PenstockError, match="run `npx cdk synth`"):
        read_assembly(tmp_path)
    with pytest.raises(PenstockError, match="no environment 'qa' in the assembly .*: it has Prod"):
        read_assembly(assembly, environment="qa")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(PenstockError, match="is not JSON"):
        read_assembly(tmp_path)


def test_deliveries_state_their_guarantee(tmp_path: Path, assembly: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Archive", env=Environment(account=ACCOUNT, region=REGION))
    bucket = ArchiveBucket(stack, "Bucket", bucket_name="archive-of-events")
    source = DeliverySource.direct_put()
    DeliveryToS3(stack, "Delivery", bucket=bucket.bucket, source=source, delivery_stream_name="events")
    app.synth()
    asked = ["review", "--delivery", "--assembly", str(tmp_path)]
    shown = CliRunner().invoke(penstock, asked)
    assert shown.exit_code == 0, shown.output
    assert "Delivery" in shown.output
    assert "at-least-once" in shown.output
    (found,) = json.loads(CliRunner().invoke(penstock, [*asked, "--json"]).output)["delivery"]
    assert found["guarantee"] == "at-least-once"
    none = CliRunner().invoke(penstock, ["review", "--delivery", "--assembly", str(assembly)])
    assert "no delivery to a sink here" in none.output


def test_nothing_to_review_is_an_error(assembly: Path) -> None:
    result = CliRunner().invoke(penstock, ["review", "--assembly", str(assembly)])
    assert result.exit_code == 2
    assert "pass --encryption, --delivery, --wildcards or --execution-policy" in result.output


def test_wildcards_are_counted_with_their_reasons_and_one_without_a_reason_fails(
    assembly: Path, tmp_path: Path
) -> None:
    def add_one_without(resources: dict[str, Any]) -> None:
        role = _one(resources, "AppExecutionRole", "AWS::IAM::Role")
        role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        )

    def ask(folder: Path) -> tuple[int, list[dict[str, str]], str]:
        asked = ["review", "--wildcards", "--assembly", str(folder)]
        shown = CliRunner().invoke(penstock, asked)
        return (
            shown.exit_code,
            json.loads(CliRunner().invoke(penstock, [*asked, "--json"]).output)["wildcards"],
            shown.output,
        )

    _, before, _ = ask(assembly)
    code, after, shown = ask(edit(assembly, tmp_path, add_one_without))
    assert code == 1
    assert [each["finding"] for each in after if each not in before] == ["s3:*@*"]
    assert "none recorded" in shown
    assert f"{len(after)} wildcards" in shown
