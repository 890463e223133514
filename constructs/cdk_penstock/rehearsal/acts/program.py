"""The acts of a rehearsal, in the order in which they are played in one world."""

from __future__ import annotations

from typing import Final

from cdk_penstock.rehearsal.acts.act import Act
from cdk_penstock.rehearsal.acts.attacks import play_attacks
from cdk_penstock.rehearsal.acts.deployments import (
    play_deletion,
    play_first_deployment,
    play_key_change,
    play_loop,
    play_update,
)
from cdk_penstock.rehearsal.acts.people import play_on_call, play_rotation
from cdk_penstock.rehearsal.acts.triggers import play_triggers

FIRST: Final = Act("deploy", "First deployment", play_first_deployment)
PROGRAM: Final = (
    FIRST,
    Act("triggers", "Functions called by schedules, rules and alarms", play_triggers),
    Act("on-call", "A person on call stops and starts each application", play_on_call),
    Act("attack", "Attackers", play_attacks),
    Act("update", "New code and another parallelism", play_update),
    Act("loop", "A new version whose job fails in a loop", play_loop),
    Act("rotate", "Rotation of each key's material", play_rotation),
    Act("change-key", "Another key for each application", play_key_change),
    Act("delete", "Deletion of all stacks", play_deletion),
)
"""All acts; each goes on with what the ones before it have left."""
