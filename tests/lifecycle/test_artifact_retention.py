from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template

from cdk_penstock.checks import add_checks
from cdk_penstock.lifecycle import ArtifactRetention
from cdk_penstock.model.custom_resources.stringified import read_object
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.package_pruning import PackageCheck
from tests.lifecycle.operated_stacks import application_in, new_stack, operator_in


def bucket_in(scope: Stack) -> s3.IBucket:
    found = scope.node.try_find_child("Packages")
    return found if found is not None else s3.Bucket.from_bucket_name(scope, "Packages", "team-packages")  # type: ignore[return-value]


def retention_in(scope: Stack, construct_id: str = "Retention", *names: str, **props: Any) -> ArtifactRetention:
    retention = ArtifactRetention(scope, construct_id, **{"bucket": bucket_in(scope), "prefix": "orders/", **props})
    for name in names or ("orders",):
        application = application_in(scope, name)
        retention.add_application(application, operator=operator_in(scope, application))
    return retention


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the template of a retention with its defaults for two applications."""
    scope = new_stack()
    retention_in(scope, "Retention", "orders", "clicks")
    return Template.from_stack(scope)


def check_of(template: Template) -> PackageCheck:
    """Return what the schedule passes to the function, with a reference to a role for its ARN."""
    (schedule,) = template.find_resources("AWS::Scheduler::Schedule").values()
    text = schedule["Properties"]["Target"]["Input"]["Fn::Join"][1]
    parts = [part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in text]
    found: PackageCheck = read_object(PackageCheck, json.loads("".join(parts)))
    return found


def statements(template: Template) -> dict[str, dict[str, Any]]:
    """Return the statements of the function's role by their actions."""
    found = template.find_resources("AWS::IAM::Policy")
    (policy,) = [each for name, each in found.items() if name.startswith("RetentionFunctionRole")]
    return {str(each["Action"]): each for each in policy["Properties"]["PolicyDocument"]["Statement"]}


def test_by_default_a_daily_run_keeps_ten_versions_and_thirty_days(template: Template) -> None:
    check = check_of(template)
    assert (check.bucket_name, check.prefix, check.rollback_versions) == ("team-packages", "orders/", 10)
    assert (check.min_age_seconds, check.dry_run) == (30 * 86_400, False)
    assert [each.application_name for each in check.owners] == ["orders", "clicks"]
    assert check.owners[1].operator_role_arn.startswith("clicksOperator")
    template.has_resource_properties("AWS::Scheduler::Schedule", {"ScheduleExpression": "rate(1 day)"})


def test_the_function_may_list_and_delete_below_the_prefix_only(template: Template) -> None:
    found = statements(template)
    assert set(found) == {
        "['logs:CreateLogStream', 'logs:PutLogEvents']",
        "s3:ListBucketVersions",
        "s3:DeleteObjectVersion",
        "sts:AssumeRole",
    }
    listing, deletion = found["s3:ListBucketVersions"], found["s3:DeleteObjectVersion"]
    assert listing["Condition"] == {"StringEquals": {"s3:prefix": "orders/"}}
    assert json.dumps(listing["Resource"]).endswith(':s3:::team-packages"]]}')
    assert json.dumps(deletion["Resource"]).endswith(':s3:::team-packages/orders/*"]]}')


def test_a_run_that_fails_raises_the_alarm_which_leads_to_the_guide(template: Template) -> None:
    (alarm,) = template.find_resources("AWS::CloudWatch::Alarm").values()
    assert alarm["Properties"]["MetricName"] == "AsyncEventsDropped"
    assert alarm["Properties"]["AlarmDescription"].endswith("Runbook: docs/runbooks/packages.md")


def test_with_everything_on() -> None:
    scope = new_stack()
    retention = retention_in(
        scope,
        rollback_versions=1,
        min_age=Duration.days(1),
        dry_run=True,
        log_retention=logs.RetentionDays.ONE_WEEK,
        encryption_key=kms.Key(scope, "Key", enable_key_rotation=True),
    )
    topic = sns.Topic.from_topic_arn(scope, "OnCall", "arn:aws:sns:eu-central-1:111122223333:on-call")
    retention.add_alarm_action(actions.SnsAction(topic))
    template = Template.from_stack(scope)
    check = check_of(template)
    assert (check.rollback_versions, check.min_age_seconds, check.dry_run) == (1, 86_400, True)
    template.has_resource_properties("AWS::CloudWatch::Alarm", {"AlarmActions": [Match.any_value()]})
    template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 7, "KmsKeyId": Match.any_value()})
    template.has_resource_properties("AWS::Lambda::Function", {"KmsKeyArn": Match.any_value()})


def test_a_bucket_of_the_same_app_is_named_by_reference() -> None:
    scope = new_stack()
    retention_in(scope, bucket=s3.Bucket(scope, "Made"))
    assert json.dumps(statements(Template.from_stack(scope))["s3:DeleteObjectVersion"]["Resource"]).count("Made") == 1


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"prefix": ""}, "prefix must be a folder such as 'orders/'"),
        ({"prefix": "orders"}, "got 'orders'"),
        ({"rollback_versions": 0}, "rollback_versions must be at least 1"),
        ({"min_age": Duration.hours(23)}, "min_age at least 1 day"),
    ],
)
def test_what_would_delete_too_much_is_refused(props: dict[str, Any], message: str) -> None:
    with pytest.raises(PenstockError, match=message):
        retention_in(new_stack(), **props)


def test_the_bucket_of_the_cdks_assets_is_refused() -> None:
    scope = new_stack()
    assets = s3.Bucket.from_bucket_name(scope, "Assets", "cdk-hnb659fds-assets-111122223333-eu-central-1")
    with pytest.raises(PenstockError, match="is the CDK's bucket of assets"):
        retention_in(scope, bucket=assets)


def test_an_application_is_added_once() -> None:
    scope = new_stack()
    retention = retention_in(scope)
    with pytest.raises(PenstockError, match="is in Stack/Retention already"):
        retention.add_application(scope.node.find_child("orders"), operator=scope.node.find_child("ordersOperator"))  # type: ignore[arg-type]


def test_without_an_application_it_is_refused_at_synthesis() -> None:
    app = App()
    scope = new_stack(app)
    ArtifactRetention(scope, "Retention", bucket=bucket_in(scope), prefix="orders/")
    with pytest.raises(Exception, match="an artifact retention needs an application: call add_application"):
        app.synth()


@pytest.mark.parametrize("prefix", ["orders/", "orders/v2/"])
def test_two_that_would_delete_each_others_packages_are_refused_at_synthesis(prefix: str) -> None:
    app = App()
    scope = new_stack(app)
    retention_in(scope, "First", "orders")
    retention_in(scope, "Second", "clicks", prefix=prefix)
    with pytest.raises(Exception, match=f"Stack/Second deletes packages below {prefix} of the same bucket"):
        app.synth()


def test_two_prefixes_of_one_bucket_are_fine_and_pass_all_checks() -> None:
    app = App()
    scope = new_stack(app)
    retention_in(scope, "First", "orders")
    retention_in(scope, "Second", "clicks", prefix="clicks/")
    add_checks(app)
    Annotations.from_stack(scope).has_no_error("*", Match.any_value())
