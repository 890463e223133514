"""Names that the examples of the guides use without making them: an app team's stack, application, VPC and so on.

Each is made when a page first names it without having made it. Only names of objects are given: a class or a function
has to be imported by the page that uses it.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from aws_cdk import App, Environment, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.network import ApplicationVpc
from cdk_penstock.streams.kafka import ProvisionedKafkaCluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENVIRONMENT = Environment(account="111122223333", region="eu-central-1")


class Prelude:
    """Names of a page, by which its examples find what they do not make."""

    def __init__(self, job_zip: Path) -> None:
        self.names: dict[str, Any] = {"__name__": "guide", "__builtins__": builtins}
        self._job_zip = job_zip
        self._makers: dict[str, Callable[[], Any]] = {
            "app": App,
            "stack": lambda: Stack(self.get("app"), "Given", env=ENVIRONMENT),
            "self": lambda: self.get("stack"),
            "team": self._team,
            "code": lambda: ApplicationCode.from_asset(job_zip),
            "network": lambda: ApplicationVpc(self.get("stack"), "GivenNetwork"),
            "vpc": lambda: self.get("network").vpc,
            "application": self._application,
            "cluster": self._cluster,
            "bucket": lambda: s3.Bucket(self.get("stack"), "GivenBucket"),
            "stream": lambda: kinesis.Stream(self.get("stack"), "GivenStream"),
            "topic": lambda: sns.Topic(self.get("stack"), "GivenTopic"),
            "loader": lambda: self._role("Loader"),
            "operator": lambda: self._role("Operator"),
            "people": lambda: self._role("People"),
        }

    def get(self, name: str) -> Any:
        """Return what a name stands for on this page."""
        if name not in self.names:
            self.names[name] = self._makers[name]()
        return self.names[name]

    def give(self, code: str) -> None:
        """Make what an example names and neither it nor one before it has made."""
        for name in names_taken_for_given(code):
            assert name in self.names or name in self._makers, f"{name} is neither imported nor made on this page"
            self.get(name)

    def apps(self) -> list[App]:
        """Return the apps of the page."""
        roots = [each.node.root for each in self.names.values() if isinstance(each, Stack)]
        return list({id(app): app for app in roots if isinstance(app, App)}.values())

    def _team(self) -> Stack:
        stack = self.get("stack")
        is_known = not Token.is_unresolved(stack.account)
        return Stack(self.get("app"), "Team", env=ENVIRONMENT if is_known else None)

    def _role(self, name: str) -> iam.Role:
        return iam.Role(self.get("stack"), f"Given{name}", assumed_by=iam.AccountRootPrincipal())

    def _cluster(self) -> ProvisionedKafkaCluster:
        network = self.get("network")
        return ProvisionedKafkaCluster(
            self.get("stack"),
            "GivenKafka",
            vpc=network.vpc,
            vpc_subnets=network.application_subnets,
            cluster_name="given",
        )

    def _application(self) -> FlinkApplication:
        network = self.get("network")
        return FlinkApplication(
            self.get("stack"),
            "GivenJob",
            code=ApplicationCode.from_asset(self._job_zip),
            application_name="given-job",
            vpc=network.vpc,
            vpc_subnets=network.application_subnets,
        )


def names_taken_for_given(code: str) -> list[str]:
    """Return the names that a module reads at its top before it has bound them, in their order."""
    bound: set[str] = set(dir(builtins))
    missing: list[str] = []
    for statement in ast.parse(code).body:
        for node in ast.walk(statement):
            if isinstance(node, ast.alias):
                bound.add((node.asname or node.name).partition(".")[0])
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                bound.add(node.name)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.ExceptHandler) and node.name:
                bound.add(node.name)
        loads = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        stored = {node.id for node in loads if isinstance(node.ctx, ast.Store)}
        targets = stored if hasattr(statement, "body") else set()
        missing += [node.id for node in loads if isinstance(node.ctx, ast.Load) and node.id not in bound | targets]
        bound |= stored
    return list(dict.fromkeys(missing))
