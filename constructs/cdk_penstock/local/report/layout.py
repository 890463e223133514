"""The arrangement of a report: which metrics it shows, and by which of their labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One picture: a metric, summed over all labels but one."""

    metric: str
    label: str
    title: str
    unit: str

    @property
    def file_name(self) -> str:
        """The picture's file name."""
        return f"{self.metric}_by_{self.label}.png"


@dataclass(frozen=True, kw_only=True)
class ReportLayout:
    """Metrics of a job in a report, and their order.

    Parameters
    ----------
    title
        The page's heading.
    by
        The label that the tables have a line for each value of.
    over
        The label that the tables sum over.
    plots
        The pictures, of every metric at least one.
    """

    title: str
    by: str
    over: str
    plots: tuple[Plot, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, in the order of the pictures."""
        return tuple(dict.fromkeys(plot.metric for plot in self.plots))

    @property
    def labels(self) -> tuple[str, str]:
        """The labels of every series."""
        return self.by, self.over
