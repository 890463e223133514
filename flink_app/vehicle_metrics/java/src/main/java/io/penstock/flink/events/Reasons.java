package io.penstock.flink.events;

import org.apache.flink.table.data.StringData;

/** Why a record went to the dead letters. The text before a colon is the category that counters use. */
final class Reasons {
    static final String EMPTY = "empty record";
    static final String MALFORMED = "malformed json";
    static final String UNKNOWN_TYPE = "unknown event type";
    static final String TOO_OLD = "timestamp too old";
    static final String FUTURE = "timestamp in the future";
    static final String LATE = "late";

    static final StringData LATE_DATA = StringData.fromString(LATE);

    private Reasons() {}

    static String missing(String field) {
        return "missing field: " + field;
    }

    static String wrongType(String field) {
        return "wrong type: " + field;
    }

    static String outOfRange(String field) {
        return "out of range: " + field;
    }

    static String category(String reason) {
        int colon = reason.indexOf(':');
        return colon < 0 ? reason : reason.substring(0, colon);
    }
}
