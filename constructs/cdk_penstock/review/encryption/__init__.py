"""Principals that can use the key of an application's state, with the reasons, derived from templates alone."""

from __future__ import annotations

from cdk_penstock.review.encryption.result import EncryptionReview, KeyAccess, StepOrder
from cdk_penstock.review.encryption.review import ASSUMPTIONS, review_encryption

__all__ = ("ASSUMPTIONS", "EncryptionReview", "KeyAccess", "StepOrder", "review_encryption")
