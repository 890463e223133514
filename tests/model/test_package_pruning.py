from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.package_pruning import (
    NeededCode,
    StoredPackage,
    check_package_bucket,
    check_package_prefix,
    plan_packages,
)

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
KEPT_SINCE = NOW - timedelta(days=30)
KEYS, VERSIONS = st.sampled_from(["orders/a.zip", "orders/b.zip", "orders/c.zip"]), st.sampled_from(["1", "2", "null"])
PACKAGES = st.lists(
    st.builds(
        StoredPackage,
        key=KEYS,
        version_id=VERSIONS,
        modified_at=st.integers(0, 60).map(lambda days: NOW - timedelta(days=days)),
    ),
    unique_by=lambda each: (each.key, each.version_id),
)


def needed(key: str, version: str = "", by: str = "the present version") -> NeededCode:
    return NeededCode(bucket_name="code", key=key, object_version=version, needed_by=by)


NEEDED = st.lists(st.builds(needed, KEYS, st.sampled_from(["", "1", "2"])))


@given(PACKAGES, NEEDED)
def test_no_package_is_deleted_that_is_needed_or_young(packages: list[StoredPackage], code: list[NeededCode]) -> None:
    plan = plan_packages(packages, code, kept_since=KEPT_SINCE)
    for package in plan.deletions:
        assert package.modified_at < KEPT_SINCE
        assert not [
            each for each in code if each.key == package.key and each.object_version in {"", package.version_id}
        ]
    assert {*plan.deletions, *(each.package for each in plan.kept)} == set(packages)
    assert all(each.reason for each in plan.kept)


@given(PACKAGES, NEEDED)
def test_every_other_package_is_deleted_from_the_oldest_on(
    packages: list[StoredPackage], code: list[NeededCode]
) -> None:
    plan = plan_packages(packages, code, kept_since=KEPT_SINCE)
    for kept in plan.kept:
        wanted = {(each.key, each.object_version) for each in code}
        package = kept.package
        is_needed = (package.key, package.version_id) in wanted or (package.key, "") in wanted
        assert is_needed or package.modified_at >= KEPT_SINCE
    times = [each.modified_at for each in plan.deletions]
    assert times == sorted(times)


def test_code_that_is_named_without_a_version_keeps_every_version_of_its_object() -> None:
    old = [StoredPackage(key="orders/a.zip", version_id=each, modified_at=NOW - timedelta(days=99)) for each in "12"]
    assert plan_packages(old, [needed("orders/a.zip")], kept_since=KEPT_SINCE).deletions == ()
    assert plan_packages(old, [needed("orders/a.zip", "2")], kept_since=KEPT_SINCE).deletions == (old[0],)


@pytest.mark.parametrize("prefix", ["", "/", "orders", "/orders/", "orders*/", "orders?/", "${a}/", "a" * 1000 + "/"])
def test_a_prefix_that_may_match_objects_of_others_is_refused(prefix: str) -> None:
    with pytest.raises(PenstockError, match="prefix must be a folder such as 'orders/'"):
        check_package_prefix(prefix)


@pytest.mark.parametrize("prefix", ["orders/", "jobs/orders (v2)/", "a_b-c.d/e/"])
def test_a_folder_is_a_prefix(prefix: str) -> None:
    assert check_package_prefix(prefix) == prefix


@pytest.mark.parametrize(
    "name", ["cdk-hnb659fds-assets-111122223333-eu-central-1", "cdk-mine-container-assets-1", "cdk-a1-assets"]
)
def test_the_bucket_of_assets_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(PenstockError, match="all apps and stacks of the account share it"):
        check_package_bucket(name)


@pytest.mark.parametrize("name", ["code", "our-cdk-assets", "cdk-packages"])
def test_another_bucket_is_not(name: str) -> None:
    assert check_package_bucket(name) == name
