"""Errors of the local pipeline, each with the fix in its message."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class LocalPipelineError(PenstockError):
    """The base of every error of the local pipeline."""


class ClientSettingError(LocalPipelineError):
    """A setting that the Kafka client does not know, or a value that it does not take."""


class MissingProgramError(LocalPipelineError):
    """A program that the pipeline needs is not installed; the message has the command that installs it."""


class PortInUseError(LocalPipelineError):
    """A port that was asked for is taken by another process."""


class ProcessDiedError(LocalPipelineError):
    """A component ended by itself; the message ends with the tail of its log."""


class StartTimeoutError(LocalPipelineError):
    """A component did not become ready in time; the message ends with the tail of its log."""


class RestError(LocalPipelineError):
    """A component answered a request with an error, or not at all; ``answer`` is the whole text of its answer."""

    def __init__(self, message: str, *, answer: str = "") -> None:
        super().__init__(message)
        self.answer = answer


class PackageError(LocalPipelineError):
    """A job package lacks what the pipeline needs to run it."""


class JobError(LocalPipelineError):
    """A Flink job could not be submitted, failed, or did not reach a state in time."""


class InputFileError(LocalPipelineError):
    """An input file is missing, empty or unreadable."""


class ScenarioError(LocalPipelineError):
    """There is no scenario for the demonstration, several where one was expected, or one that cannot be played so."""


class VerificationError(LocalPipelineError):
    """Output that differs from the output that the input must give."""
