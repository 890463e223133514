"""Assets of an assembly, and the order of its stacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.rehearsal.published_assets import published_assets
from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError
from cdk_penstock.rehearsal.stage import in_deployment_order
from cdk_penstock.review.assembly import SynthesizedStack
from cdk_penstock.review.templates import Template

if TYPE_CHECKING:
    from pathlib import Path


def stack(folder: Path, name: str = "Stack", *depends_on: str, region: str = "eu-central-1") -> SynthesizedStack:
    return SynthesizedStack(
        stage="Dev",
        name=name,
        account="111122223333",
        region=region,
        template=Template(str(folder / f"{name}.template.json"), {}),
        cloudformation_role_arn=None,
        depends_on=depends_on,
    )


def write_manifest(folder: Path, name: str, *sources: dict[str, Any]) -> None:
    destination = {"bucketName": "assets-${AWS::AccountId}-${AWS::Region}", "objectKey": "code.zip"}
    files = {
        str(number): {"source": source, "destinations": {"here": destination}} for number, source in enumerate(sources)
    }
    (folder / f"{name}.assets.json").write_text(json.dumps({"files": files}), encoding="utf-8")


def test_an_asset_has_the_bucket_of_the_stacks_account_and_region(tmp_path: Path) -> None:
    write_manifest(tmp_path, "Stack", {"path": "asset.1.zip", "packaging": "file"}, {"executable": ["make"]})
    (asset,) = published_assets((stack(tmp_path),))
    assert (asset.bucket, asset.key) == ("assets-111122223333-eu-central-1", "code.zip")
    assert asset.source == tmp_path / "asset.1.zip"


def test_an_asset_of_several_stacks_is_published_once(tmp_path: Path) -> None:
    for name in ("A", "B"):
        write_manifest(tmp_path, name, {"path": "asset.1"})
    assert len(list(published_assets((stack(tmp_path, "A"), stack(tmp_path, "B"))))) == 1


def test_a_damaged_manifest_says_which_file_it_is(tmp_path: Path) -> None:
    (tmp_path / "Stack.assets.json").write_text("{", encoding="utf-8")
    with pytest.raises(RehearsalError, match=r"Stack\.assets\.json cannot be read"):
        list(published_assets((stack(tmp_path),)))


def test_a_stack_comes_after_those_that_it_depends_on(tmp_path: Path) -> None:
    given = [stack(tmp_path, "C", "A", "B"), stack(tmp_path, "B", "A"), stack(tmp_path, "A"), stack(tmp_path, "D")]
    assert [each.name for each in in_deployment_order(given)] == ["A", "D", "B", "C"]


def test_stacks_that_depend_on_each_other_are_taken_as_they_stand(tmp_path: Path) -> None:
    given = [stack(tmp_path, "A", "B"), stack(tmp_path, "B", "A")]
    assert [each.name for each in in_deployment_order(given)] == ["A", "B"]
