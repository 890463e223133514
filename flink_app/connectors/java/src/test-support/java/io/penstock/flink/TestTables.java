package io.penstock.flink;

import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.catalog.CatalogTable;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ObjectIdentifier;
import org.apache.flink.table.catalog.ResolvedCatalogTable;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.factories.FactoryUtil;

/** Tables as the planner would make them of a CREATE TABLE statement: factories are found by name. */
public final class TestTables {
    private static final ObjectIdentifier NAME = ObjectIdentifier.of("catalog", "database", "metrics");

    private TestTables() {}

    public static DynamicTableSource source(List<Column> columns, Map<String, String> options) {
        return FactoryUtil.createDynamicTableSource(
                null, NAME, table(columns, options), Map.of(), new Configuration(), loader(), true);
    }

    public static DynamicTableSink sink(List<Column> columns, Map<String, String> options) {
        return FactoryUtil.createDynamicTableSink(
                null, NAME, table(columns, options), Map.of(), new Configuration(), loader(), true);
    }

    /** The message of the innermost cause. */
    public static String rootMessage(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    private static ClassLoader loader() {
        return TestTables.class.getClassLoader();
    }

    private static ResolvedCatalogTable table(List<Column> columns, Map<String, String> options) {
        ResolvedSchema schema = new ResolvedSchema(columns, List.of(), null);
        return new ResolvedCatalogTable(
                CatalogTable.newBuilder()
                        .schema(Schema.newBuilder().fromResolvedSchema(schema).build())
                        .options(options)
                        .build(),
                schema);
    }
}
