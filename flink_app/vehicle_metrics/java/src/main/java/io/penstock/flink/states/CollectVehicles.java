package io.penstock.flink.states;

import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.apache.flink.table.functions.AggregateFunction;

/**
 * {@code COLLECT_VEHICLES(vehicleId, region, moving, report)}: the maximum of {@code moving} and of {@code report} for
 * each vehicle and region, as an array of rows.
 *
 * <p>It is {@code GROUP BY vehicleId, region} within one group. A group of its own for each vehicle costs several
 * accesses to RocksDB, and a timer, for each vehicle and window; this way a whole shard of vehicles is one value.
 */
@FunctionHint(
        accumulator = @DataTypeHint(value = "RAW", bridgedTo = VehicleStates.class, rawSerializer = VehicleStatesSerializer.class),
        output = @DataTypeHint(
                value = "ARRAY<ROW<vehicleId STRING, region STRING, moving INT, report BIGINT>>",
                bridgedTo = ArrayData.class))
public final class CollectVehicles extends AggregateFunction<ArrayData, VehicleStates> {
    private static final long serialVersionUID = 1L;

    @Override
    public VehicleStates createAccumulator() {
        return new VehicleStates();
    }

    /** Called by generated code for each row. */
    public void accumulate(
            VehicleStates states,
            @DataTypeHint(value = "STRING", bridgedTo = StringData.class) StringData vehicleId,
            @DataTypeHint(value = "STRING", bridgedTo = StringData.class) StringData region,
            Integer moving,
            Long report) {
        states.raise(
                (BinaryStringData) vehicleId,
                (BinaryStringData) region,
                moving == null ? VehicleState.NONE : moving,
                report == null ? VehicleState.NONE : report);
    }

    /** Called by generated code to join what was aggregated before the exchange. */
    public void merge(VehicleStates states, Iterable<VehicleStates> others) {
        others.forEach(states::raise);
    }

    @Override
    public ArrayData getValue(VehicleStates states) {
        return states.rows();
    }
}
