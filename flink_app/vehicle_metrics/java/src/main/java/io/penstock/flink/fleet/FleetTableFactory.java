package io.penstock.flink.fleet;

import java.util.List;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;

/** {@code 'connector' = 'fleet'}: events of a fleet that a seed determines. */
public final class FleetTableFactory implements DynamicTableSourceFactory {
    /** Below it, looking back for a vehicle's last start or stop would take too long. */
    static final double LEAST_CHANGE = 0.01;

    private static final long MAX_VEHICLES = 9_999_999_999L;

    static final ConfigOption<Long> VEHICLES = option("vehicles", 100_000, "Number of vehicles.");
    static final ConfigOption<Long> SEED = option("seed", 0, "The same seed makes the same fleet.");
    static final ConfigOption<Long> RATE = option("events-per-second", 0, "Events a second; 0 is no limit.");
    static final ConfigOption<Long> COUNT = option("count", 0, "Number of events; 0 is no end.");
    static final ConfigOption<Long> START =
            option("start-timestamp", 0, "Event time of the first event in epoch milliseconds; 0 takes the clock's.");
    static final ConfigOption<Double> START_PROBABILITY =
            option("start-probability", 0.2, "Probability that a vehicle that stands starts, each time it reports.");
    static final ConfigOption<Double> STOP_PROBABILITY =
            option("stop-probability", 0.1, "Probability that a vehicle that moves stops, each time it reports.");
    static final ConfigOption<Double> WARNING_PROBABILITY =
            option("warning-probability", 0.05, "Probability that a report has warnings.");

    private static final List<DataType> TYPES = List.of(
            DataTypes.STRING(), DataTypes.STRING(), DataTypes.STRING(), DataTypes.BIGINT(), DataTypes.BIGINT());

    private static ConfigOption<Long> option(String key, long value, String description) {
        return ConfigOptions.key(key).longType().defaultValue(value).withDescription(description);
    }

    private static ConfigOption<Double> option(String key, double value, String description) {
        return ConfigOptions.key(key).doubleType().defaultValue(value).withDescription(description);
    }

    @Override
    public DynamicTableSource createDynamicTableSource(Context context) {
        FactoryUtil.TableFactoryHelper helper = FactoryUtil.createTableFactoryHelper(this, context);
        helper.validate();
        ReadableConfig options = helper.getOptions();
        DataType rowType = context.getPhysicalRowDataType();
        checkColumns(rowType);
        FleetPlan plan = new FleetPlan(
                within(options, VEHICLES, 1, MAX_VEHICLES),
                within(options, RATE, 0, Long.MAX_VALUE),
                within(options, COUNT, 0, Long.MAX_VALUE),
                within(options, START, 0, Long.MAX_VALUE));
        double start = probability(options, START_PROBABILITY);
        double stop = probability(options, STOP_PROBABILITY);
        if (start + stop > 1 || start + stop < LEAST_CHANGE) {
            throw new ValidationException("got " + start + " for start-probability and " + stop
                    + " for stop-probability, expected a sum from " + LEAST_CHANGE + " to 1");
        }
        Fleet fleet = new Fleet(options.get(SEED), start, stop, probability(options, WARNING_PROBABILITY));
        return new FleetTableSource(plan, fleet, rowType, context.getObjectIdentifier().getObjectName());
    }

    private static void checkColumns(DataType rowType) {
        List<LogicalType> got = rowType.getLogicalType().getChildren();
        boolean fits = got.size() == TYPES.size();
        for (int i = 0; fits && i < got.size(); i++) {
            fits = got.get(i).copy(true).equals(TYPES.get(i).getLogicalType());
        }
        if (!fits) {
            throw new ValidationException("got columns " + rowType + " for connector fleet, expected STRING type, "
                    + "STRING vehicle, STRING region, BIGINT timestamp, BIGINT measurement");
        }
    }

    private static long within(ReadableConfig options, ConfigOption<Long> option, long least, long most) {
        long value = options.get(option);
        if (value < least || value > most) {
            throw new ValidationException(
                    "got " + value + " for " + option.key() + ", expected a number from " + least + " to " + most);
        }
        return value;
    }

    private static double probability(ReadableConfig options, ConfigOption<Double> option) {
        double value = options.get(option);
        if (!(value >= 0 && value <= 1)) {
            throw new ValidationException("got " + value + " for " + option.key() + ", expected a number from 0 to 1");
        }
        return value;
    }

    @Override
    public String factoryIdentifier() {
        return "fleet";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(
                VEHICLES, SEED, RATE, COUNT, START, START_PROBABILITY, STOP_PROBABILITY, WARNING_PROBABILITY);
    }
}
