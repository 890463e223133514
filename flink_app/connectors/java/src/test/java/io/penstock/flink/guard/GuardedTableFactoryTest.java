package io.penstock.flink.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.flink.TestTables;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.junit.jupiter.api.Test;

class GuardedTableFactoryTest {
    private static final List<Column> COLUMNS = List.of(
            Column.physical("shard", DataTypes.INT()),
            Column.physical("timestamp", DataTypes.BIGINT()),
            Column.physical("reason", DataTypes.STRING()));

    @Test
    void handsAllOtherOptionsToTheConnectorThatReads() {
        DynamicTableSource source = TestTables.source(COLUMNS, options("datagen", "5 s", "number-of-rows", "10"));
        assertEquals("guarded DataGenTableSource", source.asSummaryString());
        assertEquals("guarded DataGenTableSource", source.copy().asSummaryString());
    }

    @Test
    void failsForAnOptionThatTheConnectorDoesNotKnow() {
        assertTrue(message(options("datagen", "5 s", "colour", "red")).contains("colour"));
    }

    @Test
    void failsForAWindowWithoutLength() {
        assertEquals("got PT0S for guard.window, expected more than 0 ms", message(options("datagen", "0 s")));
    }

    @Test
    void failsForMissingColumns() {
        ValidationException error = assertThrows(
                ValidationException.class,
                () -> TestTables.source(COLUMNS.subList(0, 2), options("datagen", "5 s")));
        assertEquals(
                "got columns [shard, timestamp], a guarded table needs column 'reason'",
                TestTables.rootMessage(error));
    }

    @Test
    void readsTheColumnsThatTheOptionsName() {
        List<Column> columns = List.of(
                Column.physical("at", DataTypes.BIGINT()),
                Column.physical("why", DataTypes.STRING()),
                Column.physical("part", DataTypes.INT()));
        Map<String, String> options = options(
                "datagen", "5 s", "guard.shard-column", "part", "guard.timestamp-column", "at", "guard.reason-column",
                "why");
        assertEquals("guarded DataGenTableSource", TestTables.source(columns, options).asSummaryString());
        options.put("guard.timestamp-column", "why");
        ValidationException error =
                assertThrows(ValidationException.class, () -> TestTables.source(columns, options));
        assertEquals(
                "got type STRING for column 'why', a guarded table needs BIGINT", TestTables.rootMessage(error));
    }

    @Test
    void failsForAnOptionOfItsOwnThatIsMissing() {
        Map<String, String> options = options("datagen", "5 s");
        options.remove("guard.window");
        assertTrue(message(options).contains("guard.window"));
    }

    private static String message(Map<String, String> options) {
        return TestTables.rootMessage(
                assertThrows(ValidationException.class, () -> TestTables.source(COLUMNS, options)));
    }

    private static Map<String, String> options(String connector, String window, String... more) {
        Map<String, String> options = new HashMap<>();
        options.put("connector", "guarded");
        options.put("guard.connector", connector);
        options.put("guard.window", window);
        for (int i = 0; i < more.length; i += 2) {
            options.put(more[i], more[i + 1]);
        }
        return options;
    }
}
