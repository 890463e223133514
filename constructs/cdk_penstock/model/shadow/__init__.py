"""A second application that reads the same source, and writes to its own sink."""

from cdk_penstock.model.shadow.property_override import PropertyOverride
from cdk_penstock.model.shadow.shadow_settings import SHADOW_TAG, ShadowSettings

__all__ = ("SHADOW_TAG", "PropertyOverride", "ShadowSettings")
