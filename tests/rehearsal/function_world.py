"""A world with functions whose code a test writes."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.functions.functions import DeployedFunction
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.authority import Actor
from cdk_penstock.rehearsal.world.iam_roles import Role, named_policy
from tests.rehearsal.provider_bench import ACCOUNT, REGION, allow, trust

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.rehearsal.world.world import World

INVOKER = f"arn:aws:iam::{ACCOUNT}:role/invoker"


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def add_role(world: World, name: str, *policies: Mapping[str, Any], service: str = "lambda.amazonaws.com") -> Role:
    role = Role(arn=f"arn:aws:iam::{ACCOUNT}:role/{name}", trust=named_policy(f"trust of {name}", trust(service)))
    for number, policy in enumerate(policies, start=1):
        role.inline[str(number)] = named_policy(f"{name} {number}", policy)
    world.iam.add_role(role)
    return role


def deploy(
    world: World, source: str, /, *policies: Mapping[str, Any], name: str = "worker", **more: Any
) -> DeployedFunction:
    """Deploy a function whose module ``index`` has this code; its role may write logs, and what the policies say."""
    folder = world.folder / "assets" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.py").write_text(textwrap.dedent(source), encoding="utf-8")
    if world.iam.find(f"arn:aws:iam::{ACCOUNT}:role/{name}") is None:
        add_role(world, name, allow("logs:*"), *policies)
    given: dict[str, Any] = {"runtime": "python3.13", "handler": "index.handler", "code": folder, **more}
    function = DeployedFunction(
        arn=function_arn(name),
        name=name,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        log_group_name=f"/aws/lambda/{name}",
        **{"timeout_seconds": 7_200, **given},
    )
    world.functions.deploy(function)
    return function


def run(world: World, source: str, event: Any = None, /, **more: Any) -> Any:
    return world.functions.run(deploy(world, source, **more), event)


def log_of(world: World, name: str = "worker") -> str:
    return (world.folder / "logs" / f"{name}.log").read_text(encoding="utf-8")


def invoker(world: World, *policies: Mapping[str, Any]) -> Actor:
    add_role(world, "invoker", *policies)
    return Actor(made_by=MadeBy.PERSON, arn=INVOKER)


def asset_folder(world: World, name: str = "worker") -> Path:
    return world.folder / "assets" / name
