"""The providers of all resource types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.rehearsal.providers import (
    bucket_providers,
    iam_policy_providers,
    iam_role_provider,
    kms_resources,
    lambda_providers,
    log_providers,
    msf_resources,
    nothing_to_prove,
    state_machine_provider,
)
from cdk_penstock.rehearsal.providers.named_only import NamedOnly
from cdk_penstock.review.execution.platform_calls import is_custom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.rehearsal.engine.resources import ResourceProvider
    from cdk_penstock.rehearsal.world.world import World

    Factory = Callable[[World], ResourceProvider]

_MODELLED: Final[Mapping[str, Factory]] = {
    **bucket_providers.PROVIDERS,
    **iam_policy_providers.PROVIDERS,
    **iam_role_provider.PROVIDERS,
    **kms_resources.PROVIDERS,
    **lambda_providers.PROVIDERS,
    **log_providers.PROVIDERS,
    **msf_resources.PROVIDERS,
    **nothing_to_prove.PROVIDERS,
    **state_machine_provider.PROVIDERS,
}


class ProviderRegistry:
    """The providers of one world: those of modelled types, the one of custom resources, and all others in name only.

    Parameters
    ----------
    world
        The world.
    custom_resources
        The provider of custom resources.
    """

    def __init__(self, world: World, custom_resources: ResourceProvider) -> None:
        self._world = world
        self._custom_resources = custom_resources
        self._providers: dict[str, ResourceProvider] = {}

    def provider_of(self, resource_type: str) -> ResourceProvider:
        """Return the provider of a resource type."""
        if is_custom(resource_type):
            return self._custom_resources
        if resource_type not in self._providers:
            self._providers[resource_type] = _MODELLED.get(resource_type, NamedOnly)(self._world)
        return self._providers[resource_type]
