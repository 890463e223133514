package io.penstock.flink.events;

import java.nio.charset.StandardCharsets;
import org.apache.flink.table.data.binary.BinaryStringData;

/** What a vehicle reports, and the largest measurement that is believed (a larger one is a broken sensor). */
enum EventType {
    /** Revolutions a minute of the combustion engine. */
    IC_RPM(100_000),
    /** Revolutions a minute of the electric motor. */
    ELECTRIC_RPM(100_000),
    /** Number of active warnings. */
    WARNINGS(10_000);

    private static final EventType[] ALL = values();

    final long maxMeasurement;
    final BinaryStringData label;
    private final byte[] bytes;

    EventType(long maxMeasurement) {
        this.maxMeasurement = maxMeasurement;
        this.bytes = name().getBytes(StandardCharsets.UTF_8);
        this.label = BinaryStringData.fromBytes(bytes);
    }

    /** Returns the type with this name, or null. */
    static EventType of(byte[] buffer, int offset, int length) {
        for (EventType type : ALL) {
            if (matches(type.bytes, buffer, offset, length)) {
                return type;
            }
        }
        return null;
    }

    static boolean matches(byte[] expected, byte[] buffer, int offset, int length) {
        if (expected.length != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (expected[i] != buffer[offset + i]) {
                return false;
            }
        }
        return true;
    }
}
