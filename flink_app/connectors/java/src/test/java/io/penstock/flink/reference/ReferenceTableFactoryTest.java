package io.penstock.flink.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.flink.TestTables;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.connector.source.LookupTableSource;
import org.apache.flink.table.connector.source.lookup.LookupFunctionProvider;
import org.apache.flink.table.runtime.connector.source.LookupRuntimeProviderContext;
import org.junit.jupiter.api.Test;

class ReferenceTableFactoryTest {
    private static final List<Column> COLUMNS = List.of(
            Column.physical("vehicleId", DataTypes.STRING()), Column.physical("model", DataTypes.STRING()));
    private static final Map<String, String> OPTIONS =
            Map.of("connector", "reference-csv", "location", "/models.csv", "reload-interval", "1 min");

    @Test
    void looksUpByTheFirstColumn() {
        LookupTableSource source = (LookupTableSource) TestTables.source(COLUMNS, OPTIONS);
        assertEquals("reference table /models.csv", source.copy().asSummaryString());
        assertTrue(source.getLookupRuntimeProvider(keys(new int[] {0})) instanceof LookupFunctionProvider);
        for (int[][] other : new int[][][] {{{1}}, {{0}, {1}}, {{0, 0}}}) {
            assertThrows(ValidationException.class, () -> source.getLookupRuntimeProvider(keys(other)));
        }
    }

    @Test
    void failsForOtherColumns() {
        ValidationException error =
                assertThrows(ValidationException.class, () -> TestTables.source(COLUMNS.subList(0, 1), OPTIONS));
        assertTrue(TestTables.rootMessage(error).endsWith("a reference table has two of STRING"));
    }

    @Test
    void failsWithoutLocation() {
        ValidationException error = assertThrows(
                ValidationException.class, () -> TestTables.source(COLUMNS, Map.of("connector", "reference-csv")));
        assertTrue(TestTables.rootMessage(error).contains("location"));
    }

    private static LookupTableSource.LookupContext keys(int[]... keys) {
        return new LookupRuntimeProviderContext(keys);
    }
}
