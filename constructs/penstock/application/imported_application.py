"""An application that was created elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Token

from penstock.application.flink_application_base import FlinkApplicationBase
from penstock.model.names import check_application_name

if TYPE_CHECKING:
    from constructs import Construct

    from penstock.model.runtimes import FlinkRuntime

__all__ = ("ImportedFlinkApplication",)


class ImportedFlinkApplication(FlinkApplicationBase):
    """An application of the stack's account and Region that another stack, or nobody's stack, has created."""

    def __init__(self, scope: Construct, construct_id: str, *, application_name: str, runtime: FlinkRuntime) -> None:
        super().__init__(scope, construct_id, runtime=runtime)
        if not Token.is_unresolved(application_name):
            check_application_name(application_name)
        self._application_name = application_name
