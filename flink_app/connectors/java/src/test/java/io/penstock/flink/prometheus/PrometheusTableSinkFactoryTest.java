package io.penstock.flink.prometheus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.flink.TestTables;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.Collector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrometheusTableSinkFactoryTest {
    private static final List<Column> COLUMNS = List.of(
            Column.physical("model", DataTypes.STRING()),
            Column.physical("warnings", DataTypes.DOUBLE()),
            Column.physical("in_motion", DataTypes.DOUBLE()),
            Column.physical("time", DataTypes.TIMESTAMP_LTZ(3)));

    @Test
    void acceptsChangesButNotTheOldRowOfAnUpdate() {
        DynamicTableSink sink = TestTables.sink(COLUMNS, options());
        ChangelogMode mode = sink.getChangelogMode(ChangelogMode.all());
        assertTrue(mode.contains(RowKind.INSERT) && mode.contains(RowKind.UPDATE_AFTER));
        assertTrue(!mode.contains(RowKind.UPDATE_BEFORE));
        assertEquals("prometheus remote write", sink.copy().asSummaryString());
    }

    @Test
    void makesASampleOfEachMetricThatHasAValue() {
        assertEquals(
                List.of("[__name__, warnings, model, van, stage, dev] 2.0 @5000"),
                samples(RowKind.INSERT, StringData.fromString("van"), 2.0, null));
        assertEquals(
                List.of(
                        "[__name__, warnings, stage, dev] 2.0 @5000",
                        "[__name__, in_motion, stage, dev] 0.0 @5000"),
                samples(RowKind.UPDATE_AFTER, null, 2.0, 0.0));
    }

    @Test
    void leavesOutWhatIsTakenBack() {
        assertEquals(List.of(), samples(RowKind.UPDATE_BEFORE, null, 2.0, 0.0));
        assertEquals(List.of(), samples(RowKind.DELETE, null, 2.0, 0.0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "url|ftp://host|got 'ftp://host' for url, expected an http or https address",
                "url|not a url|got 'not a url' for url, expected an http or https address",
                "signer|sigv4|got 'sigv4' for signer, expected 'amp' or 'none'",
                "signer|amp|option region is missing, signer amp needs it",
                "on-retry-exhausted|ignore|got 'ignore' for on-retry-exhausted, expected 'fail' or 'discard'",
                "batch.max-samples|0|got 0 for batch.max-samples, expected at least 1",
                "buffer.max-samples|500|got 500 for buffer.max-samples, expected at least 501",
                "buffer.max-time|0 ms|got 0 ms for buffer.max-time, expected at least 1 ms",
                "retry.max-attempts|0|got 0 for retry.max-attempts, expected at least 1",
                "label.model|x|got label.model, but 'model' is a column already",
                "label.a-b|x|got 'a-b' as the name of a label, expected [a-zA-Z_][a-zA-Z0-9_]* without leading __",
            })
    void failsForOptionsThatCannotBe(String key, String value, String message) {
        Map<String, String> options = options();
        options.put(key, value);
        assertRefused(COLUMNS, options, message);
    }

    @Test
    void failsForColumnsThatCannotBe() {
        assertRefused(
                List.of(Column.physical("n", DataTypes.INT())),
                options(),
                "got type INT for column 'n', expected DOUBLE for a metric, STRING for a label or TIMESTAMP_LTZ for the time");
        assertRefused(
                COLUMNS.subList(0, 3),
                options(),
                "got columns [model, warnings, in_motion], expected at least one DOUBLE for a metric, "
                        + "and one TIMESTAMP_LTZ for the time");
        List<Column> twice = new ArrayList<>(COLUMNS);
        twice.add(Column.physical("time2", DataTypes.TIMESTAMP_LTZ(3)));
        assertRefused(twice, options(), "got a second time column 'time2', expected one");
    }

    @ParameterizedTest
    @CsvSource({
        "200, SUCCESS", "204, SUCCESS", "299, SUCCESS", "429, RETRY", "500, RETRY", "503, RETRY",
        "401, FATAL", "403, FATAL", "404, FATAL", "400, REFUSED", "413, REFUSED", "301, REFUSED"
    })
    void knowsWhatAStatusMeans(int status, ResponseClass expected) {
        assertEquals(expected, ResponseClass.of(status));
    }

    private static void assertRefused(List<Column> columns, Map<String, String> options, String message) {
        ValidationException error =
                assertThrows(ValidationException.class, () -> TestTables.sink(columns, options));
        Throwable cause = error;
        while (cause.getCause() instanceof ValidationException) {
            cause = cause.getCause();
        }
        assertEquals(message, cause.getMessage());
    }

    private static List<String> samples(RowKind kind, StringData model, Double warnings, Double inMotion) {
        RowType row = (RowType) DataTypes.ROW(
                        DataTypes.FIELD("model", DataTypes.STRING()),
                        DataTypes.FIELD("warnings", DataTypes.DOUBLE()),
                        DataTypes.FIELD("in_motion", DataTypes.DOUBLE()),
                        DataTypes.FIELD("time", DataTypes.TIMESTAMP_LTZ(3)))
                .getLogicalType();
        GenericRowData data = GenericRowData.ofKind(
                kind, model, warnings, inMotion, TimestampData.fromEpochMillis(5_000));
        List<String> samples = new ArrayList<>();
        PrometheusTableSink.emit(SampleColumns.of(row, Map.of("stage", "dev")), data, new Collector<>() {
            @Override
            public void collect(Sample sample) {
                samples.add(sample.toString());
            }

            @Override
            public void close() {}
        });
        return samples;
    }

    private static Map<String, String> options() {
        return new HashMap<>(Map.of("connector", "prometheus", "url", "http://127.0.0.1:9090/api/v1/write"));
    }
}
