"""Logging options and VPC configurations of an application, which have ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.model.lifecycle.version_settings import Document


def described_vpc(given: Mapping[str, Any], vpc_id: str, option_id: str) -> Document:
    """Return the description of a VPC configuration."""
    return {"VpcConfigurationId": option_id, "VpcId": vpc_id,
            "SubnetIds": given["SubnetIds"], "SecurityGroupIds": given["SecurityGroupIds"]}  # fmt: skip


def described_logging(given: Mapping[str, Any], option_id: str) -> Document:
    """Return the description of a logging option."""
    return {"CloudWatchLoggingOptionId": option_id, "LogStreamARN": given["LogStreamARN"]}


def updated_vpcs(present: Sequence[Document], updates: Sequence[Mapping[str, Any]], vpc_id: str) -> list[Document]:
    """Return the VPC configurations after VpcConfigurationUpdates; raise RefusedCallError for an unknown id."""
    members = {"SubnetIdUpdates": "SubnetIds", "SecurityGroupIdUpdates": "SecurityGroupIds"}
    return [
        each | {"VpcId": vpc_id} | change for each, change in _matched("VpcConfigurationId", present, updates, members)
    ]


def updated_logging(present: Sequence[Document], updates: Sequence[Mapping[str, Any]]) -> tuple[Document, ...]:
    """Return the logging options after CloudWatchLoggingOptionUpdates; raise RefusedCallError for an unknown id."""
    members = {"LogStreamARNUpdate": "LogStreamARN"}
    return tuple(each | change for each, change in _matched("CloudWatchLoggingOptionId", present, updates, members))


def _matched(
    id_name: str, present: Sequence[Document], updates: Sequence[Mapping[str, Any]], members: Mapping[str, str]
) -> list[tuple[Document, Document]]:
    for each in updates:
        _check_known(present, id_name, each[id_name])
    by_id = {each[id_name]: each for each in updates}
    return [
        (each, {member: update[given] for given, member in members.items() if given in update})
        for each in present
        for update in (by_id.get(each[id_name], {}),)
    ]


def without_option(present: Sequence[Document], id_name: str, option_id: str) -> list[Document]:
    """Return the options without the one of this id; raise RefusedCallError if there is none."""
    _check_known(present, id_name, option_id)
    return [each for each in present if each[id_name] != option_id]


def _check_known(present: Sequence[Document], id_name: str, option_id: str) -> None:
    known = [str(each[id_name]) for each in present]
    if option_id not in known:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            f"{id_name} {option_id} not found; the application has {', '.join(known) or 'none'}",
        )
