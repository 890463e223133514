"""Policies of the role with which CloudFormation deploys, derived from templates alone."""

from __future__ import annotations

from cdk_penstock.review.execution.policies import ExecutionPolicies, ExecutionPolicyError, execution_policies

__all__ = ("ExecutionPolicies", "ExecutionPolicyError", "execution_policies")
