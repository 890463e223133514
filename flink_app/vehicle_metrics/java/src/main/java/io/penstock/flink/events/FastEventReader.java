package io.penstock.flink.events;

import java.nio.charset.StandardCharsets;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.data.binary.BinaryStringData;

/**
 * Reads the usual form of an event straight from its bytes: a flat object of the known fields, ASCII, no escapes,
 * plain non-negative integers. Strings are views on the record, nothing is copied or decoded.
 *
 * <p>Whatever else JSON allows is left to {@link StrictEventReader}: this reader then only says that it cannot tell.
 */
final class FastEventReader {
    private static final byte[] EVENT_TYPE = VehicleEvent.EVENT_TYPE.getBytes(StandardCharsets.UTF_8);
    private static final byte[] VEHICLE_ID = VehicleEvent.VEHICLE_ID.getBytes(StandardCharsets.UTF_8);
    private static final byte[] REGION = VehicleEvent.REGION.getBytes(StandardCharsets.UTF_8);
    private static final byte[] TIMESTAMP = VehicleEvent.TIMESTAMP.getBytes(StandardCharsets.UTF_8);
    private static final byte[] MEASUREMENT = VehicleEvent.MEASUREMENT.getBytes(StandardCharsets.UTF_8);

    /** More digits could overflow a long. */
    private static final int MAX_DIGITS = 18;

    private byte[] json;
    private MemorySegment[] view;
    private int position;
    private int textStart;
    private int textLength;
    private long number;

    /** Fills the event and returns true, or returns false with the event in an undefined state. */
    boolean read(byte[] record, VehicleEvent event) {
        json = record;
        view = null;
        position = 0;
        event.clear();
        if (next() != '{') {
            return false;
        }
        do {
            if (next() != '"' || !text() || !field(event)) {
                return false;
            }
        } while (peekComma());
        return next() == '}' && next() == -1;
    }

    private boolean field(VehicleEvent event) {
        int start = textStart;
        int length = textLength;
        if (next() != ':') {
            return false;
        }
        if (EventType.matches(TIMESTAMP, json, start, length)) {
            if (!integer()) {
                return false;
            }
            event.setTimestamp(number);
            return true;
        }
        if (EventType.matches(MEASUREMENT, json, start, length)) {
            if (!integer()) {
                return false;
            }
            event.setMeasurement(number);
            return true;
        }
        if (next() != '"' || !text()) {
            return false;
        }
        if (EventType.matches(VEHICLE_ID, json, start, length)) {
            event.vehicleId = string();
        } else if (EventType.matches(REGION, json, start, length)) {
            event.region = string();
        } else if (EventType.matches(EVENT_TYPE, json, start, length)) {
            event.setType(EventType.of(json, textStart, textLength));
        } else {
            return false;
        }
        return true;
    }

    private BinaryStringData string() {
        if (view == null) {
            view = new MemorySegment[] {MemorySegmentFactory.wrap(json)};
        }
        return BinaryStringData.fromAddress(view, textStart, textLength);
    }

    /** Reads up to the closing quote. */
    private boolean text() {
        int at = position;
        while (at < json.length) {
            byte c = json[at];
            if (c == '"') {
                textStart = position;
                textLength = at - position;
                position = at + 1;
                return true;
            }
            if (c < 0x20 || c == '\\') {
                return false;
            }
            at++;
        }
        return false;
    }

    private boolean integer() {
        int first = next();
        if (first < '0' || first > '9') {
            return false;
        }
        long value = first - '0';
        int start = position;
        while (position < json.length && json[position] >= '0' && json[position] <= '9') {
            value = value * 10 + (json[position++] - '0');
        }
        int more = position - start;
        if (more >= MAX_DIGITS || (first == '0' && more > 0)) {
            return false;
        }
        number = value;
        return true;
    }

    private boolean peekComma() {
        int at = position;
        if (next() == ',') {
            return true;
        }
        position = at;
        return false;
    }

    /** The next byte that is not white space, or -1 at the end. */
    private int next() {
        while (position < json.length) {
            byte c = json[position++];
            if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
                return c < 0 ? 0 : c;
            }
        }
        return -1;
    }
}
