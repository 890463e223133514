package io.penstock.flink.guard;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.ResolvedCatalogTable;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;

/**
 * {@code 'connector' = 'guarded'}: another connector's source, behind a {@link LatenessGuard}.
 *
 * <p>{@code guard.connector} names the connector. Options that begin with {@code guard.} are read here, all others are
 * that connector's. The format has to fill three columns, whose names are options: which records stay together, the
 * event time in milliseconds, and the reason for which a record is none.
 */
public final class GuardedTableFactory implements DynamicTableSourceFactory {
    static final ConfigOption<String> CONNECTOR = ConfigOptions.key("guard.connector")
            .stringType()
            .noDefaultValue()
            .withDescription("The connector that reads the records.");
    static final ConfigOption<Duration> WINDOW = ConfigOptions.key("guard.window")
            .durationType()
            .noDefaultValue()
            .withDescription("The length of the windows behind this source: a record is late when its window has closed.");

    static final ConfigOption<String> SHARD_COLUMN =
            column("shard", "The column, an INT, by which records stay together and in order.");
    static final ConfigOption<String> TIMESTAMP_COLUMN =
            column("timestamp", "The column, a BIGINT, with the event time in milliseconds since 1970.");
    static final ConfigOption<String> REASON_COLUMN =
            column("reason", "The column, a STRING, with the reason for which a record is put aside.");

    private static final String PREFIX = "guard.";

    @Override
    public DynamicTableSource createDynamicTableSource(Context context) {
        Map<String, String> all = context.getCatalogTable().getOptions();
        Configuration own = new Configuration();
        Map<String, String> inner = new HashMap<>();
        all.forEach((key, value) -> {
            if (key.startsWith(PREFIX)) {
                own.setString(key, value);
            } else {
                inner.put(key, value);
            }
        });
        FactoryUtil.validateFactoryOptions(this, own);
        long windowMs = own.get(WINDOW).toMillis();
        if (windowMs <= 0) {
            throw new ValidationException("got " + own.get(WINDOW) + " for guard.window, expected more than 0 ms");
        }
        inner.put(FactoryUtil.CONNECTOR.key(), own.get(CONNECTOR));
        ResolvedCatalogTable table = context.getCatalogTable().copy(inner);
        DynamicTableSource source = FactoryUtil.createDynamicTableSource(
                null,
                context.getObjectIdentifier(),
                table,
                Map.of(),
                context.getConfiguration(),
                context.getClassLoader(),
                context.isTemporary());
        if (!(source instanceof ScanTableSource)) {
            throw new ValidationException(
                    "got guard.connector '" + own.get(CONNECTOR) + "', expected a connector that can be scanned");
        }
        return new GuardedTableSource(
                (ScanTableSource) source,
                GuardColumns.of(context.getPhysicalRowDataType(), own),
                windowMs,
                context.getObjectIdentifier().getObjectName());
    }

    @Override
    public String factoryIdentifier() {
        return "guarded";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of(CONNECTOR, WINDOW);
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(SHARD_COLUMN, TIMESTAMP_COLUMN, REASON_COLUMN);
    }

    private static ConfigOption<String> column(String name, String description) {
        return ConfigOptions.key("guard." + name + "-column")
                .stringType()
                .defaultValue(name)
                .withDescription(description);
    }
}
