"""The CloudFormation resource of an application, which knows what its template will say."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import jsii
from aws_cdk import IStableStringProducer, Lazy, Stack
from aws_cdk.aws_kinesisanalyticsv2 import CfnApplication

__all__ = ("ApplicationResource",)


class ApplicationResource(CfnApplication):
    """An ``AWS::KinesisAnalyticsV2::Application`` with a revision, since CloudFormation returns none."""

    def __init__(self, *args: Any, **properties: Any) -> None:
        self._overrides: dict[str, object] = {}
        super().__init__(*args, **properties)

    def add_override(self, path: str, value: Any) -> None:
        """Override what is rendered at the path, as the CDK does; every other kind of override ends here."""
        self._overrides[path] = value
        super().add_override(path, value)

    def revision(self) -> str:
        """Return a digest of all that the template says about the application; call it when everything is said."""
        said = Stack.of(self).resolve([self._updated_properties, self._overrides])
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def lazy_revision(self) -> str:
        """Return a token of the revision, which is taken when the template is written."""
        return Lazy.string(_Revision(self))


@jsii.implements(IStableStringProducer)
class _Revision:
    def __init__(self, resource: ApplicationResource) -> None:
        self._resource = resource

    def produce(self) -> str:
        return self._resource.revision()
