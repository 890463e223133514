"""The CloudFormation resource of an application, which knows what its template will say."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import jsii
from aws_cdk import IStableStringProducer, Lazy, Stack, Token
from aws_cdk.aws_kinesisanalyticsv2 import CfnApplication

from cdk_penstock.foundation.digests import content_digest
from cdk_penstock.model.deployment import Revision


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
        """Return a digest of all that the template says about the application; call it when all is set."""
        return content_digest(Stack.of(self).resolve([self._updated_properties, self._overrides]))

    def lazy_revision(self) -> str:
        """Return a token of the revision, which is taken when the template is written."""
        return Lazy.string(_Revision(self))

    def expected(self) -> dict[str, Any]:
        """Return the fields of a Revision as the template has them, overrides included; call it when all is set.

        Empty for code that is not in S3.
        """
        overrides: dict[str, Any] = {}
        for path, value in self._overrides.items():
            _assign(overrides, path.split("."), value)
        rendered = Stack.of(self).resolve(self._render_properties(self._updated_properties))
        properties = _merge({"Properties": rendered}, overrides)["Properties"]
        content = properties["ApplicationConfiguration"].get("ApplicationCodeConfiguration", {}).get("CodeContent", {})
        location = content.get("S3ContentLocation")
        if location is None:
            return {}
        return {
            "code_bucket_arn": location["BucketARN"],
            "code_key": location["FileKey"],
            "code_version": location.get("ObjectVersion", ""),
            "runtime_environment": properties["RuntimeEnvironment"],
        }

    def lazy_expected(self) -> Revision:
        """Return code and runtime as tokens, which are taken when the template is written."""
        return Revision(**{each.name: Lazy.string(_Expected(self, each.name)) for each in fields(Revision)})


def _assign(overrides: dict[str, Any], path: list[str], value: Any) -> None:
    """Put a value where the CDK's ``addOverride`` does: it takes the place of what was put there, or below, before."""
    *parents, name = path
    for each in parents:
        inner = overrides.get(each)
        overrides = inner if isinstance(inner, dict) else overrides.setdefault(each, {})
    overrides[name] = value


def _merge(rendered: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Return what the CDK renders in the end: objects are merged, None takes away, and all else is replaced."""
    merged = dict(rendered)
    for name, value in overrides.items():
        if isinstance(value, dict):
            inner = merged.get(name)
            merged[name] = _merge(inner if isinstance(inner, dict) else {}, value)
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged


@jsii.implements(IStableStringProducer)
class _Revision:
    def __init__(self, resource: ApplicationResource) -> None:
        self._resource = resource

    def produce(self) -> str:
        return self._resource.revision()


@jsii.implements(IStableStringProducer)
class _Expected:
    def __init__(self, resource: ApplicationResource, field: str) -> None:
        self._resource, self._field = resource, field

    def produce(self) -> str:
        return Token.as_string(self._resource.expected().get(self._field, ""))
