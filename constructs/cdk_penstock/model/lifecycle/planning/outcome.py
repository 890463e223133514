"""The ways in which a plan ends."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """The end of a plan; each has an exit code of the command."""

    VERIFIED = "verified"
    """The application runs as asked, and its job has given the evidence."""
    DONE = "done"
    """As asked, without a running job to verify."""
    ROLLED_BACK = "rolled back"
    """The change failed, and MSF's rollback brought the version before back, which is verified."""
    RESTORED = "restored"
    """The change failed, and the version before was put back and started from its snapshot, and is verified."""
    FAILED = "failed"
    """Neither the change nor what was before it runs as it should: somebody has to act."""
    REFUSED = "refused"
    """Nothing was changed."""
