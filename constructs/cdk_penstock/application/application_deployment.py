"""The order in which one deployment gives an application its key and starts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Stack
from constructs import DependencyGroup

from cdk_penstock.application.props import ApplicationPropsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import IConstruct, IDependable


@dataclass(frozen=True, kw_only=True)
class ApplicationKeyUpdate:
    """The customer managed key that a deployment puts an application under, and the update that does it.

    Parameters
    ----------
    key_arn
        The key.
    update
        The resource that puts the application under the key.
    closed_key
        The key before it, if this deployment closes it.
    """

    key_arn: str
    update: IDependable
    closed_key: IConstruct | None = None


class ApplicationDeployment:
    """The key and the start of one application, so that the key comes first and the start last.

    Parameters
    ----------
    application
        The application.
    """

    def __init__(self, application: IConstruct) -> None:
        self._application = application
        self._key: ApplicationKeyUpdate | None = None
        self._is_started = False
        self._run_dependencies = DependencyGroup()

    @property
    def key(self) -> ApplicationKeyUpdate | None:
        """The customer managed key that the deployment puts the application under, None for the AWS-owned one."""
        return self._key

    @property
    def run_dependencies(self) -> IDependable:
        """Everything that the job needs while it runs; it goes only after the job has stopped."""
        return self._run_dependencies

    def use_key(self, key: ApplicationKeyUpdate) -> None:
        """Record the key; raises ApplicationPropsError as refuse_another_key does."""
        self.refuse_another_key()
        self._key = key

    def refuse_another_key(self) -> None:
        """Raise ApplicationPropsError if there is a key already, or the start was made before its key."""
        path = self._application.node.path
        if self._key is not None:
            raise ApplicationPropsError(
                f"application {path} has a customer managed key already: give it one encryption"
            )
        if self._is_started:
            raise ApplicationPropsError(
                f"application {path} is started before its key is in place, so that it would write data under the"
                " AWS-owned key: create the encryption before the start"
            )

    def record_start(self) -> None:
        """Record that the deployment starts the application; raises ApplicationPropsError for a second start."""
        if self._is_started:
            raise ApplicationPropsError(
                f"application {self._application.node.path} is started already: give it one start"
            )
        self._is_started = True

    def add_run_dependencies(self, constructs: Iterable[IConstruct | None]) -> None:
        """Add what the job needs while it runs; None, and constructs of other stacks, are passed over."""
        stack = Stack.of(self._application).node.path
        for each in constructs:
            if each is not None and Stack.of(each).node.path == stack:
                self._run_dependencies.add(each)
