package io.penstock.flink.prometheus;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One value of one series: a POJO, so that Flink serialises it without Kryo.
 *
 * <p>{@code labels} alternates names and values, sorted by name, and holds the metric as {@code __name__}: the order
 * that the remote write protocol asks for, whatever the first letters of the labels are.
 */
public class Sample implements Serializable {
    static final String METRIC_NAME = "__name__";

    private static final long serialVersionUID = 1L;

    /** Names and values in turn, sorted by name. */
    public String[] labels;

    public double value;

    /** Epoch milliseconds. */
    public long timestamp;

    public Sample() {}

    public Sample(String[] labels, double value, long timestamp) {
        this.labels = labels;
        this.value = value;
        this.timestamp = timestamp;
    }

    /** A label without a value is the same as no label in Prometheus, so it is left out. */
    static Sample of(String metric, Map<String, String> labels, double value, long timestamp) {
        SortedMap<String, String> sorted = new TreeMap<>();
        labels.forEach((name, text) -> {
            if (text != null && !text.isEmpty()) {
                sorted.put(name, text);
            }
        });
        sorted.put(METRIC_NAME, metric);
        String[] flat = new String[sorted.size() * 2];
        int i = 0;
        for (Map.Entry<String, String> label : sorted.entrySet()) {
            flat[i++] = label.getKey();
            flat[i++] = label.getValue();
        }
        return new Sample(flat, value, timestamp);
    }

    /** The identity of the series: metric and all labels. */
    String series() {
        return String.join("\u0000", labels);
    }

    @Override
    public boolean equals(Object other) {
        if (!(other instanceof Sample)) {
            return false;
        }
        Sample sample = (Sample) other;
        return Arrays.equals(labels, sample.labels)
                && Double.compare(value, sample.value) == 0
                && timestamp == sample.timestamp;
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(labels) + Double.hashCode(value) + Long.hashCode(timestamp);
    }

    @Override
    public String toString() {
        return Arrays.toString(labels) + " " + value + " @" + timestamp;
    }
}
