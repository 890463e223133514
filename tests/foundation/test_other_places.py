"""What is imported from another account or Region is never taken for one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Aws, Environment, Stack, Token
from aws_cdk.assertions import Annotations, Match

from penstock.foundation.other_places import OtherPlace
from penstock.observability import MetricsWorkspace
from penstock.sinks import SearchDomain
from penstock.streams import EventStream, ProvisionedKafkaCluster, ServerlessKafkaCluster
from penstock.streams.errors import StreamError

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Environment(account="111122223333", region="eu-central-1")
ELSEWHERE = "444455556666"
SERVERS = "b-1:9098,b-2:9098"


def stream(stack: Stack, place: str) -> None:
    EventStream.from_stream_arn(stack, "Imported", f"arn:aws:kinesis:{place}:stream/clicks")


def provisioned(stack: Stack, place: str, bootstrap_servers: str | None = SERVERS) -> None:
    arn = f"arn:aws:kafka:{place}:cluster/clicks/abc-1"
    ProvisionedKafkaCluster.from_cluster_arn(
        stack, "Imported", arn, security_groups=[], bootstrap_servers=bootstrap_servers
    )


def serverless(stack: Stack, place: str, bootstrap_servers: str | None = SERVERS) -> None:
    arn = f"arn:aws:kafka:{place}:cluster/clicks/abc-s1"
    ServerlessKafkaCluster.from_cluster_arn(
        stack, "Imported", arn, security_groups=[], bootstrap_servers=bootstrap_servers
    )


def workspace(stack: Stack, place: str) -> None:
    MetricsWorkspace.from_workspace_arn(stack, "Imported", f"arn:aws:aps:{place}:workspace/ws-1")


def domain(stack: Stack, place: str) -> None:
    arn = f"arn:aws:es:{place}:domain/clicks"
    SearchDomain.from_domain_attributes(stack, "Imported", domain_arn=arn, domain_endpoint="search.example")


IMPORTS = pytest.mark.parametrize("import_it", [stream, provisioned, serverless, workspace, domain])
CLUSTERS = pytest.mark.parametrize("import_it", [provisioned, serverless])


def warnings(stack: Stack) -> list[str]:
    found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("is in account"))
    return [str(each.entry.data) for each in found]


@IMPORTS
def test_another_account_is_warned_about_with_what_it_must_allow(import_it: Callable[[Stack, str], None]) -> None:
    stack = Stack(App(), "Stack", env=HERE)
    import_it(stack, f"eu-central-1:{ELSEWHERE}")
    (warning,) = warnings(stack)
    assert f"is in account {ELSEWHERE}, where no grant of this stack reaches" in warning
    assert "policy must allow" in warning


@IMPORTS
@pytest.mark.parametrize(
    "place", ["eu-central-1:111122223333", f"{Aws.REGION}:{Aws.ACCOUNT_ID}"], ids=["known", "known at the deployment"]
)
def test_the_stacks_own_account_is_not_warned_about(import_it: Callable[[Stack, str], None], place: str) -> None:
    stack = Stack(App(), "Stack", env=HERE)
    import_it(stack, place)
    assert warnings(stack) == []


@IMPORTS
def test_a_stack_for_any_account_is_not_judged(import_it: Callable[[Stack, str], None]) -> None:
    stack = Stack(App(), "Stack")
    import_it(stack, f"eu-central-1:{ELSEWHERE}")
    assert warnings(stack) == []


@CLUSTERS
@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (f"eu-central-1:{ELSEWHERE}", f"account {ELSEWHERE}"),
        ("us-east-1:111122223333", "Region us-east-1"),
        (f"us-east-1:{ELSEWHERE}", f"account {ELSEWHERE} and Region us-east-1"),
    ],
)
def test_msk_is_not_asked_for_brokers_of_another_place(
    import_it: Callable[[Stack, str, str | None], None], place: str, shown: str
) -> None:
    stack = Stack(App(), "Stack", env=HERE)
    with pytest.raises(
        StreamError, match=f"is in {shown}, where MSK is not asked for its brokers: pass bootstrap_serv"
    ):
        import_it(stack, place, None)


def test_a_place_that_only_the_deployment_knows_is_taken_for_the_stacks_own() -> None:
    stack = Stack(App(), "Stack", env=HERE)
    assert OtherPlace.of(stack, Token.as_string({"Ref": "Arn"})) == OtherPlace(account=None, region=None)
    assert OtherPlace.of(stack, "arn:aws:s3:::bucket") == OtherPlace(account=None, region=None)
