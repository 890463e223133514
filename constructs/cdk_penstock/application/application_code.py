"""The code of an application, from a file, a bucket or the folder of a job."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, Stack
from aws_cdk import aws_kinesisanalyticsv2 as kinesisanalytics
from aws_cdk import aws_s3_assets as s3_assets

from cdk_penstock.foundation.elsewhere import OTHER_ACCOUNT_WARNING, is_of_other_account, is_of_other_region, shown_arn
from cdk_penstock.packaging.code_archive import CodeArchive, PyFlinkLayout
from cdk_penstock.packaging.code_archive_checks import check_archive, check_entry_point
from cdk_penstock.packaging.pyflink_builder import build_package
from cdk_penstock.packaging.pyflink_project import PyFlinkProject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from cdk_penstock.model.runtimes import FlinkRuntime

UNVERSIONED_CODE_WARNING: Final = "penstock:codeWithoutVersion"
OTHER_REGION_WARNING: Final = "penstock:codeInOtherRegion"


@dataclass(frozen=True, kw_only=True)
class CodeBinding:
    """The code object as the application and its execution role need it.

    Parameters
    ----------
    bucket
        The bucket that holds it.
    object_key, object_version
        The object in the bucket. Without a version: the newest one at the time of the deployment.
    encryption_key
        Customer managed key of the object, None if S3 manages its key.
    run_options
        The property group ``kinesis.analytics.flink.run.options`` of a Python job, empty for a jar.
    """

    bucket: s3.IBucket
    object_key: str
    object_version: str | None = None
    encryption_key: kms.IKey | None = None
    run_options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def object_arn(self) -> str:
        """The ARN of exactly this object."""
        return self.bucket.arn_for_objects(self.object_key)

    def configuration(self) -> kinesisanalytics.CfnApplication.ApplicationCodeConfigurationProperty:
        """Return what the application's template says about it."""
        return kinesisanalytics.CfnApplication.ApplicationCodeConfigurationProperty(
            code_content_type="ZIPFILE",
            code_content=kinesisanalytics.CfnApplication.CodeContentProperty(
                s3_content_location=kinesisanalytics.CfnApplication.S3ContentLocationProperty(
                    bucket_arn=self.bucket.bucket_arn,
                    file_key=self.object_key,
                    object_version=self.object_version,
                )
            ),
        )


class ApplicationCode(ABC):
    """An application's code, made by one of the static factories; subclass it for a source of your own."""

    @abstractmethod
    def bind(self, scope: Construct, runtime: FlinkRuntime) -> CodeBinding:
        """Make the code available to the application in this scope, and return where it is."""

    @staticmethod
    def from_asset(
        path: str | Path, *, entry_point: str = "main.py", bucket_encryption_key: kms.IKey | None = None
    ) -> ApplicationCode:
        """Use a file that is already built: a job's jar, or the zip of a PyFlink job; it needs no Java and no Maven.

        The CDK uploads it under the hash of its content, so a changed file is a changed application. The file
        is checked as MSF and Flink would check it, see ``penstock package``.

        Parameters
        ----------
        path
            The ``.jar`` or ``.zip``.
        entry_point
            The Python file in the zip that holds the job; a jar has none.
        bucket_encryption_key
            Key of the CDK's asset bucket, if the account was bootstrapped with a customer managed key.
        """
        return _AssetCode(Path(path), entry_point, bucket_encryption_key)

    @staticmethod
    def from_bucket(
        bucket: s3.IBucket,
        object_key: str,
        *,
        object_version: str | None = None,
        pyflink: PyFlinkLayout | None = None,
    ) -> ApplicationCode:
        """Use an object that a pipeline has put into a bucket.

        Parameters
        ----------
        bucket
            The bucket. If it has a customer managed key, import it with ``encryption_key``.
        object_key, object_version
            The object. Without a version, a new object of that name does not update the application; a warning says so.
        pyflink
            Paths in the zip of a PyFlink job. Leave it out for a jar.
        """
        return _BucketCode(bucket, object_key, object_version, pyflink)

    @staticmethod
    def from_pyflink_folder(
        folder: str | Path, *, entry_point: str = "main.py", bucket_encryption_key: kms.IKey | None = None
    ) -> ApplicationCode:
        """Build the zip of a PyFlink job from its folder, see ``cdk_penstock.packaging``; needs Maven and a JDK.

        Parameters
        ----------
        folder
            The folder with the entry point, the job's packages, ``pom.xml`` and perhaps ``requirements.txt``.
        entry_point
            The Python file at the folder's top that holds the job.
        bucket_encryption_key
            As in ``from_asset``.
        """
        return _PyFlinkFolderCode(Path(folder), entry_point, bucket_encryption_key)


