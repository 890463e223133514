"""The custom resource that lets a deployment keep what scaling has made of an application's parallelism."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk_penstock.model.custom_resources.custom_resource_properties import CustomResourceProperties
from cdk_penstock.model.scaling.parallelism_choice import UNKNOWN, TemplateParallelism


@dataclass(frozen=True, kw_only=True)
class KeptParallelismResource(CustomResourceProperties):
    """The template's numbers for an application, which is deployed after this resource with its attributes.

    Parameters
    ----------
    application_name
        The application.
    operator_role_arn
        The role that looks at it.
    parallelism, parallelism_per_kpu, max_kpus, max_parallelism
        As in TemplateParallelism.
    application_revision
        A text that changes with the application's template, so that each of its updates asks again.
    application_references
        The values from elsewhere that the application's template refers to. The deployment knows them, and updates the
        application when one of them changes.
    """

    resource_type: ClassVar[str] = "Custom::PenstockKeptParallelism"

    application_name: str
    operator_role_arn: str
    parallelism: int
    parallelism_per_kpu: int
    max_kpus: int
    max_parallelism: int = UNKNOWN
    application_revision: str = ""
    application_references: str = ""

    @property
    def template(self) -> TemplateParallelism:
        """The template's numbers."""
        return TemplateParallelism(
            parallelism=self.parallelism,
            parallelism_per_kpu=self.parallelism_per_kpu,
            max_kpus=self.max_kpus,
            max_parallelism=self.max_parallelism,
        )
