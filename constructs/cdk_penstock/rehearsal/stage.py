"""The stage of a play: a world, an engine, and the stacks of an assembly in the order of their deployment."""

from __future__ import annotations

import copy
import shutil
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.rehearsal.acts.act import ActFailedError
from cdk_penstock.rehearsal.engine.stack_engine import StackEngine, place_of
from cdk_penstock.rehearsal.published_assets import placed, published_assets
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.iam_roles import ADMINISTRATOR_ACCESS, Role, named_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from cdk_penstock.rehearsal.engine.stack_engine import StackEnd
    from cdk_penstock.rehearsal.engine.stack_tools import StackTools
    from cdk_penstock.rehearsal.world.world import World
    from cdk_penstock.review.assembly import SynthesizedStack

_DEFAULT_ROLE: Final = "arn:aws:iam::${AWS::AccountId}:role/cloudformation-of-the-rehearsal"
_SESSION: Final = "AWSCloudFormation"
_TRUST: Final = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
}

Body = dict[str, Any]


class Stage:
    """Everything that an act needs.

    Parameters
    ----------
    tools
        The engine's tools, with the world.
    stacks
        The stacks of the assembly.
    execution_policies
        Policies of CloudFormation's role. Default: AdministratorAccess, which ``cdk bootstrap`` gives it.
    """

    def __init__(
        self,
        tools: StackTools,
        stacks: Sequence[SynthesizedStack],
        *,
        execution_policies: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.world: World = tools.world
        self.engine = StackEngine(tools)
        self.stacks = in_deployment_order(stacks)
        self.bodies: dict[str, Body] = {stack.name: copy.deepcopy(dict(stack.template.body)) for stack in self.stacks}
        """The templates as the next deployment takes them; an act changes them as an app team would."""
        for stack in self.stacks:
            self._add_cloudformations_role(stack, execution_policies)
        for asset in published_assets(tuple(self.stacks)):
            self.publish(asset.bucket, asset.key, asset.source)

    def deploy(self, *, only: Mapping[str, Collection[str]] | None = None, until: str | None = None) -> list[StackEnd]:
        """Deploy all stacks with their present templates, up to the first that fails.

        Parameters
        ----------
        only
            The logical ids to take, by stack. Default: all of all stacks.
        until
            The stack after which to end. Default: the last one.
        """
        ends: list[StackEnd] = []
        for stack in self.stacks:
            place = place_of(stack, role_session_arn=self._session_of(stack))
            chosen = None if only is None else only.get(stack.name)
            ends.append(self.engine.deploy(place, copy.deepcopy(self.bodies[stack.name]), only=chosen))
            if not ends[-1].succeeded or stack.name == until:
                break
        return ends

    def deploy_all(self) -> str:
        """Deploy all stacks; raise ActFailedError for one that fails."""
        ends = self.deploy()
        if not ends[-1].succeeded:
            raise ActFailedError(f"stack {ends[-1].name} ended as {ends[-1].status}: {ends[-1].reason}")
        return ", ".join(f"{each.name} {each.status}" for each in ends)

    def change(self, edit: Callable[[Body], None]) -> None:
        """Let an edit change every template."""
        for body in self.bodies.values():
            edit(body)

    def restore(self, bodies: Mapping[str, Body]) -> None:
        """Take back edits, as an app team reverts a commit."""
        self.bodies = copy.deepcopy(dict(bodies))

    def session_of_person(self, role_arn: str, *, region: str) -> Any:
        """Return what looks like ``boto3.Session``, with the credentials of somebody's role."""
        credentials = self.world.gateway.credentials_for(role_arn, made_by=MadeBy.PERSON, session_name="rehearsal")
        return self.new_session(
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            region_name=region,
        )

    def new_session(self, **options: Any) -> Any:
        """Return a session of boto3 whose clients lead to the gateway; the options are those of ``boto3.Session``."""
        return self.world.gateway.new_session(**options)

    def publish_variant(self, key: str, variant: str, change: Callable[[str], None]) -> None:
        """Publish a changed copy of a published file under another key of its bucket."""
        for (bucket, published), source in list(self.world.assets.items()):
            if published == key:
                path = self.world.folder / variant
                shutil.copyfile(source, path)
                change(str(path))
                self.publish(bucket, variant, path)

    def publish(self, bucket: str, key: str, source: Path) -> None:
        """Put an asset where CloudFormation, Lambda and MSF find it."""
        self.world.assets[bucket, key] = source
        if not source.is_file():
            return
        if bucket not in self.world.objects.buckets():
            self.world.objects.create_bucket(bucket)
        with source.open("rb") as given, self.world.objects.upload(bucket, key) as stored:
            shutil.copyfileobj(given, stored)

    def _add_cloudformations_role(self, stack: SynthesizedStack, policies: Sequence[Mapping[str, Any]]) -> None:
        arn = self._role_arn(stack)
        if self.world.iam.find(arn) is not None:
            return
        role = Role(arn=arn, trust=named_policy("trust of CloudFormation's role", _TRUST))
        for number, policy in enumerate(policies, start=1):
            name = f"execution policy {number}"
            role.inline[name] = named_policy(name, policy)
        if not policies:
            role.attached.append(ADMINISTRATOR_ACCESS)
        self.world.iam.add_role(role)

    def _role_arn(self, stack: SynthesizedStack) -> str:
        return placed(stack.cloudformation_role_arn or _DEFAULT_ROLE, account=stack.account, region=stack.region)

    def _session_of(self, stack: SynthesizedStack) -> str:
        role = self.world.iam.find(self._role_arn(stack))
        return role.session_arn(_SESSION) if role else self._role_arn(stack)


def in_deployment_order(stacks: Sequence[SynthesizedStack]) -> list[SynthesizedStack]:
    """Return the stacks with each after those that it depends on, as the CDK deploys them."""
    ordered: list[SynthesizedStack] = []
    waiting = list(stacks)
    while waiting:
        names = {each.name for each in waiting}
        ready = [each for each in waiting if not names & set(each.depends_on)]
        # The CDK refuses a circle when it synthesizes; a damaged manifest is taken as it stands.
        ordered += ready or waiting
        waiting = [each for each in waiting if each not in ordered]
    return ordered
