"""The job as Flink will run it, translated but not submitted: its operators, their uids, ids and serializers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster import jar_uri
from pyflink.java_gateway import get_gateway
from pyflink.table import EnvironmentSettings, TableEnvironment

from flink_job.properties import PropertyGroups
from flink_job.tables import configure
from vehicle_metrics.job import table_options
from vehicle_metrics.settings import VehicleSettings
from vehicle_metrics.statements import insert_statements, table_statements

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Operator:
    """One operator; ``id`` is what its state is kept under, ``serializers`` are class names of inputs and output."""

    name: str
    uid: str | None
    id: str
    serializers: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """All operators of a job."""

    operators: list[Operator]
    generic_types_disabled: bool


def groups(**changes: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Property groups of a job on loopback, with changes to some groups."""
    base = {
        "input.events": {"bootstrap.servers": "127.0.0.1:9092", "topic": "events", "authentication": "none"},
        "output.prometheus": {"remote.write.url": "http://127.0.0.1:9090/api/v1/write", "request.signer": "none"},
        "output.dead.letters": {"topic": "dead"},
        "job": {},
    }
    for name, values in changes.items():
        base[name.replace("_", ".")] |= values
    return base


def translate(properties: Mapping[str, Mapping[str, str]]) -> Plan:
    """Return the job that these properties make; nothing is connected to."""
    settings = VehicleSettings.of(PropertyGroups(properties, "test"))
    environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    configure(environment, {"pipeline.jars": jar_uri()} | settings.job.configuration("plan"))
    window_seconds = settings.job.window_seconds
    for statement in table_statements(table_options(settings), window_seconds, settings.events.out_of_orderness_ms):
        environment.execute_sql(statement)
    graph = _stream_graph(environment, insert_statements(window_seconds))
    return Plan(_operators(graph), graph.getExecutionConfig().hasGenericTypesDisabled())


def _stream_graph(environment: TableEnvironment, inserts: list[str]) -> Any:
    jvm = get_gateway().jvm
    internal = environment._j_tenv
    operations = jvm.java.util.ArrayList()
    for insert in inserts:
        operations.add(internal.getParser().parse(insert).get(0))
    transformations = internal.getPlanner().translate(operations)
    configuration = internal.getConfig().getConfiguration()
    execution = jvm.org.apache.flink.streaming.api.environment.StreamExecutionEnvironment.getExecutionEnvironment(
        configuration
    )
    return execution.generateStreamGraph(transformations)


def _operators(graph: Any) -> list[Operator]:
    hasher = get_gateway().jvm.org.apache.flink.streaming.api.graph.StreamGraphHasherV2()
    hashes = hasher.traverseStreamGraphAndGenerateHashes(graph)
    return [_operator(node, hashes) for node in graph.getStreamNodes().toArray()]


def _operator(node: Any, hashes: Any) -> Operator:
    serializers = [*node.getTypeSerializersIn(), node.getTypeSerializerOut()]
    return Operator(
        name=node.getOperatorName(),
        uid=node.getTransformationUID(),
        id=bytes(hashes.get(node.getId())).hex(),
        serializers=tuple(one.getClass().getName() for one in serializers if one is not None),
    )
