"""The resources of every environment in the rehearsal's world: attributes, names in policies, CloudFormation's role."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_cdk import App

from app import ENVIRONMENTS, build_app
from cdk_penstock.cli.execution_policy import with_target
from cdk_penstock.model.policies.matching import arn_matches
from cdk_penstock.rehearsal.acts.cast import played_applications
from cdk_penstock.rehearsal.engine.stack_engine import place_of
from cdk_penstock.rehearsal.published_assets import published_assets
from cdk_penstock.review.assembly import SynthesizedStack, read_assembly
from cdk_penstock.review.execution import execution_policies
from stacks.environment.files import load_environments
from tests.rehearsal.provider_bench import ACCOUNT, REGION, ProviderBench

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.stage import Stage

NAMES = [environment.name for environment in load_environments(ENVIRONMENTS)]
CLOUDFORMATION = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}"
CUSTOM = {"KeyArn": "value", "BootstrapServers": "value", "Parallelism": "1", "ParallelismPerKpu": "1"}


@pytest.fixture(scope="module")
def assembly(cdk_context: dict[str, Any], job_zip: Path) -> Path:
    return Path(build_app(App(context={**cdk_context, "package": str(job_zip)})).synth().directory)


def stacks_of(assembly: Path, environment: str) -> list[SynthesizedStack]:
    return with_target(read_assembly(assembly, environment=environment), ACCOUNT, REGION)


def deploy(bench: ProviderBench, stack: SynthesizedStack) -> str:
    """Deploy a stack without running the functions of custom resources, and with the code of functions in a file."""
    body = {**stack.template.body, "Resources": {k: _with_code(each) for k, each in resources(stack).items()}}
    publish(bench, stack)
    role = bench.world.iam.named(ACCOUNT, CLOUDFORMATION.rpartition("/")[2])
    place = place_of(stack, role_session_arn=role.session_arn("AWSCloudFormation"))
    end = bench.engine.deploy(place, body)
    assert end.reason == ""
    return end.status


def publish(bench: ProviderBench, stack: SynthesizedStack) -> None:
    """Put a few bytes where the assets of a stack are in S3: MSF reads the code of its applications."""
    objects = bench.world.objects
    for asset in published_assets((stack,)):
        if asset.bucket not in objects.buckets():
            objects.create_bucket(asset.bucket)
        with objects.upload(asset.bucket, asset.key) as file:
            file.write(b"code")


def resources(stack: SynthesizedStack) -> Mapping[str, Any]:
    found: Mapping[str, Any] = stack.template.body["Resources"]
    return found


def _with_code(resource: dict[str, Any]) -> dict[str, Any]:
    if resource["Type"] == "AWS::Lambda::Function":
        code = {"ZipFile": "", "S3Bucket": resource["Properties"]["Code"]["S3Bucket"]}
        return {**resource, "Properties": {**resource["Properties"], "Code": code}}
    if resource["Type"].startswith("Custom::"):
        return {**resource, "Properties": {**resource["Properties"], **CUSTOM}}
    return resource


@pytest.mark.parametrize("environment", NAMES)
def test_an_environment_has_every_attribute_and_its_least_privilege_role_deploys_it(
    assembly: Path, tmp_path: Path, environment: str
) -> None:
    stacks = stacks_of(assembly, environment)
    (policies,) = execution_policies(stacks)
    bench = ProviderBench(tmp_path, [each.to_json() for each in policies.documents], role_arn=CLOUDFORMATION)
    for stack in stacks:
        assert deploy(bench, stack) == "CREATE_COMPLETE"
    assert bench.world.timeline.denied == []
    assert bench.world.timeline.denied_optional == []
    for stack in reversed(stacks):
        assert bench.engine.delete(stack.name).status == "DELETE_COMPLETE"


def test_policies_name_the_resources_as_the_rehearsal_does(assembly: Path, tmp_path: Path) -> None:
    bench = ProviderBench(tmp_path, role_arn=CLOUDFORMATION)
    for stack in stacks_of(assembly, "prod"):
        deploy(bench, stack)
    arns = {record.arn for record in bench.world.records.values() if record.arn}
    arns |= {arn for arn in bench.world.authority.resource_policies if ":kms:" in arn}
    arns |= {each.arn for each in played_applications(cast("Stage", bench))}
    named: set[str] = set()
    for role in bench.world.iam.roles():
        for policy in bench.world.iam.policies_of(role):
            for statement in policy.document.statements:
                named.update(arn for pattern in statement.resources for arn in arns if arn_matches(pattern, arn))
    kinds = {arn.split(":")[2] for arn in named}
    assert {"aps", "iam", "kafka", "kinesisanalytics", "kms", "lambda", "logs", "states"} <= kinds
    assert not [arn for arn in arns if "<" in arn or "{" in arn or arn.endswith(("/", ":"))]
