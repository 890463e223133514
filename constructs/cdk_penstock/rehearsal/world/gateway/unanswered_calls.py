"""Calls that no service of the rehearsal answers: they are refused, and named in the result."""

from __future__ import annotations

import threading

from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError


class UnansweredCalls:
    """The calls so far, as sentences."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.count = 0
        """The number of such calls."""
        self._lock = threading.Lock()

    def refuse(self, service: str, operation: str, reason: str) -> ServiceRefusedError:
        """Remember a call, and return the error that its caller gets."""
        sentence = f"{service}:{operation} is not answered by the rehearsal: {reason}"
        self.note(sentence)
        return ServiceRefusedError("NotModelledByTheRehearsal", sentence)

    def note(self, sentence: str) -> None:
        """Remember a call, as a sentence."""
        with self._lock:
            if sentence not in self.sentences:
                self.sentences.append(sentence)
            self.count += 1
