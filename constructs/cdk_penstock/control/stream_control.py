"""The shards of one Kinesis stream.

End states. A refused call changes nothing. An accepted one goes on by itself, also if its caller is killed, and readers
and writers go on meanwhile. Every call of ``scale`` begins with the present number of shards, so that it can be
repeated at any time, and continues what was interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import ClientError

from cdk_penstock.control.errors import (
    BusyError,
    ControlError,
    MissingPermissionError,
    code_of,
    is_busy,
    is_permission_trouble,
)
from cdk_penstock.model.shard_plan import CALLS_A_DAY, AccountShards, plan_shards

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.control.clients import Clock, Response

_POLL_SECONDS: Final = 10.0
_ON_DEMAND: Final = "ON_DEMAND"


class KinesisClient(Protocol):
    """The client ``kinesis``, with the credentials of whoever scales the stream."""

    def describe_stream_summary(self, **request: Any) -> Response:
        """Return StreamDescriptionSummary."""

    def describe_limits(self, **request: Any) -> Response:
        """Return ShardLimit and OpenShardCount of the account."""

    def update_shard_count(self, **request: Any) -> Response:
        """Return the present and the wanted number of shards."""


@dataclass(frozen=True, kw_only=True)
class StreamSummary:
    """A stream as Kinesis describes it; ``shards`` are those that are open for writing."""

    name: str
    arn: str
    status: str
    is_on_demand: bool
    shards: int
    retention_hours: int
    fan_out_consumers: int

    @property
    def is_active(self) -> bool:
        """True if the stream can be changed."""
        return self.status == "ACTIVE"


class StreamControl:
    """The shards of a stream.

    Parameters
    ----------
    client
        ``kinesis``.
    stream
        The stream's name or ARN.
    clock
        The time.
    """

    def __init__(self, client: KinesisClient, stream: str, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._stream = {"StreamARN": stream} if stream.startswith("arn:") else {"StreamName": stream}
        self._name = stream.rpartition("/")[2]

    def describe(self) -> StreamSummary:
        """Return the stream; raise ControlError where there is none."""
        answer = self._call(
            self._client.describe_stream_summary, f"describe stream {self._name} (kinesis:DescribeStreamSummary)"
        )
        found = answer["StreamDescriptionSummary"]
        return StreamSummary(
            name=found["StreamName"],
            arn=found["StreamARN"],
            status=found["StreamStatus"],
            is_on_demand=found.get("StreamModeDetails", {}).get("StreamMode") == _ON_DEMAND,
            shards=found["OpenShardCount"],
            retention_hours=found["RetentionPeriodHours"],
            fan_out_consumers=found.get("ConsumerCount", 0),
        )

    def account(self) -> AccountShards | None:
        """Return the shards of the account, None where the caller may not see them."""
        try:
            answer = self._client.describe_limits()
        except ClientError as error:
            if is_permission_trouble(error) or code_of(error) == "LimitExceededException":
                return None
            raise _explained(error, "read the account's quota of shards (kinesis:DescribeLimits)") from error
        return AccountShards(quota=answer["ShardLimit"], in_use=answer["OpenShardCount"])

    def plan(self, target: int) -> tuple[StreamSummary, tuple[int, ...]]:
        """Return the stream, and the number of shards after each step to a target.

        Raises ControlError for a stream on demand, KinesisError as plan_shards does.
        """
        stream = self.describe()
        if stream.is_on_demand:
            raise ControlError(
                f"stream {stream.name} is on demand: Kinesis scales it by itself, and has no number of shards to set;"
                " for a fixed number, change its capacity to provisioned"
            )
        return stream, plan_shards(stream.shards, target, account=self.account())

    def scale(
        self,
        target: int,
        *,
        step_timeout_seconds: float,
        progress: Callable[[StreamSummary, int], None] = lambda _stream, _target: None,
    ) -> StreamSummary:
        """Take the steps to a number of shards, and return the stream when it has them and is ACTIVE.

        Parameters
        ----------
        target
            The number of shards.
        step_timeout_seconds
            How long a step may take.
        progress
            Called before each step, with the stream and the number of shards that the step leads to.

        Raises ControlError for a step that takes longer, which goes on by itself, and when Kinesis takes no more steps
        today.
        """
        for _ in range(CALLS_A_DAY + 1):
            stream = self._wait(step_timeout_seconds)
            _, steps = self.plan(target)
            if not steps:
                return stream
            progress(stream, steps[0])
            self._step(stream, steps[0])
        raise ControlError(
            f"stream {self._name} has not reached {target} shards in {CALLS_A_DAY} steps: somebody else scales it too,"
            " perhaps a schedule; end that, and run this again"
        )

    def _step(self, stream: StreamSummary, shards: int) -> None:
        try:
            self._client.update_shard_count(**self._stream, TargetShardCount=shards, ScalingType="UNIFORM_SCALING")
        except ClientError as error:
            code = code_of(error)
            if code == "ResourceInUseException":
                # Another change began since the stream was described: the next look waits for it.
                return
            if code == "LimitExceededException":
                raise ControlError(
                    f"Kinesis takes no more steps for stream {stream.name} now, which has {stream.shards} shards: it"
                    f" takes {CALLS_A_DAY} in 24 hours, and no more shards than the account's quota; run this again"
                    f" later, and it goes on from there. Kinesis answered {_text(error)}"
                ) from error
            raise _explained(error, f"scale stream {stream.name} to {shards} shards") from error
        self._clock.sleep(_POLL_SECONDS)

    def _wait(self, timeout_seconds: float) -> StreamSummary:
        end = self._clock.now() + timedelta(seconds=timeout_seconds)
        while True:
            stream = self.describe()
            if stream.is_active:
                return stream
            if self._clock.now() >= end:
                raise ControlError(
                    f"stream {stream.name} is still {stream.status} with {stream.shards} shards after"
                    f" {timeout_seconds:.0f} s, and goes on by itself: run this again to wait further"
                )
            self._clock.sleep(_POLL_SECONDS)

    def _call(self, call: Callable[..., Response], action: str) -> Response:
        try:
            return call(**self._stream)
        except ClientError as error:
            raise _explained(error, action) from error


def _explained(error: ClientError, action: str) -> ControlError:
    answer = f"Kinesis answered {_text(error)}"
    if is_busy(error):
        return BusyError(f"cannot {action}: AWS throttles or fails inside: try again. {answer}")
    if is_permission_trouble(error):
        return MissingPermissionError(f"cannot {action}: permission is missing; nothing was changed. {answer}")
    if code_of(error) == "ResourceNotFoundException":
        return ControlError(
            f"cannot {action}: there is no such stream in this account and Region: check the name, the Region and the"
            f" account. {answer}"
        )
    return ControlError(f"cannot {action}; nothing was changed. {answer}")


def _text(error: ClientError) -> str:
    return f"{code_of(error)}: {error.response.get('Error', {}).get('Message', '')}"
