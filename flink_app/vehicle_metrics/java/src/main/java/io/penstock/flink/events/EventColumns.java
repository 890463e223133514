package io.penstock.flink.events;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;

/** Where a table keeps the fields of an event: positions of its physical columns. */
final class EventColumns implements Serializable {
    static final String PAYLOAD = "payload";
    static final String SHARD = "shard";
    static final String REASON = "reason";

    private static final long serialVersionUID = 1L;
    private static final List<String> NAMES = List.of(
            VehicleEvent.EVENT_TYPE,
            VehicleEvent.VEHICLE_ID,
            VehicleEvent.REGION,
            VehicleEvent.TIMESTAMP,
            VehicleEvent.MEASUREMENT,
            SHARD,
            PAYLOAD,
            REASON);
    private static final Map<String, LogicalTypeRoot> NUMBERS = Map.of(
            VehicleEvent.TIMESTAMP, LogicalTypeRoot.BIGINT,
            VehicleEvent.MEASUREMENT, LogicalTypeRoot.BIGINT,
            SHARD, LogicalTypeRoot.INTEGER);

    private final int[] positions;

    private EventColumns(int[] positions) {
        this.positions = positions;
    }

    /** Fails unless the columns are exactly those of an event, in any order; {@code payload} may be left out. */
    static EventColumns of(RowType row) {
        int[] positions = new int[NAMES.size()];
        Arrays.fill(positions, -1);
        for (RowType.RowField field : row.getFields()) {
            int known = NAMES.indexOf(field.getName());
            if (known < 0) {
                throw new ValidationException(
                        "got column '" + field.getName() + "' for format vehicle-event, expected one of " + NAMES);
            }
            LogicalTypeRoot expected = NUMBERS.getOrDefault(field.getName(), LogicalTypeRoot.VARCHAR);
            if (field.getType().getTypeRoot() != expected) {
                throw new ValidationException("got type " + field.getType() + " for column '" + field.getName()
                        + "' of format vehicle-event, expected "
                        + (expected == LogicalTypeRoot.VARCHAR ? "STRING" : expected));
            }
            positions[known] = row.getFieldIndex(field.getName());
        }
        for (String name : NAMES) {
            if (positions[NAMES.indexOf(name)] < 0 && !name.equals(PAYLOAD)) {
                throw new ValidationException("column '" + name + "' is missing, format vehicle-event needs it");
            }
        }
        return new EventColumns(positions);
    }

    int count() {
        return payload() < 0 ? positions.length - 1 : positions.length;
    }

    int eventType() {
        return positions[0];
    }

    int vehicleId() {
        return positions[1];
    }

    int region() {
        return positions[2];
    }

    int timestamp() {
        return positions[3];
    }

    int measurement() {
        return positions[4];
    }

    int shard() {
        return positions[5];
    }

    /** -1 when the table does not keep the record itself. */
    int payload() {
        return positions[6];
    }

    int reason() {
        return positions[7];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EventColumns && Arrays.equals(positions, ((EventColumns) other).positions);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(positions);
    }
}
