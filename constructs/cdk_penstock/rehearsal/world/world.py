"""The world of a rehearsal, put together."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from cdk_penstock.local.service.object_store import ObjectStore
from cdk_penstock.model.lifecycle.switches import Switches
from cdk_penstock.rehearsal.functions.functions import Functions
from cdk_penstock.rehearsal.timeline import Timeline
from cdk_penstock.rehearsal.world.authority import Authority
from cdk_penstock.rehearsal.world.authority_policies import AuthorityPolicies
from cdk_penstock.rehearsal.world.gateway.http_gateway import HttpGateway
from cdk_penstock.rehearsal.world.iam_roles import Iam
from cdk_penstock.rehearsal.world.kms.kms_service import KmsService
from cdk_penstock.rehearsal.world.kms.stored_keys import StoredKeys
from cdk_penstock.rehearsal.world.msf.flink_jobs import FlinkJobs
from cdk_penstock.rehearsal.world.msf.simulated_jobs import SimulatedJobs
from cdk_penstock.rehearsal.world.msf.world_msf import WorldMsf
from cdk_penstock.rehearsal.world.play_clocks import MachineClock, PlayClock, VirtualClock
from cdk_penstock.rehearsal.world.resource_records import ResourceRecords
from cdk_penstock.rehearsal.world.sessions_of_play import SessionsOfPlay

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.rehearsal.world.msf.flink_jobs import FlinkOfPlay
    from cdk_penstock.rehearsal.world.msf.job_launches import PlayedJobs
    from cdk_penstock.rehearsal.world.state_machines import StateMachine

_TRANSITION_SECONDS: Final = 20.0
"""The time that a status such as STARTING lasts at least; on MSF it is minutes."""


@dataclass(frozen=True, kw_only=True)
class WorldOptions:
    """Answers to what is not known of AWS; each is shown in the result.

    Parameters
    ----------
    msf
        Those about MSF.
    msf_needs_both_policies
        True: MSF's calls of KMS for its caller need the caller's identity policies as well as the key's policy, as
        MSF's guide says. False: IAM's rule, by which a key's policy that names the caller is enough.
    rollback_follows_dependencies
        True: CloudFormation rolls an update back as an update to the template before, what others need first. False: it
        undoes the last change first.
    """

    msf: Switches = field(default_factory=Switches)
    msf_needs_both_policies: bool = True
    rollback_follows_dependencies: bool = True


class World:
    """Roles, keys, objects, applications and functions, and the policies that decide about them.

    Parameters
    ----------
    folder
        A folder for objects and code, which belongs to the rehearsal alone.
    options
        Answers to what is not known.
    flink
        The Flink that runs the jobs, on this machine's clock. Default: jobs are simulated, and time is too.
    """

    def __init__(self, folder: Path, options: WorldOptions | None = None, *, flink: FlinkOfPlay | None = None) -> None:
        self.folder = folder
        self.options = options or WorldOptions()
        self._flink = flink
        self.lock = threading.RLock()
        """Held by whoever answers a call at the gateway."""
        self.clock: PlayClock = VirtualClock() if flink is None else MachineClock()
        self.timeline = Timeline(self.clock.of_play)
        self.iam = Iam()
        self.authority = Authority(self.iam, self.timeline)
        self.objects = ObjectStore(folder / "buckets")
        self.sessions = SessionsOfPlay()
        keys = StoredKeys(self.authority, self.iam, self.clock)
        self.kms = KmsService(keys)
        self.policies = AuthorityPolicies(
            self.authority, self.sessions, keys, needs_both_policies=self.options.msf_needs_both_policies
        )
        self.msf_answers = WorldMsf(
            folder / "msf",
            authority=self.authority,
            timeline=self.timeline,
            clock=self.clock,
            objects=self.objects,
            policies=self.policies,
            switches=self.options.msf,
            new_jobs=self._new_jobs,
            # Flink takes its own time.
            transition_seconds=_TRANSITION_SECONDS if flink is None else 0.0,
        )
        self.msf = self.msf_answers.service
        self.msf_operations = self.msf_answers.operations
        self.behaviours = self.msf_answers.behaviours
        """The behaviours of jobs."""
        self.clock.on_tick = self.msf_answers.carry_on
        self.stack_statuses: dict[str, str] = {}
        """Status of each stack by its ARN, as DescribeStacks shows it."""
        self.log_groups: set[str] = set()
        """Names of the log groups."""
        self.log_streams: set[tuple[str, str]] = set()
        """Log streams: the name of the group, and that of the stream."""
        self.records = ResourceRecords()
        """Resources whose type is modelled here by name only, and a few others."""
        self.functions = Functions(self)
        self.gateway = HttpGateway(self)
        self.state_machines: dict[str, StateMachine] = {}
        """State machines by ARN."""
        self.assets: dict[tuple[str, str], Path] = {}
        """Folders and files of the assembly's assets, by bucket and key."""

    def __enter__(self) -> Self:
        """Start the gateway, and what jobs on Flink need."""
        try:
            self.gateway.start()
            self.msf_answers.driver.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes of functions and of jobs, and the gateway."""
        with ExitStack() as ends:
            ends.callback(self.gateway.stop)
            ends.callback(self.msf_answers.driver.close)
            ends.callback(self.functions.close)

    def _new_jobs(self, folder: Path) -> PlayedJobs:
        if self._flink is None:
            return SimulatedJobs(folder, clock=self.clock)
        return FlinkJobs(folder, self, self._flink)
