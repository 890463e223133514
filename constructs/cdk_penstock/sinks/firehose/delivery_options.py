"""In which form, and in which folders, a delivery writes to S3."""

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

__all__ = ("Compression", "DeliveryBackup", "DeliveryFormat", "DeliveryPartitions", "GlueTable", "ParquetCompression")


class Compression(StrEnum):
    """How objects of JSON lines are compressed."""

    NONE = "UNCOMPRESSED"
    GZIP = "GZIP"
    SNAPPY = "Snappy"
    HADOOP_SNAPPY = "HADOOP_SNAPPY"
    ZIP = "ZIP"


class ParquetCompression(StrEnum):
    """How the columns of Parquet files are compressed."""

    NONE = "UNCOMPRESSED"
    SNAPPY = "SNAPPY"
    GZIP = "GZIP"


@dataclass(frozen=True, kw_only=True)
class GlueTable:
    """The table of this account and Region whose columns Parquet files get.

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
        """Return what the delivery's role needs to read the table's schema."""
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
    """The form of the objects; made by the static factories."""

    compression: Compression = Compression.NONE
    parquet_compression: ParquetCompression | None = None
    table: GlueTable | None = None

    @staticmethod
    def json(*, compression: Compression = Compression.GZIP) -> DeliveryFormat:
        """Write records as they come, each followed by a new line."""
        return DeliveryFormat(compression=compression)

    @staticmethod
    def parquet(table: GlueTable, *, compression: ParquetCompression = ParquetCompression.SNAPPY) -> DeliveryFormat:
        """Turn records of JSON into Parquet with the columns of a Glue table.

        A record that does not fit goes to the error prefix as it came.
        """
        return DeliveryFormat(table=table, parquet_compression=compression)

    @property
    def is_columnar(self) -> bool:
        """Whether records are converted."""
        return self.table is not None

    def conversion(
        self, scope: Any, role_arn: str
    ) -> CfnDeliveryStream.DataFormatConversionConfigurationProperty | None:
        """Return what the delivery stream's template says about it."""
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
    """The folders that records are sorted into; made by the static factories.

    Firehose cannot turn partitions from fields off again, nor on for a stream without (firehose, dynamic-partitioning).
    """

    prefix: str
    queries: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def by_time(prefix: str = "raw/") -> DeliveryPartitions:
        """Sort by the hour in which Firehose received a record, in UTC, as Hive writes partitions."""
        return DeliveryPartitions(
            prefix=f"{prefix}year=!{{timestamp:yyyy}}/month=!{{timestamp:MM}}/day=!{{timestamp:dd}}/hour=!{{timestamp:HH}}/"
        )

    @staticmethod
    def by_prefix(prefix: str) -> DeliveryPartitions:
        """Write below a prefix, which may have expressions of time such as ``!{timestamp:yyyy/MM/dd}``."""
        return DeliveryPartitions(prefix=prefix)

    @staticmethod
    def by_fields(queries: Mapping[str, str], *, prefix: str = "raw/") -> DeliveryPartitions:
        """Sort by fields of the records.

        ``queries`` has for each partition key the jq 1.6 query that finds its value, such as ``{"region": ".region"}``,
        50 at most. Records without such a field go to the error prefix, and so does what comes beyond 500 partitions at
        a time. A prefix without expressions gets ``<key>=<value>/`` for each key. Raises PenstockError for a query that
        jq would refuse.
        """
        check_partition_keys(queries)
        for key, query in queries.items():
            check_query(key, query)
        if "!{" not in prefix:
            prefix += "".join(f"{key}=!{{partitionKeyFromQuery:{key}}}/" for key in queries)
        return DeliveryPartitions(prefix=prefix, queries=dict(queries))

    @property
    def is_dynamic(self) -> bool:
        """Whether the partitions come from fields."""
        return bool(self.queries)

    def processors(self, *, columnar: bool) -> list[CfnDeliveryStream.ProcessorProperty]:
        """Return what Firehose does with each record: find its partition, and end its line."""
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
    """Where every record is kept as it came, before it is converted; Firehose cannot turn it off again.

    Parameters
    ----------
    bucket
        The bucket, which may be the delivery's own.
    prefix
        A folder in it that is not the delivery's.
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
