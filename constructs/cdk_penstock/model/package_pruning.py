"""The decision which packages of code are deleted from a bucket, and the call of the schedule that asks for it.

MSF keeps a copy of each version's code, so its own rollback needs no object in S3. A rollback by CloudFormation, or a
deployment of the old template, does: it sends the old location again (managed-flink, rollback).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_PREFIX: Final = re.compile(r"(?!/)[\w!.'()/ -]{1,900}/", re.ASCII)
_ASSET_BUCKET: Final = re.compile(r"cdk-[a-z0-9]{1,10}-.*assets.*")


@dataclass(frozen=True, kw_only=True)
class StoredPackage:
    """One version of one object; ``version_id`` is ``null`` in a bucket without versions."""

    key: str
    version_id: str
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class NeededCode:
    """An object that something needs; without ``object_version``, all versions of it are needed.

    ``needed_by`` says by what, in words; ``is_present`` is True for the code of the present version.
    """

    bucket_name: str
    key: str
    object_version: str
    needed_by: str
    is_present: bool = False

    def is_in(self, bucket_name: str, prefix: str) -> bool:
        """Return True if the object is in this bucket, below this prefix."""
        return self.bucket_name == bucket_name and self.key.startswith(prefix)


@dataclass(frozen=True, kw_only=True)
class KeptPackage:
    """A package that is kept, and why."""

    package: StoredPackage
    reason: str


@dataclass(frozen=True, kw_only=True)
class PackagePlan:
    """The packages to delete, from the oldest on, and those to keep."""

    kept: tuple[KeptPackage, ...]
    deletions: tuple[StoredPackage, ...]


def plan_packages(
    packages: Iterable[StoredPackage], needed: Iterable[NeededCode], *, kept_since: datetime
) -> PackagePlan:
    """Return which packages nobody needs.

    Parameters
    ----------
    packages
        All objects of one bucket and prefix.
    needed
        The objects of the same bucket that are needed.
    kept_since
        Packages that were stored at or after this moment are kept: they may be waiting for their deployment.
    """
    reasons: dict[tuple[str, str], str] = {}
    for each in needed:
        reasons.setdefault((each.key, each.object_version), each.needed_by)
    kept, deletions = [], []
    for package in sorted(packages, key=lambda each: (each.modified_at, each.key, each.version_id)):
        reason = reasons.get((package.key, package.version_id)) or reasons.get((package.key, ""))
        if reason is None and package.modified_at >= kept_since:
            reason = "stored recently"
        if reason is None:
            deletions.append(package)
        else:
            kept.append(KeptPackage(package=package, reason=reason))
    return PackagePlan(kept=tuple(kept), deletions=tuple(deletions))


def check_package_prefix(prefix: str) -> str:
    """Return the beginning of the keys of packages; raise PenstockError for one that may match others' objects."""
    if not _PREFIX.fullmatch(prefix):
        raise PenstockError(
            f"prefix must be a folder such as 'orders/' with a slash at its end and none at its beginning, got"
            f" {prefix!r}: everything below it that no application needs is deleted, so it must hold nothing else"
        )
    return prefix


def check_package_bucket(name: str) -> str:
    """Return the name of a bucket of packages; raise PenstockError for the CDK's bucket of assets."""
    if _ASSET_BUCKET.fullmatch(name):
        raise PenstockError(
            f"bucket {name} is the CDK's bucket of assets: all apps and stacks of the account share it, and an object's"
            " key does not say whose it is, so nothing can be deleted there safely: have `cdk gc` delete assets that"
            " no stack uses, or put packages into a bucket of your own (ApplicationCode.from_bucket)"
        )
    return name


@dataclass(frozen=True, kw_only=True)
class PackageOwner:
    """An application whose packages are in the bucket, and the role that reads its versions."""

    application_name: str
    operator_role_arn: str


@dataclass(frozen=True, kw_only=True)
class PackageCheck:
    """One look at a bucket's packages, as EventBridge Scheduler passes it to the function.

    Parameters
    ----------
    bucket_name, prefix
        The packages.
    owners
        All applications whose packages are there.
    rollback_versions
        For how many of each application's last versions the package is kept.
    min_age_seconds
        The age below which every package is kept.
    dry_run
        True if packages are only named in the log, and not deleted.
    """

    bucket_name: str
    prefix: str
    owners: tuple[PackageOwner, ...]
    rollback_versions: int
    min_age_seconds: int
    dry_run: bool = False
