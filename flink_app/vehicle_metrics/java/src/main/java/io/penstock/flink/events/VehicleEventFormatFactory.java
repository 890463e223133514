package io.penstock.flink.events;

import java.time.Duration;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

/** {@code 'format' = 'vehicle-event'}: JSON events of vehicles, where a bad record becomes a row with a reason. */
public final class VehicleEventFormatFactory implements DeserializationFormatFactory {
    public static final String IDENTIFIER = "vehicle-event";

    /** The 9th of September 2001: a time before it, given in seconds, would be a time of 1970. */
    static final ConfigOption<Long> EARLIEST = ConfigOptions.key("earliest")
            .longType()
            .defaultValue(1_000_000_000_000L)
            .withDescription("The earliest timestamp of an event, in milliseconds since 1970.");

    /** AMP refuses samples of the future as well; without a limit, one wrong clock makes all other events late. */
    static final ConfigOption<Duration> MAX_AHEAD = ConfigOptions.key("max-ahead")
            .durationType()
            .defaultValue(Duration.ofMinutes(10))
            .withDescription("How far an event's timestamp may lie ahead of the clock of the machine.");

    @Override
    public DecodingFormat<DeserializationSchema<RowData>> createDecodingFormat(
            DynamicTableFactory.Context context, ReadableConfig options) {
        FactoryUtil.validateFactoryOptions(this, options);
        long earliestMs = options.get(EARLIEST);
        long maxAheadMs = options.get(MAX_AHEAD).toMillis();
        return new DecodingFormat<DeserializationSchema<RowData>>() {
            @Override
            public DeserializationSchema<RowData> createRuntimeDecoder(
                    DynamicTableSource.Context source, DataType physicalType) {
                EventColumns columns = EventColumns.of((RowType) physicalType.getLogicalType());
                return new VehicleEventDeserializer(
                        source.createTypeInformation(physicalType), columns, earliestMs, maxAheadMs);
            }

            @Override
            public ChangelogMode getChangelogMode() {
                return ChangelogMode.insertOnly();
            }
        };
    }

    @Override
    public String factoryIdentifier() {
        return IDENTIFIER;
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(EARLIEST, MAX_AHEAD);
    }
}
