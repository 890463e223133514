"""Records as the JSON texts that the database holds."""

from __future__ import annotations

from functools import lru_cache

from pydantic import TypeAdapter

from cdk_penstock.model.lifecycle.records import Application, ApplicationVersion, Operation, SnapshotRecord
from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotOperation

APPLICATIONS = TypeAdapter(Application)
VERSIONS = TypeAdapter(ApplicationVersion)
OPERATIONS = TypeAdapter(Operation)
SNAPSHOTS = TypeAdapter(SnapshotRecord)
SNAPSHOT_OPERATIONS = TypeAdapter(SnapshotOperation)

# Records are values and never change, while the same ones are read again and again.
application_of = lru_cache(maxsize=256)(APPLICATIONS.validate_json)
version_of = lru_cache(maxsize=256)(VERSIONS.validate_json)
operation_of = lru_cache(maxsize=256)(OPERATIONS.validate_json)
snapshot_of = lru_cache(maxsize=256)(SNAPSHOTS.validate_json)
