package io.penstock.flink.guard;

import java.util.Locale;
import org.apache.flink.metrics.MetricGroup;

/** Metrics below the group {@code kinesisAnalytics} are what MSF forwards to CloudWatch. */
final class Metrics {
    private static final String FORWARDED_GROUP = "kinesisAnalytics";

    private Metrics() {}

    static MetricGroup group(MetricGroup operator) {
        return operator.addGroup(FORWARDED_GROUP);
    }

    /** {@code name("deadLetters", "unknown event type")} is {@code deadLettersUnknownEventType}. */
    static String name(String prefix, String words) {
        StringBuilder name = new StringBuilder(prefix);
        for (String word : words.split("[^A-Za-z0-9]+")) {
            if (!word.isEmpty()) {
                name.append(word.substring(0, 1).toUpperCase(Locale.ROOT)).append(word.substring(1));
            }
        }
        return name.toString();
    }
}
