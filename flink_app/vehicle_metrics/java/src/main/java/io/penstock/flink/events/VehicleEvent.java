package io.penstock.flink.events;

import java.nio.charset.StandardCharsets;
import org.apache.flink.table.data.binary.BinaryStringData;

/** The fields of one event while it is parsed: one instance per parser, overwritten by every record. */
final class VehicleEvent {
    static final String EVENT_TYPE = "eventType";
    static final String VEHICLE_ID = "vehicleId";
    static final String REGION = "region";
    static final String TIMESTAMP = "timestamp";
    static final String MEASUREMENT = "measurement";

    /** Longest vehicle id or region in bytes: longer ones are not identifiers but accidents. */
    static final int MAX_TEXT_BYTES = 128;

    private static final long LAST_TIMESTAMP_MS = 253_402_300_799_999L;

    EventType type;
    BinaryStringData vehicleId;
    BinaryStringData region;
    long timestamp;
    long measurement;

    private boolean hasType;
    private boolean hasTimestamp;
    private boolean hasMeasurement;

    void clear() {
        type = null;
        vehicleId = null;
        region = null;
        hasType = false;
        hasTimestamp = false;
        hasMeasurement = false;
    }

    void setType(EventType value) {
        type = value;
        hasType = true;
    }

    void setTimestamp(long value) {
        timestamp = value;
        hasTimestamp = true;
    }

    void setMeasurement(long value) {
        measurement = value;
        hasMeasurement = true;
    }

    void setText(String field, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        if (field.equals(EVENT_TYPE)) {
            setType(EventType.of(bytes, 0, bytes.length));
        } else if (field.equals(VEHICLE_ID)) {
            vehicleId = BinaryStringData.fromBytes(bytes);
        } else {
            region = BinaryStringData.fromBytes(bytes);
        }
    }

    void setNumber(String field, long value) {
        if (field.equals(TIMESTAMP)) {
            setTimestamp(value);
        } else {
            setMeasurement(value);
        }
    }

    /** A later null of the same name takes the value back, as a later value replaces it. */
    void unset(String field) {
        switch (field) {
            case EVENT_TYPE:
                hasType = false;
                break;
            case VEHICLE_ID:
                vehicleId = null;
                break;
            case REGION:
                region = null;
                break;
            case TIMESTAMP:
                hasTimestamp = false;
                break;
            default:
                hasMeasurement = false;
        }
    }

    /** Returns why the event cannot be used, or null when it can. */
    String check(long earliestTimestampMs, long latestTimestampMs) {
        if (!hasType) {
            return Reasons.missing(EVENT_TYPE);
        }
        if (vehicleId == null) {
            return Reasons.missing(VEHICLE_ID);
        }
        if (region == null) {
            return Reasons.missing(REGION);
        }
        if (!hasTimestamp) {
            return Reasons.missing(TIMESTAMP);
        }
        if (!hasMeasurement) {
            return Reasons.missing(MEASUREMENT);
        }
        if (type == null) {
            return Reasons.UNKNOWN_TYPE;
        }
        if (!isIdentifier(vehicleId)) {
            return Reasons.outOfRange(VEHICLE_ID);
        }
        if (!isIdentifier(region)) {
            return Reasons.outOfRange(REGION);
        }
        if (timestamp <= 0 || timestamp > LAST_TIMESTAMP_MS) {
            return Reasons.outOfRange(TIMESTAMP);
        }
        if (timestamp < earliestTimestampMs) {
            return Reasons.TOO_OLD;
        }
        if (timestamp > latestTimestampMs) {
            return Reasons.FUTURE;
        }
        if (measurement < 0 || measurement > type.maxMeasurement) {
            return Reasons.outOfRange(MEASUREMENT);
        }
        return null;
    }

    private static boolean isIdentifier(BinaryStringData text) {
        int bytes = text.getSizeInBytes();
        return bytes > 0 && bytes <= MAX_TEXT_BYTES;
    }
}
