"""The tables of the service's database."""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 2
"""Raised with each change of the tables: records of another version are refused."""
SCHEMA: Final = """
create table if not exists applications (
    number integer primary key autoincrement,
    uid text not null unique,
    arn text not null unique,
    scope text not null,
    is_active integer not null,
    document text not null
);
create index if not exists applications_by_scope on applications (scope, number);
create index if not exists active_applications on applications (number) where is_active;
create table if not exists versions (
    application_uid text not null,
    version_id integer not null,
    document text not null,
    primary key (application_uid, version_id)
) without rowid;
create table if not exists operations (
    number integer primary key autoincrement,
    application_uid text not null,
    operation_id text not null unique,
    name text not null,
    status text not null,
    document text not null
);
create index if not exists operations_of_application on operations (application_uid, number);
create table if not exists snapshots (
    number integer primary key autoincrement,
    uid text not null unique,
    application_uid text not null,
    scope text not null,
    is_enhanced integer not null,
    name text not null,
    version_id integer not null,
    status text not null,
    created_at real not null,
    application_name text not null,
    origin text not null,
    is_automatic integer not null,
    document text not null
);
create index if not exists snapshots_of_application on snapshots (application_uid, is_enhanced, number);
create index if not exists snapshots_by_name on snapshots (application_uid, is_enhanced, name);
create index if not exists newest_snapshots on snapshots (application_uid, status, created_at);
create unique index if not exists enhanced_snapshots on snapshots (scope, name) where is_enhanced;
create index if not exists enhanced_by_number on snapshots (scope, number) where is_enhanced;
create index if not exists enhanced_by_application on snapshots (scope, application_name, number) where is_enhanced;
create index if not exists enhanced_by_initiator on snapshots (scope, is_automatic, number) where is_enhanced;
create index if not exists enhanced_by_origin on snapshots (scope, origin, number) where is_enhanced;
create index if not exists enhanced_by_status on snapshots (scope, status, number) where is_enhanced;
create table if not exists snapshot_operations (
    number integer primary key autoincrement,
    operation_id text not null unique,
    scope text not null,
    snapshot_uid text not null,
    snapshot_name text not null,
    name text not null,
    status text not null,
    started_at real not null,
    document text not null
);
create index if not exists operations_of_snapshot on snapshot_operations (scope, snapshot_name, number);
create index if not exists open_snapshot_operations on snapshot_operations (snapshot_uid)
    where status = 'IN_PROGRESS';
create table if not exists notes (
    kind text not null,
    key text not null,
    document text not null,
    primary key (kind, key)
) without rowid;
"""
"""``scope`` is an account and Region: the beginning of an ARN. ``notes`` hold small documents of the other parts.

Operations on snapshots are found by the name of the snapshot, which they outlive.
"""


def scope_of(arn: str) -> str:
    """Return account and Region of an ARN, as its beginning."""
    return arn.rpartition(":")[0]
