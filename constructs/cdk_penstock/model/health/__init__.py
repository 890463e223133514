"""The health of a job: evidence from Flink, not a status of MSF."""

from cdk_penstock.model.health.health_rules import HealthRules
from cdk_penstock.model.health.job_sample import JobFailure, JobSample, VertexSample
from cdk_penstock.model.health.judging import Health, Verdict, judge

__all__ = ("Health", "HealthRules", "JobFailure", "JobSample", "Verdict", "VertexSample", "judge")
