package io.penstock.flink.fleet;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.apache.flink.util.Collector;

/** Makes the events of one block. */
final class FleetExpander implements FlatMapFunction<Long, RowData> {
    private static final long serialVersionUID = 1L;
    private static final int ID_DIGITS = 10;

    private final FleetPlan plan;
    private final Fleet fleet;

    FleetExpander(FleetPlan plan, Fleet fleet) {
        this.plan = plan;
        this.fleet = fleet;
    }

    @Override
    public void flatMap(Long block, Collector<RowData> out) {
        long tick = plan.tick(block);
        for (long vehicle = plan.firstVehicle(block); vehicle <= plan.lastVehicle(block); vehicle++) {
            long event = plan.event(tick, vehicle);
            long timestamp = plan.timestamp(event);
            StringData id = id(vehicle);
            StringData region = StringData.fromString(fleet.region(vehicle));
            emit(out, event, "IC_RPM", id, region, timestamp, fleet.engineRpm(vehicle, tick));
            emit(out, event + 1, "ELECTRIC_RPM", id, region, timestamp, fleet.motorRpm(vehicle, tick));
            emit(out, event + 2, "WARNINGS", id, region, timestamp, fleet.warnings(vehicle, tick));
        }
    }

    private void emit(
            Collector<RowData> out,
            long event,
            String type,
            StringData id,
            StringData region,
            long timestamp,
            long measurement) {
        if (plan.isWithin(event)) {
            out.collect(GenericRowData.of(StringData.fromString(type), id, region, timestamp, measurement));
        }
    }

    /** {@code V} and ten digits. */
    static StringData id(long vehicle) {
        byte[] text = new byte[1 + ID_DIGITS];
        Arrays.fill(text, (byte) '0');
        text[0] = 'V';
        byte[] digits = Long.toString(vehicle).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(digits, 0, text, text.length - digits.length, digits.length);
        return BinaryStringData.fromBytes(text);
    }
}
