"""Builder of the code archive of a PyFlink job, without Docker, and checks of code archives."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.packaging.code_archive import CodeArchive, PyFlinkLayout
from cdk_penstock.packaging.code_archive_checks import check_archive, check_entry_point, find_problems
from cdk_penstock.packaging.errors import PackagingError
from cdk_penstock.packaging.pyflink_builder import PyFlinkPackage, build_package
from cdk_penstock.packaging.pyflink_project import PyFlinkProject

__all__ = (
    "CodeArchive",
    "PackagingError",
    "PyFlinkLayout",
    "PyFlinkPackage",
    "PyFlinkProject",
    "build_package",
    "check_archive",
    "check_entry_point",
    "find_problems",
)

check_arguments(globals())
