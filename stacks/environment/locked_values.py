"""Lock file of an environment: values that its first deployment fixes.

Synthesis knows no former value by itself. CloudFormation does, and refuses a change of what another stack imports, but
only in the middle of a deployment.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from pathlib import Path

    from stacks.environment import Environment

_TWO_STEPS: Final = (
    "what uses the one that is deployed cannot move in one deployment. First deploy a new environment with this value,"
    " from a copy of the file under another name, with other names of cluster, workspace and applications, and move"
    " producers and readers there. Then remove this one with `npx cdk destroy '{stage}/*'`. If {name} is not deployed"
    " any more, delete {lock}"
)


class LockedValueError(PenstockError):
    """A value that cannot change while the environment is deployed, or a lock that nobody can read."""


def fixed_values(environment: Environment) -> dict[str, Any]:
    """Return what stays as it is for as long as the environment is deployed, by its key in the file.

    Another value replaces the VPC, its subnets or the cluster while other stacks use them.
    """
    network = environment.network
    own = network.vpc_id is None
    return {
        "network.vpc_id": network.vpc_id,
        "network.cidr": network.cidr if own else None,
        "network.zones": len(network.availability_zones or []) or network.zones if own else None,
        "network.availability_zones": network.availability_zones,
        "events.cluster_name": environment.events.cluster_name,
    }


def lock_path(file: Path) -> Path:
    """Return the lock that belongs to an environment's file: ``prod.lock.json`` beside ``prod.toml``."""
    return file.with_suffix(".lock.json")


def write_lock(file: Path, environment: Environment) -> Path:
    """Write down the values of an environment that is deployed; with a lock that is there, they agree already."""
    lock = lock_path(file)
    lock.write_text(json.dumps(fixed_values(environment), indent=2) + "\n", encoding="utf-8")
    return lock


def check_lock(file: Path, environment: Environment) -> None:
    """Raise LockedValueError for a value that differs from the one in the lock, if there is a lock."""
    lock = lock_path(file)
    if not lock.exists():
        return
    deployed, values = _read(lock), fixed_values(environment)
    if deployed.keys() != values.keys():
        raise LockedValueError(
            f"{lock} has the keys {sorted(deployed)}, expected {sorted(values)}: delete it and write it again"
        )
    for key, value in values.items():
        # Zones that the deployment chose may be named later: they are then the same ones.
        was_chosen = key == "network.availability_zones" and deployed[key] is None
        if value != deployed[key] and not was_chosen:
            steps = _TWO_STEPS.format(stage=environment.stage_name, name=environment.name, lock=lock)
            raise LockedValueError(
                f"{file}: {key}: got {_shown(value)}, deployed is {_shown(deployed[key])} ({lock.name}): {steps}"
            )


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)


def _read(lock: Path) -> dict[str, Any]:
    try:
        deployed = json.loads(lock.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LockedValueError(f"{lock} cannot be read: {error}: delete it and write it again") from error
    return deployed if isinstance(deployed, dict) else {}
