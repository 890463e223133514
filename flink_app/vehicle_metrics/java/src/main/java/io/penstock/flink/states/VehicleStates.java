package io.penstock.flink.states;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.binary.BinaryStringData;

/** The vehicles of one shard in one window. One value in the state backend, however many vehicles it holds. */
public final class VehicleStates {
    private final Map<BinaryStringData, VehicleState> vehicles = new HashMap<>();
    private int size;

    /** Raises the numbers of a vehicle in a region; the texts are copied when they are new. */
    void raise(BinaryStringData vehicleId, BinaryStringData region, int moving, long report) {
        VehicleState first = vehicles.get(vehicleId);
        VehicleState state = first;
        while (state != null && !state.region.equals(region)) {
            state = state.next;
        }
        if (state == null) {
            state = add(first, first == null ? vehicleId.copy() : vehicleId, region.copy());
        }
        state.raise(moving, report);
    }

    /** Adds a vehicle in a region that is not there yet; the texts are kept as they are. */
    void add(BinaryStringData vehicleId, BinaryStringData region, int moving, long report) {
        add(vehicles.get(vehicleId), vehicleId, region).raise(moving, report);
    }

    private VehicleState add(VehicleState first, BinaryStringData vehicleId, BinaryStringData region) {
        VehicleState state = new VehicleState(region);
        size++;
        if (first == null) {
            vehicles.put(vehicleId, state);
        } else {
            state.next = first.next;
            first.next = state;
        }
        return state;
    }

    void raise(VehicleStates others) {
        others.forEach((vehicleId, state) -> raise(vehicleId, state.region, state.moving, state.report));
    }

    int size() {
        return size;
    }

    void forEach(Visitor visitor) {
        for (Map.Entry<BinaryStringData, VehicleState> vehicle : vehicles.entrySet()) {
            for (VehicleState state = vehicle.getValue(); state != null; state = state.next) {
                visitor.visit(vehicle.getKey(), state);
            }
        }
    }

    /** Rows of vehicle, region, moving and report; what there was none of is null. */
    ArrayData rows() {
        Object[] rows = new Object[size];
        int[] at = {0};
        forEach((vehicleId, state) -> rows[at[0]++] = GenericRowData.of(
                vehicleId,
                state.region,
                state.moving == VehicleState.NONE ? null : state.moving,
                state.report == VehicleState.NONE ? null : state.report));
        return new GenericArrayData(rows);
    }

    /** Sees each vehicle in each region. */
    interface Visitor {
        void visit(BinaryStringData vehicleId, VehicleState state);
    }
}
