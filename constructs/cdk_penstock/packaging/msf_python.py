"""MSF's Python: the values of environment markers, and the modules that it already has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.packaging.errors import PackagingError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from cdk_penstock.model.runtimes import FlinkRuntime

MSF_PLATFORMS: Final = (
    "manylinux2014_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux_2_12_x86_64",
    "manylinux_2_5_x86_64",
)
"""Wheel platforms that MSF's workers load (managed-flink, how-python-creating), newest first."""

PROVIDED_BY_MSF: Final = frozenset({"apache-flink", "apache-flink-libraries", "pyflink"})

# fmt: off
PROVIDED_MODULES: Final = frozenset({
    "apache_beam", "avro", "bson", "certifi", "charset_normalizer", "cloudpickle", "crcmod", "dateutil", "dill",
    "dns", "docopt", "dot_parser", "fastavro", "fasteners", "find_libpython", "google", "grpc", "hdfs",
    "httplib2", "idna", "numpy", "objsize", "orjson", "pandas", "pemja", "pip", "pkg_resources", "proto", "py4j",
    "pyarrow", "pydot", "pyflink", "pymongo", "pyparsing", "pytz", "regex", "requests", "ruamel", "setuptools",
    "six", "typing_extensions", "tzdata", "urllib3", "wheel", "zstandard",
})
# fmt: on
"""The modules of PyFlink and its requirements: MSF's Python has them, in versions of MSF's choice."""

_FIRST_AND_LAST_PATCH: Final = ("0", "99")


def marker_environments(runtime: FlinkRuntime) -> list[dict[str, str]]:
    """Return the environment markers of MSF's workers (PEP 508), with the first and the last patch of their Python.

    MSF's documentation names no patch release, no kernel and no Linux distribution.
    """
    return [
        {
            "implementation_name": "cpython",
            "implementation_version": f"{runtime.python_version}.{patch}",
            "os_name": "posix",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{runtime.python_version}.{patch}",
            "python_version": str(runtime.python_version),
            "sys_platform": "linux",
        }
        for patch in _FIRST_AND_LAST_PATCH
    ]


def marker_holds(requirement: Requirement, runtime: FlinkRuntime, *, extra: str = "") -> bool:
    """Return True if MSF's Python needs a requirement, by its marker; the Python that runs here has no influence.

    A marker that depends on the patch release holds if it does for any, so that nothing is missing on MSF. Raises
    PackagingError for a marker that cannot be evaluated.
    """
    marker = requirement.marker
    if marker is None:
        return True
    try:
        return any(marker.evaluate({**known, "extra": extra}) for known in marker_environments(runtime))
    except ValueError as error:
        raise PackagingError(
            f"the marker of {str(requirement)!r} cannot be evaluated for MSF ({error}): remove or change it"
        ) from error
