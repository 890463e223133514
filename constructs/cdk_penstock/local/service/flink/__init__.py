"""The jobs of applications on real Flink, one cluster for each application."""

from cdk_penstock.local.service.flink.flink_driver import FlinkDriver

__all__ = ("FlinkDriver",)
