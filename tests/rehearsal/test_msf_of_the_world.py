"""MSF in the world: what it needs of an execution role, of keys and of callers, and what jobs do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.flink_proxy import DashboardPages
from cdk_penstock.local.service.simulated_flink.job_behaviour import LOOPS, NEVER_RUNS
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.policies.key_policy import application_key_policy
from cdk_penstock.model.policies.principals import KeyPrincipal
from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor
from cdk_penstock.rehearsal.world.iam_roles import Role, named_policy
from cdk_penstock.rehearsal.world.service_answers import CallScope, ServiceRefusedError
from tests.local.service.page_requests import get_page
from tests.rehearsal.deployed_applications import (
    ARN,
    EXECUTION_STATEMENTS,
    NAME,
    ROLE,
    VPC,
    DeployedApplications,
    application,
    logging_option,
    trust_of_msf,
)
from tests.rehearsal.provider_bench import ACCOUNT, EXECUTION_ROLE, REGION, allow, wanted

if TYPE_CHECKING:
    from pathlib import Path

METRICS = {
    "output.prometheus": {"remote.write.url": f"https://aps-workspaces.{REGION}.amazonaws.com/workspaces/ws-1/api"}
}
OPERATOR = EXECUTION_ROLE.replace("cfn-exec", "operator")


def groups(values: dict[str, dict[str, str]]) -> dict[str, Any]:
    listed = [{"PropertyGroupId": name, "PropertyMap": properties} for name, properties in values.items()]
    return {"EnvironmentProperties": {"PropertyGroups": listed}}


@pytest.fixture
def deployed(tmp_path: Path) -> DeployedApplications:
    return DeployedApplications(tmp_path)


# The execution role


def test_msf_reads_code_with_the_role_that_it_assumes_for_the_application(deployed: DeployedApplications) -> None:
    deployed.deploy()
    assumed, read = deployed.calls_of(MadeBy.MSF)
    assert (assumed.request.action, assumed.request.resource) == ("sts:AssumeRole", ROLE)
    assert assumed.decision.statements == ("trust of job: #1",)
    assert (read.request.action, read.decision.statements) == ("s3:GetObject", ("code: #1",))
    assert read.session == f"arn:aws:sts::{ACCOUNT}:assumed-role/job/{NAME}"


@pytest.mark.parametrize("missing", ["role", "trust", "trust of another application", "code"])
def test_code_that_the_role_cannot_read_creates_no_application(deployed: DeployedApplications, missing: str) -> None:
    role = deployed.role_of_job
    if missing == "role":
        deployed.world.iam.remove_role(ROLE)
    elif missing == "code":
        del role.inline["code"]
    else:
        of_another = {"Condition": {"ArnEquals": {"aws:SourceArn": f"{ARN}-2"}}} if "another" in missing else {}
        document = trust_of_msf(**of_another) if of_another else {"Statement": []}
        role.trust = named_policy("trust", document)
    with pytest.raises(ResourceFailedError, match="Please check the role provided or validity of S3 location"):
        deployed.deploy()
    with pytest.raises(RefusedCallError, match="not found"):
        deployed.detail()


def test_a_version_of_an_object_needs_its_own_permission(deployed: DeployedApplications) -> None:
    deployed.role_of_job.inline["code"] = named_policy("code", allow("s3:GetObject"))
    location = application().properties["ApplicationConfiguration"]["ApplicationCodeConfiguration"]
    location["CodeContent"]["S3ContentLocation"]["ObjectVersion"] = "7"
    with pytest.raises(ResourceFailedError, match="Please check the role provided"):
        deployed.deploy({"ApplicationCodeConfiguration": location})
    assert deployed.calls_of(MadeBy.MSF)[-1].request.action == "s3:GetObjectVersion"


@pytest.mark.parametrize("missing", ["network", "interfaces", "own interfaces"])
def test_an_application_in_a_vpc_does_not_start_without_its_permissions(
    deployed: DeployedApplications, missing: str
) -> None:
    deployed.deploy({"VpcConfigurations": [VPC]})
    deployed.role_of_job.inline.pop(missing)
    assert deployed.start() == "READY"
    assert f"the execution role {ROLE} is not authorized to perform: ec2:" in deployed.error()


def test_an_application_in_a_vpc_starts_with_them(deployed: DeployedApplications) -> None:
    deployed.deploy({"VpcConfigurations": [VPC]})
    assert deployed.start() == "RUNNING"
    assert not deployed.world.timeline.denied
    used = {each for call in deployed.calls_of(MadeBy.MSF) for each in call.decision.statements}
    assert used >= {"network: #1", "interfaces: #1", "own interfaces: #1"}


def test_without_a_vpc_no_network_interface_is_asked_for(deployed: DeployedApplications) -> None:
    deployed.deploy()
    deployed.start()
    assert not [each for each in deployed.calls_of(MadeBy.MSF) if each.request.action.startswith("ec2:")]


def test_a_role_that_msf_cannot_assume_any_more_stops_the_start(deployed: DeployedApplications) -> None:
    deployed.deploy()
    deployed.role_of_job.trust = named_policy("trust", {"Statement": []})
    assert deployed.start() == "READY"
    assert "MSF cannot assume the execution role" in deployed.error()


@pytest.mark.parametrize("missing", ["log groups", "log streams", "log"])
def test_an_application_runs_without_the_permission_to_log(deployed: DeployedApplications, missing: str) -> None:
    deployed.deploy()
    deployed.create(logging_option())
    assert deployed.start() == "RUNNING"
    assert not deployed.world.timeline.denied
    deployed.call("StopApplication", ApplicationName=NAME, Force=True)
    deployed.settle()
    deployed.role_of_job.inline.pop(missing)
    assert deployed.start() == "RUNNING"
    (denied,) = deployed.world.timeline.denied
    assert denied.request.action.startswith("logs:")


def test_the_job_writes_to_the_workspace_that_its_properties_name(deployed: DeployedApplications) -> None:
    deployed.deploy(groups(METRICS))
    assert deployed.start() == "RUNNING"
    (written,) = deployed.calls_of(MadeBy.JOB)
    assert (written.request.action, written.decision.statements) == ("aps:RemoteWrite", ("metrics: #1",))
    assert written.request.resource == f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/ws-1"


# Keys


class KeyOfApplication:
    """An application under a key, whose policy lets its operator and CloudFormation use it."""

    def __init__(self, deployed: DeployedApplications) -> None:
        self.deployed = deployed
        principals = [KeyPrincipal.role(OPERATOR), KeyPrincipal.role(EXECUTION_ROLE)]
        policy = application_key_policy(
            application_arn=ARN,
            account=ACCOUNT,
            region=REGION,
            operators=principals,
            administrators=principals,
        )
        key = deployed.create(wanted("AWS::KMS::Key", "Key", KeyPolicy=policy.to_json()))
        self.arn = str(key.made.attributes["Arn"])
        encryption = {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": self.arn}
        deployed.deploy({"ApplicationEncryptionConfiguration": encryption})


@pytest.fixture
def under_key(deployed: DeployedApplications) -> KeyOfApplication:
    return KeyOfApplication(deployed)


def test_a_start_uses_the_key_as_its_caller_and_as_both_principals(under_key: KeyOfApplication) -> None:
    deployed = under_key.deployed
    assert deployed.start() == "RUNNING"
    for_caller = deployed.calls_of(MadeBy.MSF_FOR_CALLER)
    data = ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
    assert [each.request.action for each in for_caller] == ["kms:DescribeKey", *data, "kms:CreateGrant"]
    assert all(each.both_policies and "operator: #1" in each.decision.statements for each in for_caller)
    services = {each.request.caller.service for each in deployed.calls_of(MadeBy.MSF) if "kms:" in each.request.action}
    assert services == {"kinesisanalytics.amazonaws.com", "infrastructure.kinesisanalytics.amazonaws.com"}


def test_a_caller_needs_identity_policies_as_well_unless_the_switch_says_otherwise(under_key: KeyOfApplication) -> None:
    deployed = under_key.deployed
    operator = deployed.world.iam.named(ACCOUNT, "operator")
    operator.attached = []
    operator.inline = {"msf": named_policy("msf", allow("kinesisanalytics:*"))}
    with pytest.raises(RefusedCallError, match="not authorized to perform: kms:DescribeKey"):
        deployed.start()
    deployed.world.msf.authorization._policies._needs_both_policies = False  # type: ignore[attr-defined]
    assert deployed.start() == "RUNNING"


def test_a_disabled_key_stops_the_start(under_key: KeyOfApplication) -> None:
    deployed = under_key.deployed
    scope = CallScope(account=ACCOUNT, region=REGION)
    deployed.world.kms.call("DisableKey", {"KeyId": under_key.arn}, Actor(made_by=MadeBy.PERSON), scope)
    with pytest.raises(RefusedCallError, match=f"key {under_key.arn} is Disabled"):
        deployed.start()


# Callers


def test_a_call_without_permission_is_refused_and_recorded_for_its_part(deployed: DeployedApplications) -> None:
    deployed.deploy()
    attacker = Role(arn=f"arn:aws:iam::{ACCOUNT}:role/attacker", trust=named_policy("trust", {"Statement": []}))
    deployed.world.iam.add_role(attacker)
    session = attacker.session_arn("x")
    deployed.world.sessions.remember(session, MadeBy.PERSON, is_probe=True)
    caller = ApiCaller(account=ACCOUNT, region=REGION, principal_arn=session)
    with pytest.raises(RefusedCallError, match="not authorized to perform: kinesisanalytics:StopApplication"):
        deployed.world.msf_operations.call("StopApplication", {"ApplicationName": NAME}, caller)
    asked = deployed.world.timeline.calls[-1]
    assert (asked.made_by, asked.is_probe, asked.session) == (MadeBy.PERSON, True, session)
    assert not deployed.world.timeline.denied


def test_the_answers_of_the_service_are_errors_of_its_own(deployed: DeployedApplications) -> None:
    actor = Actor(made_by=MadeBy.PERSON, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/anna")
    scope = CallScope(account=ACCOUNT, region=REGION)
    with pytest.raises(ServiceRefusedError) as caught:
        deployed.world.msf_answers.call("DescribeApplication", {"ApplicationName": "missing"}, actor, scope)
    assert caught.value.code == "ResourceNotFoundException"
    assert deployed.world.msf_answers.call("ListApplications", {}, actor, scope)["ApplicationSummaries"] == []


# What jobs do


def test_a_job_loops_from_now_on(deployed: DeployedApplications) -> None:
    deployed.deploy()
    assert deployed.start() == "RUNNING"
    deployed.world.behaviours.from_now_on(ARN, LOOPS)
    deployed.world.clock.sleep(60)
    with pytest.raises(RefusedCallError):
        deployed.call("StopApplication", ApplicationName=NAME)


def test_a_job_behaves_by_its_code_from_its_launch_on(deployed: DeployedApplications) -> None:
    existing = deployed.deploy()
    deployed.start()
    deployed.world.behaviours.loop(["other.zip"])
    deployed.world.behaviours.with_code("job.zip", NEVER_RUNS)
    uid = deployed.world.msf.store.application(ARN).uid
    assert deployed.job(uid).behaviour.name == "healthy"
    code = application().properties["ApplicationConfiguration"]["ApplicationCodeConfiguration"]
    code["CodeContent"]["S3ContentLocation"]["FileKey"] = "other.zip"
    deployed.change(existing, {"ApplicationCodeConfiguration": code})
    assert deployed.job(uid).behaviour.loops


def test_flinks_pages_are_there_behind_a_presigned_url(deployed: DeployedApplications) -> None:
    deployed.deploy()
    deployed.start()
    url = deployed.call("CreateApplicationPresignedUrl", ApplicationName=NAME, UrlType="FLINK_DASHBOARD_URL")
    path, _, token = str(url["AuthorizedUrl"]).partition("?authToken=")
    uid = path.split("/")[4]
    pages = DashboardPages(deployed.world.msf)
    assert get_page(pages, uid, "jobs/overview", token).status_code == 200
    deployed.world.clock.sleep(200)
    assert get_page(pages, uid, "jobs/overview", token).status_code == 200
    deployed.world.clock.sleep(43_200)
    assert get_page(pages, uid, "jobs/overview", token).status_code == 403


def test_every_statement_of_the_execution_role_is_used_by_one_application(deployed: DeployedApplications) -> None:
    deployed.deploy({"VpcConfigurations": [VPC], **groups(METRICS)})
    deployed.create(logging_option())
    deployed.start()
    used = {each for call in deployed.world.timeline.calls for each in call.decision.statements}
    assert {f"{name}: #1" for name in EXECUTION_STATEMENTS} <= used