class _AssetCode(ApplicationCode):
    def __init__(self, path: Path, entry_point: str, bucket_encryption_key: kms.IKey | None) -> None:
        self._path = path
        self._entry_point = entry_point
        self._bucket_encryption_key = bucket_encryption_key

    def __repr__(self) -> str:
        return f"ApplicationCode.from_asset({str(self._path)!r})"

    def bind(self, scope: Construct, runtime: FlinkRuntime) -> CodeBinding:
        archive = CodeArchive.open(self._path)
        check_archive(archive, runtime=runtime, entry_point=self._entry_point)
        return _bind_archive(scope, archive, self._entry_point, self._bucket_encryption_key)


class _BucketCode(ApplicationCode):
    def __init__(
        self, bucket: s3.IBucket, object_key: str, object_version: str | None, pyflink: PyFlinkLayout | None
    ) -> None:
        self._bucket = bucket
        self._object_key = object_key
        self._object_version = object_version
        self._pyflink = pyflink

    def __repr__(self) -> str:
        return f"ApplicationCode.from_bucket(..., {self._object_key!r})"

    def bind(self, scope: Construct, runtime: FlinkRuntime) -> CodeBinding:  # noqa: ARG002 - an object is not opened
        if self._object_version is None:
            Annotations.of(scope).add_warning_v2(
                UNVERSIONED_CODE_WARNING,
                f"code {self._object_key!r} has no version: overwriting the object will not update the application;"
                " pass object_version, or put each build under another key and acknowledge this warning",
            )
        self._warn_of_other_place(scope)
        return CodeBinding(
            bucket=self._bucket,
            object_key=self._object_key,
            object_version=self._object_version,
            encryption_key=self._bucket.encryption_key,
            run_options=self._pyflink.run_options() if self._pyflink else {},
        )

    def _warn_of_other_place(self, scope: Construct) -> None:
        place = self._bucket.env
        code = shown_arn(scope, self._bucket.arn_for_objects(self._object_key))
        if is_of_other_account(scope, place.account):
            Annotations.of(scope).add_warning_v2(
                OTHER_ACCOUNT_WARNING,
                f"the bucket of code {self._object_key!r} is of account {place.account}: have its policy allow the"
                f" application's execution role s3:GetObject and s3:GetObjectVersion on"
                f" {code}, and the policy of its key, if it has one,"
                " kms:Decrypt",
            )
        if is_of_other_region(scope, place.region):
            Annotations.of(scope).add_warning_v2(
                OTHER_REGION_WARNING,
                f"the bucket of code {self._object_key!r} is in {place.region}, and MSF reads code from a bucket in the"
                f" application's Region: copy the object to one in {Stack.of(scope).region}",
            )


class _PyFlinkFolderCode(ApplicationCode):
    def __init__(self, folder: Path, entry_point: str, bucket_encryption_key: kms.IKey | None) -> None:
        self._folder = folder
        self._entry_point = entry_point
        self._bucket_encryption_key = bucket_encryption_key

    def __repr__(self) -> str:
        return f"ApplicationCode.from_pyflink_folder({str(self._folder)!r})"

    def bind(self, scope: Construct, runtime: FlinkRuntime) -> CodeBinding:
        project = PyFlinkProject(self._folder)
        project.check_entry_point(self._entry_point)
        archive = CodeArchive.open(build_package(project, runtime=runtime).path)
        check_entry_point(archive, runtime=runtime, entry_point=self._entry_point, shown_as=self._folder)
        return _bind_archive(scope, archive, self._entry_point, self._bucket_encryption_key)


def _bind_archive(
    scope: Construct, archive: CodeArchive, entry_point: str, encryption_key: kms.IKey | None
) -> CodeBinding:
    asset = s3_assets.Asset(scope, "Code", path=str(archive.path))
    layout = PyFlinkLayout.of(archive, entry_point=entry_point) if archive.is_python else None
    return CodeBinding(
        bucket=asset.bucket,
        object_key=asset.s3_object_key,
        encryption_key=encryption_key,
        run_options=layout.run_options() if layout else {},
    )
