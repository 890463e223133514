package io.penstock.flink.events;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;

/** Where a table keeps the fields of an event: positions of its physical columns. */
final class EventColumns implements Serializable {
    static final String PAYLOAD = "payload";
    static final String REASON = "reason";

    private static final long serialVersionUID = 1L;
    private static final List<String> NAMES = List.of(
            VehicleEvent.EVENT_TYPE,
            VehicleEvent.VEHICLE_ID,
            VehicleEvent.REGION,
            VehicleEvent.TIMESTAMP,
            VehicleEvent.MEASUREMENT,
            PAYLOAD,
            REASON);
    private static final List<String> NUMBERS = List.of(VehicleEvent.TIMESTAMP, VehicleEvent.MEASUREMENT);

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
            LogicalTypeRoot expected =
                    NUMBERS.contains(field.getName()) ? LogicalTypeRoot.BIGINT : LogicalTypeRoot.VARCHAR;
            if (field.getType().getTypeRoot() != expected) {
                throw new ValidationException("got type " + field.getType() + " for column '" + field.getName()
                        + "' of format vehicle-event, expected " + (NUMBERS.contains(field.getName()) ? "BIGINT" : "STRING"));
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

    /** -1 when the table does not keep the record itself. */
    int payload() {
        return positions[5];
    }

    int reason() {
        return positions[6];
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
