"""Resources that have no effect at all."""

from __future__ import annotations

from cdk_penstock.rehearsal.providers.named_only import NamedOnly


class NothingToProve(NamedOnly):
    """Makes resources without an effect, such as the CDK's metadata."""

    left_out = ""


PROVIDERS = {"AWS::CDK::Metadata": NothingToProve, "AWS::CloudFormation::WaitConditionHandle": NothingToProve}
