"""Checks of an application before its runtime is upgraded in place."""

from cdk_penstock.model.runtime_upgrade.upgrade_check import CheckResult, UpgradeCheck
from cdk_penstock.model.runtime_upgrade.upgrade_checks import UpgradeFacts, check_upgrade

__all__ = ("CheckResult", "UpgradeCheck", "UpgradeFacts", "check_upgrade")
