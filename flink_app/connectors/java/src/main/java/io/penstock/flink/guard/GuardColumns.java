package io.penstock.flink.guard;

import java.io.Serializable;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
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

    /** Fails unless the table has the columns that the options name, of their types. */
    static GuardColumns of(DataType physical, ReadableConfig options) {
        RowType row = (RowType) physical.getLogicalType();
        return new GuardColumns(
                position(row, options.get(GuardedTableFactory.SHARD_COLUMN), LogicalTypeRoot.INTEGER),
                position(row, options.get(GuardedTableFactory.TIMESTAMP_COLUMN), LogicalTypeRoot.BIGINT),
                position(row, options.get(GuardedTableFactory.REASON_COLUMN), LogicalTypeRoot.VARCHAR),
                row.getFieldCount());
    }

    private static int position(RowType row, String name, LogicalTypeRoot expected) {
        int position = row.getFieldIndex(name);
        if (position < 0) {
            throw new ValidationException(
                    "got columns " + row.getFieldNames() + ", a guarded table needs column '" + name + "'");
        }
        LogicalType type = row.getTypeAt(position);
        if (type.getTypeRoot() != expected) {
            throw new ValidationException("got type " + type + " for column '" + name + "', a guarded table needs "
                    + (expected == LogicalTypeRoot.VARCHAR ? "STRING" : expected));
        }
        return position;
    }

    /** A shard's records stay together and in order; records without a shard are spread by their time of arrival. */
    KeySelector<RowData, Integer> spread() {
        int column = shard;
        return row -> row.isNullAt(column) ? (int) System.nanoTime() : row.getInt(column);
    }
}
