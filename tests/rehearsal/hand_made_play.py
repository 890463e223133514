"""A play without an engine: a test records each resource as created, and the template's policies decide on calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.acts.act import ActOutcome, ActResult
from cdk_penstock.rehearsal.policy_names import FUNCTION_POLICY, PolicyKind, policy_name
from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult, result_of
from cdk_penstock.rehearsal.timeline import MadeBy, Progress, Timeline
from cdk_penstock.rehearsal.world.authority import Actor, Authority
from cdk_penstock.rehearsal.world.iam_roles import Iam, Role, named_policy
from cdk_penstock.rehearsal.world.play_clocks import VirtualClock
from cdk_penstock.rehearsal.world.world import WorldOptions
from cdk_penstock.review.assembly import SynthesizedStack
from cdk_penstock.review.resolution import Resolution
from cdk_penstock.review.templates import Template, as_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.review.templates import Resource

ACCOUNT, REGION = "111122223333", "eu-central-1"
DEPLOYED = ActResult(name="deploy", title="First deployment", outcome=ActOutcome.PASSED, text="all created")
APPLICATION_ARN = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/clicks"


def statement(action: str | list[str], resource: Any = None, **more: Any) -> dict[str, Any]:
    on = {} if resource is None else {"Resource": resource}
    return {"Effect": "Allow", "Action": action, **on, **more}


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(principal: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    trust = policy(statement("sts:AssumeRole", Principal=principal))
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **properties}}


def attached(type_: str, role_id: str, *statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Type": type_, "Properties": {"Roles": [{"Ref": role_id}], "PolicyDocument": policy(*statements)}}


def arn_of(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def key_template() -> dict[str, Any]:
    """Return a template with the customer-managed-key sequence of one application."""
    msf = ["kinesisanalytics:UpdateApplication", "kinesisanalytics:DescribeApplication"]
    custom = {"ServiceToken": arn_of("OnEvent"), "ApplicationName": "clicks", "OperatorRoleArn": arn_of("Operator")}
    return {
        "Job": role({"Service": "kinesisanalytics.amazonaws.com"}),
        "JobPolicy": attached("AWS::IAM::Policy", "Job", statement("kinesis:GetRecords", "*")),
        "Handler": role({"Service": "lambda.amazonaws.com"}),
        "HandlerPolicy": attached("AWS::IAM::Policy", "Handler", statement("sts:AssumeRole", arn_of("Operator"))),
        "OnEvent": {"Type": "AWS::Lambda::Function", "Properties": {"Role": arn_of("Handler")}},
        "Operator": role({"AWS": arn_of("Handler")}),
        "Base": attached(
            "AWS::IAM::ManagedPolicy",
            "Operator",
            statement([*msf, "kinesisanalytics:StartApplication"], APPLICATION_ARN, Sid="AllowMSF"),
        ),
        "Application": {
            "Type": "AWS::KinesisAnalyticsV2::Application",
            "Properties": {"ApplicationName": "clicks", "ServiceExecutionRole": arn_of("Job")},
        },
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "KeyPolicy": policy(
                    statement("kms:PutKeyPolicy", "*", Sid="AllowKeyAdministrators", Principal={"AWS": "*"}),
                    statement("kms:DescribeKey", "*", Sid="Operator", Principal={"AWS": arn_of("Operator")}),
                )
            },
        },
        "Permission": attached(
            "AWS::IAM::ManagedPolicy", "Operator", statement("kms:DescribeKey", arn_of("Key"), Sid="UseKey")
        ),
        "Update": {
            "Type": "Custom::PenstockApplicationKey",
            "Properties": {**custom, "KeyArn": arn_of("Key")},
            "DependsOn": ["Permission"],
        },
        "Start": {"Type": "Custom::PenstockApplicationStart", "Properties": custom, "DependsOn": ["Update"]},
        "Nightly": {"Type": "AWS::Lambda::Permission", "Properties": {"Principal": "events.amazonaws.com"}},
    }


def stack_of(resources: Mapping[str, Any], *, name: str = "Processing", stage: str = "Prod") -> SynthesizedStack:
    return SynthesizedStack(
        stage=stage,
        name=name,
        account=ACCOUNT,
        region=REGION,
        template=Template(f"{name}.json", {"Resources": dict(resources)}, name),
        cloudformation_role_arn=None,
    )


class HandMadePlay:
    """A play of stacks, whose roles and keys exist at once, under the names that the templates give them."""

    def __init__(self, *stacks: SynthesizedStack) -> None:
        self.stacks = stacks
        self.clock = VirtualClock()
        self.timeline = Timeline(self.clock)
        self.iam = Iam()
        self.authority = Authority(self.iam, self.timeline)
        for stack in stacks:
            for resource in stack.template.resources():
                self._add(resource, Resolution(stack))

    def _add(self, resource: Resource, resolution: Resolution) -> None:
        properties = resolution.resolve(resource.body.get("Properties", {}))
        name = resource.name
        arn = resolution.arn(resource.logical_id)
        if resource.type == "AWS::IAM::Role":
            trust = named_policy(policy_name(name, PolicyKind.TRUST), properties["AssumeRolePolicyDocument"])
            inline = {
                each["PolicyName"]: named_policy(
                    policy_name(name, PolicyKind.INLINE, each["PolicyName"]), each["PolicyDocument"]
                )
                for each in properties.get("Policies", [])
            }
            self.iam.add_role(Role(arn=arn, trust=trust, inline=inline))
            for other in resource.template.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
                if {"Ref": resource.logical_id} in as_list(other.body["Properties"].get("Roles")):
                    document = resolution.resolve(other.body["Properties"]["PolicyDocument"])
                    policy = named_policy(policy_name(other.name, PolicyKind.POLICY), document)
                    self.role(resource.logical_id, resolution).inline[other.logical_id] = policy
        elif resource.type == "AWS::KMS::Key":
            policy = named_policy(policy_name(name, PolicyKind.KEY), properties["KeyPolicy"])
            self.authority.resource_policies[arn] = policy

    def role(self, logical_id: str, resolution: Resolution | None = None) -> Role:
        resolution = resolution or Resolution(self.stacks[0])
        found = self.iam.find(resolution.arn(logical_id))
        assert found is not None
        return found

    def permit_function(self, arn: str, statement: Mapping[str, Any], name: str) -> None:
        document = policy({**statement, "Sid": name, "Resource": arn})
        self.authority.resource_policies[arn] = named_policy(FUNCTION_POLICY, document)

    def call(
        self, logical_id: str, action: str, resource: str = "*", *, made_by: MadeBy = MadeBy.MSF, **more: Any
    ) -> bool:
        """Ask for a call as a role of the first stack, and return True if it is allowed."""
        is_probe = more.pop("is_probe", False)
        actor = Actor(made_by=made_by, arn=self.role(logical_id).session_arn("play"), is_probe=is_probe)
        return self.authority.ask(actor, action, resource, **more).allowed

    def arn(self, logical_id: str) -> str:
        return Resolution(self.stacks[0]).arn(logical_id)

    def create(
        self, logical_id: str, *, reason: str = "", failed: bool = False, calls: Sequence[tuple[str, ...]] = ()
    ) -> None:
        """Record the creation of a resource of the first stack, and calls within it."""
        resource = self.stacks[0].template.resource(logical_id)
        assert resource is not None
        end = Progress.FAILED if failed else Progress.COMPLETE
        with self.timeline.at(stack=self.stacks[0].name, logical_id=logical_id):
            self._tell(resource, Progress.IN_PROGRESS, "")
            self.clock.sleep(2)
            for call in calls:
                self.call(*call)
            self._tell(resource, end, reason)

    def _tell(self, resource: Resource, progress: Progress, reason: str) -> None:
        self.timeline.record_event(
            type=resource.type, name=resource.name, operation="CREATE", progress=progress, reason=reason
        )

    def deploy(self) -> None:
        """Play the first deployment of the template of key_template()."""
        msf = "kinesisanalytics"
        with self.timeline.at(act="deploy"):
            for logical_id in ("Job", "JobPolicy", "Handler", "HandlerPolicy", "Operator", "Base", "OnEvent"):
                self.create(logical_id)
            for logical_id in ("Application", "Key", "Permission"):
                self.create(logical_id)
            assume = ("Handler", "sts:AssumeRole", self.arn("Operator"))
            update, read, start = (
                ("Operator", f"{msf}:{each}Application", APPLICATION_ARN) for each in ("Update", "Describe", "Start")
            )
            use = ("Operator", "kms:DescribeKey", self.arn("Key"))
            self.create("Update", calls=[assume, read, update, use, read])
            self.create("Start", calls=[assume, read, start])
            self.create("Nightly", reason="schedules are not modelled")

    def result(self, *acts: ActResult, **more: Any) -> RehearsalResult:
        return result_of(
            self.stacks,
            self.timeline,
            acts
            or (ActResult(name="deploy", title="First deployment", outcome=ActOutcome.PASSED, text="all created"),),
            **{"options": WorldOptions(), "versions": {"penstock": "0.1.0"}, "assembly_hash": "abc", **more},
        )
