package io.penstock.flink.events;

import java.io.Serializable;
import java.util.List;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

/** The columns that the guard reads, and the spread of records over its subtasks. */
final class GuardColumns implements Serializable {
    private static final long serialVersionUID = 1L;

    final int shard;
    final int timestamp;
    final int reason;
    final int count;

    private GuardColumns(int shard, int timestamp, int reason, int count) {
        this.shard = shard;
        this.timestamp = timestamp;
        this.reason = reason;
        this.count = count;
    }

    static GuardColumns of(DataType physical) {
        RowType row = (RowType) physical.getLogicalType();
        List<String> names = row.getFieldNames();
        for (String name : List.of(EventColumns.SHARD, VehicleEvent.TIMESTAMP, EventColumns.REASON)) {
            if (!names.contains(name)) {
                throw new ValidationException("got columns " + names + ", a guarded table needs column '" + name + "'");
            }
        }
        return new GuardColumns(
                names.indexOf(EventColumns.SHARD),
                names.indexOf(VehicleEvent.TIMESTAMP),
                names.indexOf(EventColumns.REASON),
                names.size());
    }

    /** A shard's records stay together and in order; records without a shard are spread by their time of arrival. */
    KeySelector<RowData, Integer> spread() {
        int column = shard;
        return row -> row.isNullAt(column) ? (int) System.nanoTime() : row.getInt(column);
    }
}
