package io.penstock.flink.events;

/** Turns the bytes of a record into a checked event, or into the reason why it is none. Never throws for bad input. */
final class EventParser {
    private final VehicleEvent event = new VehicleEvent();
    private final FastEventReader fast = new FastEventReader();
    private final StrictEventReader strict = new StrictEventReader();

    /** The event of the last {@link #parse} that returned null. */
    VehicleEvent event() {
        return event;
    }

    /**
     * Returns null for a usable event. An event after {@code latestTimestampMs} would drag the watermark with it, one
     * before {@code earliestTimestampMs} has its time in another unit.
     */
    String parse(byte[] record, long earliestTimestampMs, long latestTimestampMs) {
        if (record == null || record.length == 0) {
            return Reasons.EMPTY;
        }
        if (!fast.read(record, event)) {
            String reason = strict.read(record, event);
            if (reason != null) {
                return reason;
            }
        }
        return event.check(earliestTimestampMs, latestTimestampMs);
    }
}
