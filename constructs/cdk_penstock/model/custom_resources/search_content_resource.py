"""The custom resource that keeps roles, index templates and dashboards in an OpenSearch domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.search_content import Content, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class SearchContentResource(CustomResourceProperties):
    """Content of one domain; ``of`` makes it, and ``wanted`` returns the content.

    Parameters
    ----------
    endpoint
        The domain's host name, without ``https://``.
    master_role_arn
        The domain's master user, as which the content is put there.
    content_id
        The same for the resource's whole life.
    content
        All content but the mappings, see ``cdk_penstock.model.search_content.encode``.
    mappings
        Each ``<role of the security plugin>=<ARN of an IAM role>``; apart from the rest, as they refer to roles.
    """

    resource_type: ClassVar[str] = "Custom::PenstockSearchContent"

    endpoint: str
    master_role_arn: str
    content_id: str
    content: str
    mappings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        content: Content,
        *,
        endpoint: str,
        master_role_arn: str,
        content_id: str,
        is_opaque: Callable[[str], bool] = lambda _: False,
    ) -> Self:
        """Return the resource of some content; raises ContentError as ``encode`` does."""
        return cls(
            endpoint=endpoint,
            master_role_arn=master_role_arn,
            content_id=content_id,
            content=encode(content, is_opaque=is_opaque),
            mappings=tuple(f"{role}={arn}" for role, arns in content.mappings.items() for arn in arns),
        )

    @property
    def wanted(self) -> Content:
        """The content; raises PenstockError for mappings of another form."""
        mappings: dict[str, tuple[str, ...]] = {}
        for text in self.mappings:
            role, equals, arn = text.partition("=")
            if not (role and equals and arn):
                raise PenstockError(
                    f"expected Mappings like 'role=arn:aws:iam::…', got {text!r}: set it in the template"
                )
            mappings[role] = (*mappings.get(role, ()), arn)
        return decode(self.content, mappings=mappings)
