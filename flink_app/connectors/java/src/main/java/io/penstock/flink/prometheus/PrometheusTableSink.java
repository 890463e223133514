package io.penstock.flink.prometheus;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSink;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.sink.DataStreamSinkProvider;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.Collector;

/** Rows to samples, samples keyed by their series, series to the endpoint. */
final class PrometheusTableSink implements DynamicTableSink {
    private final SampleColumns columns;
    private final RemoteWriteOptions options;
    private final String name;

    PrometheusTableSink(SampleColumns columns, RemoteWriteOptions options, String name) {
        this.columns = columns;
        this.options = options;
        this.name = name;
    }

    /** Prometheus cannot take a sample back, so retractions are accepted and left out. */
    @Override
    public ChangelogMode getChangelogMode(ChangelogMode requested) {
        return ChangelogMode.newBuilder()
                .addContainedKind(RowKind.INSERT)
                .addContainedKind(RowKind.UPDATE_AFTER)
                .addContainedKind(RowKind.DELETE)
                .build();
    }

    @Override
    public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
        return new DataStreamSinkProvider() {
            @Override
            public DataStreamSink<?> consumeDataStream(ProviderContext providerContext, DataStream<RowData> rows) {
                return write(rows);
            }
        };
    }

    /** Uids of their own keep buffered samples restorable when the SQL before them changes. */
    private DataStreamSink<Sample> write(DataStream<RowData> rows) {
        SampleColumns mapping = columns;
        return rows.flatMap((RowData row, Collector<Sample> out) -> emit(mapping, row, out))
                .returns(TypeInformation.of(Sample.class))
                .name(name + "-samples")
                .uid(name + "-samples")
                .keyBy(Sample::series, Types.STRING)
                .sinkTo(new RemoteWriteSink(options))
                .name(name)
                .uid(name);
    }

    static void emit(SampleColumns mapping, RowData row, Collector<Sample> out) {
        RowKind kind = row.getRowKind();
        if (kind == RowKind.INSERT || kind == RowKind.UPDATE_AFTER) {
            mapping.samples(row).forEach(out::collect);
        }
    }

    @Override
    public DynamicTableSink copy() {
        return new PrometheusTableSink(columns, options, name);
    }

    @Override
    public String asSummaryString() {
        return "prometheus remote write";
    }
}
