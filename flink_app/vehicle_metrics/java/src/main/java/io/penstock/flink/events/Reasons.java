package io.penstock.flink.events;

/** Reasons for which a record is no event. The text before a colon is the category that the guard counts by. */
final class Reasons {
    static final String EMPTY = "empty record";
    static final String MALFORMED = "malformed json";
    static final String UNKNOWN_TYPE = "unknown event type";
    static final String TOO_OLD = "timestamp too old";
    static final String FUTURE = "timestamp in the future";

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
}
