"""A PyFlink application, built from the folder of its job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cdk_penstock.application.application_code import ApplicationCode
from cdk_penstock.application.flink_application import FlinkApplication
from cdk_penstock.application.props import ApplicationPropsError, FlinkApplicationProps, merge_props

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

    from cdk_penstock.application.application_code import CodeBinding
    from cdk_penstock.model.runtimes import FlinkRuntime


class PyFlinkApplicationProps(FlinkApplicationProps, total=False):
    """Every property of a PyFlink application: those of any application, and where its job is."""

    folder: str | Path
    """The job's folder, which is built at synthesis as ``penstock package`` builds it; needs Maven and a JDK unless an
    up-to-date build is there."""
    entry_point: str
    """The Python file at the folder's top that holds the job; ``code`` names its own. Default: ``main.py``."""
    code: ApplicationCode
    """Code that is built already and that MSF starts with Python, instead of ``folder`` and ``entry_point``."""


class PyFlinkApplication(FlinkApplication):
    """A FlinkApplication whose job is written in Python.

    Parameters
    ----------
    props
        PyFlinkApplicationProps, each as a keyword argument; of ``folder`` and ``code`` exactly one.

    Raises ApplicationPropsError, beside what FlinkApplication raises, unless exactly one of folder and code is given,
    for an entry point beside code, for code that is no Python job, and for a runtime without Python.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        folder: str | Path | None = None,
        entry_point: str | None = None,
        code: ApplicationCode | None = None,
        **props: Unpack[FlinkApplicationProps],
    ) -> None:
        problem = merge_props(type(self), props)["runtime"].problem_with_python
        if problem is not None:
            raise ApplicationPropsError(problem)
        super().__init__(scope, construct_id, code=_choose_code(folder, entry_point, code), **props)


class _PythonCode(ApplicationCode):
    """Code that must be a Python job, which is known once it is bound."""

    def __init__(self, code: ApplicationCode) -> None:
        self._code = code

    def bind(self, scope: Construct, runtime: FlinkRuntime) -> CodeBinding:
        binding = self._code.bind(scope, runtime)
        if "python" not in binding.run_options:
            raise ApplicationPropsError(
                f"code of the PyFlink application {scope.node.path} must say which Python file MSF starts, got run"
                f" options {dict(binding.run_options)!r}: pass a zip with a Python job, from_bucket with"
                " pyflink=PyFlinkLayout(), or make a FlinkApplication of a jar"
            )
        return binding


def _choose_code(folder: str | Path | None, entry_point: str | None, code: ApplicationCode | None) -> ApplicationCode:
    if folder is not None and code is None:
        chosen = "main.py" if entry_point is None else entry_point
        return ApplicationCode.from_pyflink_folder(folder, entry_point=chosen)
    if code is not None and folder is None:
        if entry_point is not None:
            raise ApplicationPropsError(
                f"entry_point goes with folder, got entry_point={entry_point!r} beside code: choose it on the code, as"
                f" in ApplicationCode.from_asset('job.zip', entry_point={entry_point!r})"
            )
        return _PythonCode(code)
    raise ApplicationPropsError(
        f"a PyFlink application has either a folder or code, got folder={folder!r} and code={code!r}"
    )
