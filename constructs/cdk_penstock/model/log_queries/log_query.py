"""A query of CloudWatch Logs Insights with its name and its purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LogQuery:
    """A query over the log of one application, or of several.

    Parameters
    ----------
    name
        Its name in kebab case.
    answers
        The question that it answers.
    text
        The query, in the language of Logs Insights.
    """

    name: str
    answers: str
    text: str
