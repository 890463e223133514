"""Saved queries over the logs of applications, in the console of CloudWatch Logs Insights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_penstock.model.log_queries import APPLICATION_QUERIES

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication


class ApplicationLogQueries(Construct):
    """The saved queries of an application, in a folder with its name.

    The console shows them under *Saved queries*; saving costs nothing, running one costs what it reads (AWS: CloudWatch
    Logs, CWL_Insights-Saving-Queries).

    Parameters
    ----------
    application
        The application whose log they read.
    """

    def __init__(self, scope: Construct, construct_id: str, *, application: FlinkApplication) -> None:
        super().__init__(scope, construct_id)
        for query in APPLICATION_QUERIES:
            logs.CfnQueryDefinition(
                self,
                query.name,
                name=f"penstock/{application.application_name}/{query.name}",
                query_string=f"# {query.answers}\n{query.text}",
                log_group_names=[application.log.group.log_group_name],
            )
