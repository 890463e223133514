"""The parallelism of a deployment, for any history of templates and scaling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.scaling.parallelism_choice import TemplateParallelism, choose_parallelism, restore_parallelism
from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings
from cdk_penstock.model.sizing import SizingError

numbers = st.integers(1, 64)
templates = st.builds(
    TemplateParallelism, parallelism=numbers, parallelism_per_kpu=st.integers(1, 8), max_kpus=st.just(64)
)
settings = st.builds(
    ParallelismSettings,
    parallelism=numbers,
    parallelism_per_kpu=st.integers(1, 8),
    current_parallelism=st.none() | numbers,
)


@given(templates, templates, settings)
def test_only_a_changed_number_of_the_template_changes_what_the_application_has(
    template: TemplateParallelism, before: TemplateParallelism, present: ParallelismSettings
) -> None:
    choice = choose_parallelism(template, before=before, present=present)
    assert choice.parallelism == (
        present.parallelism if template.parallelism == before.parallelism else template.parallelism
    )
    assert choice.parallelism_per_kpu == (
        present.parallelism_per_kpu
        if template.parallelism_per_kpu == before.parallelism_per_kpu
        else template.parallelism_per_kpu
    )


@given(templates, settings)
def test_a_deployment_of_the_same_template_again_changes_nothing(
    template: TemplateParallelism, present: ParallelismSettings
) -> None:
    choice = choose_parallelism(template, before=template, present=present)
    assert (choice.parallelism, choice.parallelism_per_kpu) == (present.parallelism, present.parallelism_per_kpu)
    assert restore_parallelism(present).parallelism == choice.parallelism


@given(templates, templates, settings)
def test_the_template_decides_at_first(
    template: TemplateParallelism, before: TemplateParallelism, present: ParallelismSettings
) -> None:
    for choice in (
        choose_parallelism(template, before=None, present=present),
        choose_parallelism(template, before=before, present=None),
    ):
        assert (choice.parallelism, choice.parallelism_per_kpu) == (template.parallelism, template.parallelism_per_kpu)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_kpus": 8}, "needs 32 KPUs, max_kpus is 8: .* or scale the application before the deployment"),
        ({"max_parallelism": 16}, "is 32, expected at most the job's maximum parallelism 16"),
    ],
)
def test_limits_of_the_template_are_not_broken_by_what_is_kept(limits: dict[str, int], message: str) -> None:
    given_limits: dict[str, Any] = {"parallelism": 1, "parallelism_per_kpu": 1, "max_kpus": 64} | limits
    template = TemplateParallelism(**given_limits)
    with pytest.raises(SizingError, match=message):
        choose_parallelism(template, before=template, present=ParallelismSettings(parallelism=32))
