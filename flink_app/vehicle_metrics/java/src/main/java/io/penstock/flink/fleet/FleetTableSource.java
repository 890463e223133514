package io.penstock.flink.fleet;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.source.DataStreamScanProvider;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;

/** One task hands out blocks at the wanted rate; all tasks make events of them, each always for the same vehicles. */
final class FleetTableSource implements ScanTableSource {
    private final FleetPlan plan;
    private final Fleet fleet;
    private final DataType rowType;
    private final String name;

    FleetTableSource(FleetPlan plan, Fleet fleet, DataType rowType, String name) {
        this.plan = plan;
        this.fleet = fleet;
        this.rowType = rowType;
        this.name = name;
    }

    @Override
    public ChangelogMode getChangelogMode() {
        return ChangelogMode.insertOnly();
    }

    @Override
    public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
        TypeInformation<RowData> rows = context.createTypeInformation(rowType);
        return new DataStreamScanProvider() {
            @Override
            public DataStream<RowData> produceDataStream(
                    ProviderContext providerContext, StreamExecutionEnvironment environment) {
                return events(environment, rows);
            }

            @Override
            public boolean isBounded() {
                return plan.count > 0;
            }
        };
    }

    private DataStream<RowData> events(StreamExecutionEnvironment environment, TypeInformation<RowData> rows) {
        RateLimiterStrategy rate = plan.eventsPerSecond == 0
                ? RateLimiterStrategy.noOp()
                : RateLimiterStrategy.perSecond(plan.blocksPerSecond());
        DataGeneratorSource<Long> blocks = new DataGeneratorSource<>(block -> block, plan.blocks(), rate, Types.LONG);
        long blocksPerTick = plan.blocksPerTick;
        return environment
                .fromSource(blocks, WatermarkStrategy.noWatermarks(), name)
                .setParallelism(1)
                .uid(name + "-source")
                .partitionCustom((place, tasks) -> (int) (place % tasks), block -> block % blocksPerTick)
                .flatMap(new FleetExpander(plan, fleet))
                .returns(rows)
                .name(name + "-events")
                .uid(name + "-events");
    }

    @Override
    public DynamicTableSource copy() {
        return new FleetTableSource(plan, fleet, rowType, name);
    }

    @Override
    public String asSummaryString() {
        return "fleet of " + plan.vehicles + " vehicles";
    }
}
