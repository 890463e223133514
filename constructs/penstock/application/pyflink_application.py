"""A PyFlink application, built from the folder of its job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from penstock.application.application_code import ApplicationCode
from penstock.application.flink_application import FlinkApplication
from penstock.application.props import ApplicationPropsError, FlinkApplicationProps, merge_props

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

__all__ = ("PyFlinkApplication", "PyFlinkApplicationProps")


class PyFlinkApplicationProps(FlinkApplicationProps, total=False):
    """Every property of a PyFlink application: those of any application, and where its job is."""

    folder: str | Path
    """The job's folder, which is built at synthesis as ``penstock package`` builds it; needs Maven and a JDK unless an
    up-to-date build is there."""
    entry_point: str
    """The Python file at the folder's top that holds the job. Default: ``main.py``."""
    code: ApplicationCode
    """Code that is built already, instead of ``folder`` and ``entry_point``."""


class PyFlinkApplication(FlinkApplication):
    """A FlinkApplication whose job is written in Python.

    Parameters
    ----------
    props
        PyFlinkApplicationProps, each as a keyword argument; of ``folder`` and ``code`` exactly one.

    Raises ApplicationPropsError, beside what FlinkApplication raises, unless exactly one of folder and code is given,
    and for a runtime without Python.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: str | Path | None = None,
        entry_point: str = "main.py",
        code: ApplicationCode | None = None,
        **props: Unpack[FlinkApplicationProps],
    ) -> None:
        runtime = merge_props(type(self), props)["runtime"]
        if runtime.python_version is None:
            message = f"runtime {runtime.identifier} runs no Python jobs: use FLINK-1_20 or later"
            raise ApplicationPropsError(message)
        super().__init__(scope, construct_id, code=_choose_code(folder, entry_point, code), **props)


def _choose_code(folder: str | Path | None, entry_point: str, code: ApplicationCode | None) -> ApplicationCode:
    if folder is not None and code is None:
        return ApplicationCode.from_pyflink_folder(folder, entry_point=entry_point)
    if code is not None and folder is None:
        return code
    message = f"a PyFlink application has either a folder or code, got folder={folder!r} and code={code!r}"
    raise ApplicationPropsError(message)
