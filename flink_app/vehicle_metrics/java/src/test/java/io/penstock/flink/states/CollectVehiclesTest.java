package io.penstock.flink.states;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.junit.jupiter.api.Test;

class CollectVehiclesTest {
    private final CollectVehicles function = new CollectVehicles();
    private final VehicleStates states = function.createAccumulator();

    @Test
    void keepsTheGreatestOfEachNumberForEachVehicleAndRegion() {
        collect("v1", "US", 0, null);
        collect("v1", "US", null, 7L);
        collect("v1", "US", 1, 3L);
        collect("v1", "US", 0, null);
        collect("v1", "Brazil", 0, null);
        collect("v1", "India", null, 0L);
        collect("v2", "US", null, 9L);
        assertEquals(List.of("v1 Brazil 0 null", "v1 India null 0", "v1 US 1 7", "v2 US null 9"), rows(states));
    }

    @Test
    void joinsWhatWasCollectedApart() {
        VehicleStates other = function.createAccumulator();
        collect("v1", "US", 0, 5L);
        function.accumulate(other, text("v1"), text("US"), 1, 4L);
        function.accumulate(other, text("v1"), text("India"), 0, null);
        function.accumulate(other, text("v3"), text("US"), null, 1L);
        function.merge(states, List.of(other, function.createAccumulator()));
        assertEquals(List.of("v1 India 0 null", "v1 US 1 5", "v3 US null 1"), rows(states));
    }

    /** Rows are read from memory that Flink uses again. */
    @Test
    void keepsItsOwnCopyOfTexts() {
        byte[] bytes = {'v', '1', 'U', 'S'};
        BinaryStringData both = BinaryStringData.fromBytes(bytes);
        function.accumulate(states, both.substring(0, 2), BinaryStringData.fromBytes(bytes, 2, 2), 1, null);
        bytes[0] = 'x';
        bytes[2] = 'x';
        assertEquals(List.of("v1 US 1 null"), rows(states));
    }

    @Test
    void survivesACheckpoint() throws IOException {
        for (int vehicle = 0; vehicle < 300; vehicle++) {
            collect("v" + vehicle, vehicle % 2 == 0 ? "US" : "S\u00e3o Paulo", vehicle % 3 == 0 ? null : vehicle % 2, null);
            collect("v" + vehicle, "India", null, (long) vehicle << 33);
        }
        VehicleStatesSerializer serializer = new VehicleStatesSerializer();
        DataOutputSerializer out = new DataOutputSerializer(16);
        serializer.serialize(states, out);
        serializer.serialize(function.createAccumulator(), out);
        DataInputDeserializer in = new DataInputDeserializer(out.getCopyOfBuffer());
        assertEquals(rows(states), rows(serializer.deserialize(in)));
        assertEquals(List.of(), rows(serializer.deserialize(in)));
        assertEquals(0, in.available());

        DataOutputSerializer copied = new DataOutputSerializer(16);
        serializer.copy(new DataInputDeserializer(out.getCopyOfBuffer()), copied);
        assertEquals(rows(states), rows(serializer.deserialize(new DataInputDeserializer(copied.getCopyOfBuffer()))));
    }

    @Test
    void aCopyIsIndependent() {
        collect("v1", "US", 0, null);
        VehicleStates copy = new VehicleStatesSerializer().copy(states);
        collect("v1", "US", 1, null);
        collect("v2", "US", 1, null);
        assertEquals(List.of("v1 US 0 null"), rows(copy));
    }

    @Test
    void aSnapshotRestoresTheSerializer() {
        TypeSerializer<VehicleStates> restored =
                new VehicleStatesSerializer().snapshotConfiguration().restoreSerializer();
        assertInstanceOf(VehicleStatesSerializer.class, restored);
    }

    private void collect(String vehicle, String region, Integer moving, Long report) {
        function.accumulate(states, text(vehicle), text(region), moving, report);
    }

    private List<String> rows(VehicleStates of) {
        ArrayData array = function.getValue(of);
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            RowData row = array.getRow(i, 4);
            rows.add(row.getString(0) + " " + row.getString(1) + " " + (row.isNullAt(2) ? null : row.getInt(2)) + " "
                    + (row.isNullAt(3) ? null : row.getLong(3)));
        }
        Collections.sort(rows);
        return rows;
    }

    private static StringData text(String text) {
        BinaryStringData data = BinaryStringData.fromString(text);
        data.ensureMaterialized();
        return data;
    }
}
