from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.addresses import MAX_ZONES, AddressPlan, AddressPlanError
from cdk_penstock.model.aws_services import AwsService, AwsServiceError

blocks = st.builds(
    lambda number, length: str(IPv4Network((int(IPv4Network("10.0.0.0/8")[0]) + (number << (32 - length)), length))),
    st.integers(0, 255),
    st.integers(16, 24),
)


@given(blocks)
def test_three_zones_and_their_nat_gateways_fit_into_every_block(block: str) -> None:
    plan = AddressPlan(block)
    quarters = list(IPv4Network(block).subnets(new_prefix=plan.application_prefix_length))
    assert len(quarters) == MAX_ZONES + 1
    assert len(list(quarters[-1].subnets(new_prefix=plan.nat_prefix_length))) >= MAX_ZONES


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("10.0.0.0/15", "/16 to /24, got '10.0.0.0/15'"),
        ("10.0.0.0/25", "/16 to /24"),
        ("10.0.0.1/16", "has host bits set"),
        ("fd00::/64", "must be an IPv4 block"),
        ("8.8.0.0/16", r"must be private \(RFC 1918\), got '8.8.0.0/16'"),
    ],
)
def test_a_block_that_suits_no_vpc_is_refused_with_the_reason(block: str, message: str) -> None:
    with pytest.raises(AddressPlanError, match=message):
        AddressPlan(block)


def test_each_service_is_found_by_its_endpoint_and_by_its_actions() -> None:
    for service in AwsService.known():
        assert AwsService.of(service.endpoint) is service
        assert AwsService.of_action(f"{service.action_prefix.upper()}:AnyAction") is service
    assert AwsService.of_action("ec2:DescribeVpcs") is None
    assert AwsService.of_action("*") is None


def test_construct_ids_differ() -> None:
    ids = [service.construct_id for service in AwsService.known()]
    assert "ApsWorkspaces" in ids
    assert len(set(ids)) == len(ids)


def test_a_service_that_the_table_does_not_know_is_an_interface_endpoint_without_a_policy() -> None:
    service = AwsService.of("bedrock-runtime", action_prefix="bedrock")
    assert (service.endpoint, service.action_prefix) == ("bedrock-runtime", "bedrock")
    assert not service.is_gateway
    assert not service.supports_policy
    assert AwsService.of("ecr.api").construct_id == "EcrApi"


def test_the_api_of_msk_has_the_endpoint_that_takes_new_connections() -> None:
    assert (AwsService.MSK.name_prefix, AwsService.MSK.endpoint) == ("aws.api", "kafka-api")
    assert AwsService.MSK.supports_policy
    assert AwsService.of_action("kafka:GetBootstrapBrokers") is AwsService.MSK


def test_values_that_agree_with_the_table_are_accepted() -> None:
    service = AwsService.of("kafka-api", action_prefix="kafka", supports_policy=True, name_prefix="aws.api")
    assert service is AwsService.MSK


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"action_prefix": "aps"}, r"action_prefix of the known service 'kms' is 'kms', got 'aps'"),
        ({"supports_policy": False}, "supports_policy of the known service 'kms' is True, got False"),
        ({"name_prefix": "aws.api"}, "name_prefix of the known service 'kms' is None, got 'aws.api'"),
    ],
)
def test_values_that_contradict_the_table_are_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(AwsServiceError, match=problem):
        AwsService.of("kms", **given)


def test_a_whole_service_name_is_refused_as_endpoint() -> None:
    with pytest.raises(AwsServiceError, match=r"got 'com.amazonaws.eu-west-1.KMS'; known are s3"):
        AwsService.of("com.amazonaws.eu-west-1.KMS")
