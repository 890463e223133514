package io.penstock.flink.reference;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;

/** {@code 'connector' = 'reference-csv'}: a two-column CSV with header, for lookup joins on its first column. */
public final class ReferenceTableFactory implements DynamicTableSourceFactory {
    static final ConfigOption<String> LOCATION = ConfigOptions.key("location")
            .stringType()
            .noDefaultValue()
            .withDescription("Path or URI of the CSV, or classpath:<name> for a file in the job's jar; .gz is decompressed.");
    static final ConfigOption<Duration> RELOAD_INTERVAL = ConfigOptions.key("reload-interval")
            .durationType()
            .defaultValue(Duration.ofMinutes(10))
            .withDescription("How often the CSV is read again; 0 reads it once.");

    @Override
    public DynamicTableSource createDynamicTableSource(Context context) {
        FactoryUtil.TableFactoryHelper helper = FactoryUtil.createTableFactoryHelper(this, context);
        helper.validate();
        ReadableConfig options = helper.getOptions();
        RowType row = (RowType) context.getPhysicalRowDataType().getLogicalType();
        List<LogicalType> types = row.getChildren();
        if (types.size() != 2 || !types.stream().allMatch(type -> type.is(LogicalTypeRoot.VARCHAR))) {
            throw new ValidationException("got columns " + row.asSummaryString() + ", a reference table has two of STRING");
        }
        if (options.get(RELOAD_INTERVAL).isNegative()) {
            throw new ValidationException(
                    "got " + options.get(RELOAD_INTERVAL) + " for reload-interval, expected 0 or more");
        }
        return new ReferenceTableSource(
                options.get(LOCATION), String.join(",", row.getFieldNames()), options.get(RELOAD_INTERVAL));
    }

    @Override
    public String factoryIdentifier() {
        return "reference-csv";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of(LOCATION);
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(RELOAD_INTERVAL);
    }
}
