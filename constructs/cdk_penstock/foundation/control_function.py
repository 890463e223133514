"""A Lambda function that is not a custom resource's: a schedule, an alarm or a rule calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cdk_penstock.foundation.handler_construct import HandlerConstruct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from cdk_penstock.foundation.handler_construct import HandlerOptions


class ControlFunction(HandlerConstruct):
    """The function ``handle`` of a module of ``cdk_penstock.handlers``.

    One call of it takes ten minutes at most.

    Parameters
    ----------
    environment
        Environment variables of the function, beside penstock's own. Default: none.
    options
        HandlerOptions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Mapping[str, str] | None = None,
        **options: Unpack[HandlerOptions],
    ) -> None:
        super().__init__(scope, construct_id, **options)
        self.function = self._build_function("Function", "handle", environment=environment)
