package io.penstock.flink.events;

import java.util.Objects;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryStringData;

/** One row per record, always: a record that is no event becomes a row with its reason and its own text. */
final class VehicleEventDeserializer implements DeserializationSchema<RowData> {
    /** Enough for any parallelism, and few enough that a shard of a large fleet is worth a value in the state. */
    static final int SHARDS = 1024;

    private static final long serialVersionUID = 1L;

    private final TypeInformation<RowData> rowType;
    private final EventColumns columns;
    private final long earliestMs;
    private final long maxAheadMs;

    private transient EventParser parser;

    VehicleEventDeserializer(
            TypeInformation<RowData> rowType, EventColumns columns, long earliestMs, long maxAheadMs) {
        this.rowType = rowType;
        this.columns = columns;
        this.earliestMs = earliestMs;
        this.maxAheadMs = maxAheadMs;
    }

    @Override
    public void open(InitializationContext context) {
        parser = new EventParser();
    }

    @Override
    public RowData deserialize(byte[] message) {
        GenericRowData row = new GenericRowData(columns.count());
        String reason = parser.parse(message, earliestMs, System.currentTimeMillis() + maxAheadMs);
        if (columns.payload() >= 0 && message != null) {
            row.setField(columns.payload(), BinaryStringData.fromBytes(message));
        }
        if (reason != null) {
            row.setField(columns.reason(), StringData.fromString(reason));
            return row;
        }
        VehicleEvent event = parser.event();
        row.setField(columns.eventType(), event.type.label);
        row.setField(columns.vehicleId(), event.vehicleId);
        row.setField(columns.region(), event.region);
        row.setField(columns.timestamp(), event.timestamp);
        row.setField(columns.measurement(), event.measurement);
        row.setField(columns.shard(), Math.floorMod(event.vehicleId.hashCode(), SHARDS));
        return row;
    }

    @Override
    public boolean isEndOfStream(RowData nextElement) {
        return false;
    }

    @Override
    public TypeInformation<RowData> getProducedType() {
        return rowType;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof VehicleEventDeserializer
                && columns.equals(((VehicleEventDeserializer) other).columns)
                && earliestMs == ((VehicleEventDeserializer) other).earliestMs
                && maxAheadMs == ((VehicleEventDeserializer) other).maxAheadMs;
    }

    @Override
    public int hashCode() {
        return Objects.hash(columns, earliestMs, maxAheadMs);
    }
}
