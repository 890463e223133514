package io.penstock.flink.prometheus;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;

/**
 * How a row becomes samples: each DOUBLE column is a metric of its name, each STRING column a label of its name, and the
 * one TIMESTAMP_LTZ column the time. A metric that is null in a row has no sample at that time.
 */
final class SampleColumns implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final Pattern METRIC = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");
    private static final Pattern LABEL = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]*");

    private final String[] names;
    private final int[] labels;
    private final int[] metrics;
    private final int time;
    private final int precision;
    private final Map<String, String> constants;

    private SampleColumns(
            String[] names, List<Integer> labels, List<Integer> metrics, int time, int precision, Map<String, String> constants) {
        this.names = names;
        this.labels = labels.stream().mapToInt(Integer::intValue).toArray();
        this.metrics = metrics.stream().mapToInt(Integer::intValue).toArray();
        this.time = time;
        this.precision = precision;
        this.constants = new HashMap<>(constants);
    }

    /** Fails with the column's name when a column cannot be a metric, a label or the time. */
    static SampleColumns of(RowType row, Map<String, String> constants) {
        List<Integer> labels = new ArrayList<>();
        List<Integer> metrics = new ArrayList<>();
        int time = -1;
        int precision = 0;
        for (int i = 0; i < row.getFieldCount(); i++) {
            String name = row.getFieldNames().get(i);
            LogicalType type = row.getTypeAt(i);
            switch (type.getTypeRoot()) {
                case VARCHAR:
                    require(LABEL, name, "label");
                    labels.add(i);
                    break;
                case DOUBLE:
                    require(METRIC, name, "metric");
                    metrics.add(i);
                    break;
                case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                    if (time >= 0) {
                        throw new ValidationException("got a second time column '" + name + "', expected one");
                    }
                    time = i;
                    precision = ((LocalZonedTimestampType) type).getPrecision();
                    break;
                default:
                    throw new ValidationException("got type " + type + " for column '" + name
                            + "', expected DOUBLE for a metric, STRING for a label or TIMESTAMP_LTZ for the time");
            }
        }
        if (metrics.isEmpty() || time < 0) {
            throw new ValidationException("got columns " + row.getFieldNames()
                    + ", expected at least one DOUBLE for a metric, and one TIMESTAMP_LTZ for the time");
        }
        constants.keySet().forEach(name -> {
            require(LABEL, name, "label");
            if (row.getFieldNames().contains(name)) {
                throw new ValidationException("got label." + name + ", but '" + name + "' is a column already");
            }
        });
        return new SampleColumns(
                row.getFieldNames().toArray(new String[0]), labels, metrics, time, precision, constants);
    }

    private static void require(Pattern pattern, String name, String role) {
        if (!pattern.matcher(name).matches() || name.startsWith("__")) {
            throw new ValidationException(
                    "got '" + name + "' as the name of a " + role + ", expected " + pattern + " without leading __");
        }
    }

    List<Sample> samples(RowData row) {
        Map<String, String> texts = new HashMap<>(constants);
        for (int label : labels) {
            texts.put(names[label], row.isNullAt(label) ? null : row.getString(label).toString());
        }
        List<Sample> samples = new ArrayList<>(metrics.length);
        for (int metric : metrics) {
            if (!row.isNullAt(metric)) {
                long timestamp = row.getTimestamp(time, precision).getMillisecond();
                samples.add(Sample.of(names[metric], texts, row.getDouble(metric), timestamp));
            }
        }
        return samples;
    }
}
