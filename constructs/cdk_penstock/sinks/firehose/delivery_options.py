"""Format and folders of the objects that a delivery writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.aws_kinesisfirehose import CfnDeliveryStream

from cdk_penstock.model.delivery import check_partition_keys
from cdk_penstock.model.jq import check_query, object_of_queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_s3 as s3


class Compression(StrEnum):
    """Compression of objects with JSON lines."""

    NONE = "UNCOMPRESSED"
    GZIP = "GZIP"
    SNAPPY = "Snappy"
    HADOOP_SNAPPY = "HADOOP_SNAPPY"
    ZIP = "ZIP"


class ParquetCompression(StrEnum):
    """Compression of the columns of Parquet files."""

    NONE = "UNCOMPRESSED"
    SNAPPY = "SNAPPY"
    GZIP = "GZIP"


@dataclass(frozen=True, kw_only=True)
class GlueTable:
    """A table of this account and Region that gives Parquet files their columns.

    Parameters
    ----------
    database_name, table_name
        The table.
    version_id
        A version of its schema. Default: always the latest.
    """

    database_name: str
    table_name: str
    version_id: str = "LATEST"

    def statement(self, scope: Any) -> iam.PolicyStatement:
        """Return the permission to read the table's schema."""
        stack = Stack.of(scope)
        names = (
            ("catalog", None),
            ("database", self.database_name),
            ("table", f"{self.database_name}/{self.table_name}"),
        )
        return iam.PolicyStatement(
            sid="ReadSchema",
            actions=["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
            resources=[
                stack.format_arn(service="glue", resource=resource, resource_name=name) for resource, name in names
            ],
        )


@dataclass(frozen=True, kw_only=True)
class DeliveryFormat:
    """Format of the objects; created by the static factories."""

    compression: Compression = Compression.NONE
    parquet_compression: ParquetCompression | None = None
    table: GlueTable | None = None

    @staticmethod
    def json(*, compression: Compression = Compression.GZIP) -> DeliveryFormat:
        """Write records unchanged, each followed by a line feed."""
        return DeliveryFormat(compression=compression)

    @staticmethod
    def parquet(table: GlueTable, *, compression: ParquetCompression = ParquetCompression.SNAPPY) -> DeliveryFormat:
        """Convert JSON records to Parquet with the columns of a Glue table.

        A record that does not fit the table goes unchanged to the error prefix.
        """
        return DeliveryFormat(table=table, parquet_compression=compression)

    @property
    def is_columnar(self) -> bool:
        """True if records are converted."""
        return self.table is not None

    def conversion(
        self, scope: Any, role_arn: str
    ) -> CfnDeliveryStream.DataFormatConversionConfigurationProperty | None:
        """Return the conversion's part of the delivery stream's properties."""
        if self.table is None or self.parquet_compression is None:
            return None
        return CfnDeliveryStream.DataFormatConversionConfigurationProperty(
            enabled=True,
            input_format_configuration=CfnDeliveryStream.InputFormatConfigurationProperty(
                deserializer=CfnDeliveryStream.DeserializerProperty(
                    open_x_json_ser_de=CfnDeliveryStream.OpenXJsonSerDeProperty()
                )
            ),
            output_format_configuration=CfnDeliveryStream.OutputFormatConfigurationProperty(
                serializer=CfnDeliveryStream.SerializerProperty(
                    parquet_ser_de=CfnDeliveryStream.ParquetSerDeProperty(compression=self.parquet_compression.value)
                )
            ),
            schema_configuration=CfnDeliveryStream.SchemaConfigurationProperty(
                catalog_id=Stack.of(scope).account,
                region=Stack.of(scope).region,
                database_name=self.table.database_name,
                table_name=self.table.table_name,
                version_id=self.table.version_id,
                role_arn=role_arn,
            ),
        )


@dataclass(frozen=True, kw_only=True)
class DeliveryPartitions:
    """Folders of the records; created by the static factories.

    Partitions by fields can be neither enabled nor disabled on an existing stream (firehose, dynamic-partitioning).
    """

    prefix: str
    queries: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def by_time(prefix: str = "raw/") -> DeliveryPartitions:
        """Use the hour in which Firehose received a record, in UTC, in Hive's notation of partitions."""
        return DeliveryPartitions(
            prefix=f"{prefix}year=!{{timestamp:yyyy}}/month=!{{timestamp:MM}}/day=!{{timestamp:dd}}/hour=!{{timestamp:HH}}/"
        )

    @staticmethod
    def by_prefix(prefix: str) -> DeliveryPartitions:
        """Use one prefix, which may have expressions of time such as ``!{timestamp:yyyy/MM/dd}``."""
        return DeliveryPartitions(prefix=prefix)

    @staticmethod
    def by_fields(queries: Mapping[str, str], *, prefix: str = "raw/") -> DeliveryPartitions:
        """Use fields of the records.

        ``queries`` has for each partition key the jq 1.6 query of its value, such as ``{"region": ".region"}``, 50 at
        most. Records without such a field go to the error prefix, and so do records beyond 500 partitions at a time. A
        prefix without expressions gets ``<key>=<value>/`` for each key. Raises PenstockError for a query that is not
        valid in jq.
        """
        check_partition_keys(queries)
        for key, query in queries.items():
            check_query(key, query)
        if "!{" not in prefix:
            prefix += "".join(f"{key}=!{{partitionKeyFromQuery:{key}}}/" for key in queries)
        return DeliveryPartitions(prefix=prefix, queries=dict(queries))

    @property
    def is_dynamic(self) -> bool:
        """True if the partitions come from fields of the records."""
        return bool(self.queries)

    def processors(self, *, columnar: bool) -> list[CfnDeliveryStream.ProcessorProperty]:
        """Return the processing of each record: extract its partition keys, and append a line feed."""
        processors = []
        if self.is_dynamic:
            processors.append(
                _processor(
                    "MetadataExtraction",
                    {"MetadataExtractionQuery": object_of_queries(self.queries), "JsonParsingEngine": "JQ-1.6"},
                )
            )
        if not columnar:
            processors.append(_processor("AppendDelimiterToRecord", {"Delimiter": "\\n"}))
        return processors


@dataclass(frozen=True, kw_only=True)
class DeliveryBackup:
    """Copy of every source record, from before its conversion; it cannot be disabled later.

    Parameters
    ----------
    bucket
        The bucket, which may be the delivery's own.
    prefix
        A folder in it, other than the delivery's.
    """

    bucket: s3.IBucket
    prefix: str = "source/"


def _processor(kind: str, parameters: Mapping[str, str]) -> CfnDeliveryStream.ProcessorProperty:
    return CfnDeliveryStream.ProcessorProperty(
        type=kind,
        parameters=[
            CfnDeliveryStream.ProcessorParameterProperty(parameter_name=name, parameter_value=value)
            for name, value in parameters.items()
        ],
    )
