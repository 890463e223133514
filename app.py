"""The CDK app: one Stage per environment, each checked on every synthesis.

``cdk deploy 'Dev/*'`` deploys one Stage; ``-c env=dev`` synthesizes no other. ``-c lock=dev`` writes down what its
deployment has fixed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# The jsii runtime announces Node 20's end of life on every start; it reads this when aws_cdk is imported.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

from aws_cdk import App

from cdk_penstock.model.errors import PenstockError
from stacks.environment.files import load_environments
from stacks.environment.locked_values import write_lock
from stacks.penstock_stage import PenstockStage

ENVIRONMENTS = Path(__file__).resolve().parent / "environments"


def add_stages(app: App) -> App:
    """Add the Stages of the chosen environments, and write the lock of one where that is asked for."""
    locked = app.node.try_get_context("lock")
    if locked is not None:
        for environment in load_environments(ENVIRONMENTS, only=locked):
            write_lock(ENVIRONMENTS / f"{environment.name}.toml", environment)
    for environment in load_environments(ENVIRONMENTS, only=app.node.try_get_context("env")):
        PenstockStage(app, environment=environment)
    return app


def build_app(app: App) -> App:
    """Add the Stages of the chosen environments, and the checks that every synthesis runs."""
    from cdk_penstock.checks import add_checks  # noqa: PLC0415 (cdk-nag takes a while to load)

    add_checks(add_stages(app))
    return app


if __name__ == "__main__":
    try:
        build_app(App()).synth()
    except PenstockError as error:
        sys.exit(f"error: {error}")
