package io.penstock.flink.states;

import org.apache.flink.table.data.binary.BinaryStringData;

/** What one vehicle did in one region: the greatest of each of two numbers, where less than 0 is none. */
final class VehicleState {
    static final int NONE = -1;

    final BinaryStringData region;
    int moving = NONE;
    long report = NONE;

    /** The same vehicle in another region. */
    VehicleState next;

    VehicleState(BinaryStringData region) {
        this.region = region;
    }

    void raise(int otherMoving, long otherReport) {
        moving = Math.max(moving, otherMoving);
        report = Math.max(report, otherReport);
    }
}
