package io.penstock.flink.guard;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.source.DataStreamScanProvider;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.SourceProvider;
import org.apache.flink.table.connector.source.abilities.SupportsWatermarkPushDown;
import org.apache.flink.table.data.RowData;

/**
 * Reads with another table source, gives each shard's records to one guard, and marks the late ones.
 *
 * <p>The exchange before the guard costs a serialisation, and buys the proof of {@link LatenessGuard}: each guard hears
 * the watermark of every source subtask, also while its own neighbour is idle.
 */
final class GuardedTableSource implements ScanTableSource, SupportsWatermarkPushDown {
    private final ScanTableSource inner;
    private final GuardColumns columns;
    private final long windowMs;
    private final String name;

    private WatermarkStrategy<RowData> watermarks;

    GuardedTableSource(ScanTableSource inner, GuardColumns columns, long windowMs, String name) {
        this.inner = inner;
        this.columns = columns;
        this.windowMs = windowMs;
        this.name = name;
        this.watermarks = WatermarkStrategy.noWatermarks();
    }

    @Override
    public void applyWatermark(WatermarkStrategy<RowData> strategy) {
        watermarks = strategy;
        if (inner instanceof SupportsWatermarkPushDown) {
            ((SupportsWatermarkPushDown) inner).applyWatermark(strategy);
        }
    }

    @Override
    public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
        ScanRuntimeProvider provider = inner.getScanRuntimeProvider(context);
        if (!(provider instanceof DataStreamScanProvider) && !(provider instanceof SourceProvider)) {
            throw new ValidationException("got a " + provider.getClass().getSimpleName() + " from "
                    + inner.asSummaryString() + ", expected a connector with a stream or a source");
        }
        return new DataStreamScanProvider() {
            @Override
            public DataStream<RowData> produceDataStream(
                    ProviderContext providerContext, StreamExecutionEnvironment environment) {
                return guard(read(provider, providerContext, environment));
            }

            @Override
            public boolean isBounded() {
                return provider.isBounded();
            }
        };
    }

    /** Uids of their own keep the offsets and the watermark restorable when the SQL behind them changes. */
    private DataStream<RowData> read(
            ScanRuntimeProvider provider, ProviderContext providerContext, StreamExecutionEnvironment environment) {
        if (provider instanceof SourceProvider) {
            return environment
                    .fromSource(((SourceProvider) provider).createSource(), watermarks, name)
                    .uid(name + "-source");
        }
        DataStream<RowData> stream =
                ((DataStreamScanProvider) provider).produceDataStream(providerContext, environment);
        stream.getTransformation().setUid(name + "-source");
        if (inner instanceof SupportsWatermarkPushDown) {
            return stream;
        }
        return stream.assignTimestampsAndWatermarks(watermarks).uid(name + "-watermarks");
    }

    private DataStream<RowData> guard(DataStream<RowData> records) {
        LatenessGuard guard = new LatenessGuard(columns.timestamp, columns.reason, columns.count, windowMs);
        return records.partitionCustom((shard, subtasks) -> Math.floorMod(shard, subtasks), columns.spread())
                .transform(name + "-guard", records.getType(), guard)
                .uid(name + "-guard");
    }

    @Override
    public ChangelogMode getChangelogMode() {
        return inner.getChangelogMode();
    }

    @Override
    public DynamicTableSource copy() {
        GuardedTableSource copy = new GuardedTableSource((ScanTableSource) inner.copy(), columns, windowMs, name);
        copy.watermarks = watermarks;
        return copy;
    }

    @Override
    public String asSummaryString() {
        return "guarded " + inner.asSummaryString();
    }
}
