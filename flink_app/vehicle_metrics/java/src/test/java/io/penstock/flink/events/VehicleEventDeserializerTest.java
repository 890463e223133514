package io.penstock.flink.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.junit.jupiter.api.Test;

class VehicleEventDeserializerTest {
    private static final DataType ROW = DataTypes.ROW(
            DataTypes.FIELD("reason", DataTypes.STRING()),
            DataTypes.FIELD("payload", DataTypes.STRING()),
            DataTypes.FIELD("measurement", DataTypes.BIGINT()),
            DataTypes.FIELD("timestamp", DataTypes.BIGINT()),
            DataTypes.FIELD("region", DataTypes.STRING()),
            DataTypes.FIELD("vehicleId", DataTypes.STRING()),
            DataTypes.FIELD("shard", DataTypes.INT()),
            DataTypes.FIELD("eventType", DataTypes.STRING()));

    @Test
    void fillsTheColumnsByName() {
        String json = "{\"eventType\":\"WARNINGS\",\"vehicleId\":\"v\",\"region\":\"US\",\"timestamp\":5,\"measurement\":2}";
        RowData row = deserialize(json);
        assertTrue(row.isNullAt(0));
        assertEquals(json, row.getString(1).toString());
        assertEquals(2, row.getLong(2));
        assertEquals(5, row.getLong(3));
        assertEquals("US", row.getString(4).toString());
        assertEquals("v", row.getString(5).toString());
        assertTrue(row.getInt(6) >= 0 && row.getInt(6) < VehicleEventDeserializer.SHARDS);
        assertEquals("WARNINGS", row.getString(7).toString());
    }

    @Test
    void keepsTheTextOfWhatIsNoEvent() {
        RowData row = deserialize("not json");
        assertEquals("malformed json", row.getString(0).toString());
        assertEquals("not json", row.getString(1).toString());
        assertTrue(row.isNullAt(5));
    }

    @Test
    void aRecordWithoutValueIsARowToo() {
        VehicleEventDeserializer format = format(0);
        RowData row = format.deserialize(null);
        assertEquals("empty record", row.getString(0).toString());
        assertTrue(row.isNullAt(1));
    }

    @Test
    void believesTimestampsUpToTheAllowedLead() {
        String json = "{\"eventType\":\"WARNINGS\",\"vehicleId\":\"v\",\"region\":\"US\",\"timestamp\":"
                + (System.currentTimeMillis() + 60_000) + ",\"measurement\":2}";
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        assertTrue(format(120_000).deserialize(bytes).isNullAt(0));
        assertEquals("timestamp in the future", format(1_000).deserialize(bytes).getString(0).toString());
    }

    @Test
    void keepsTheTextOfAnEventBeforeTheEarliest() {
        String json = "{\"eventType\":\"WARNINGS\",\"vehicleId\":\"v\",\"region\":\"US\",\"timestamp\":1700000000"
                + ",\"measurement\":2}";
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        RowData row = format(1_700_000_001, 0).deserialize(bytes);
        assertEquals("timestamp too old", row.getString(0).toString());
        assertEquals(json, row.getString(1).toString());
        assertTrue(format(1_700_000_000, 0).deserialize(bytes).isNullAt(0));
    }

    @Test
    void failsForColumnsThatAreNoEvent() {
        DataType unknown = DataTypes.ROW(DataTypes.FIELD("speed", DataTypes.BIGINT()));
        ValidationException error =
                assertThrows(ValidationException.class, () -> EventColumns.of((RowType) unknown.getLogicalType()));
        assertTrue(error.getMessage().startsWith("got column 'speed' for format vehicle-event"), error.getMessage());

        DataType wrong = DataTypes.ROW(DataTypes.FIELD("timestamp", DataTypes.STRING()));
        error = assertThrows(ValidationException.class, () -> EventColumns.of((RowType) wrong.getLogicalType()));
        assertEquals("got type STRING for column 'timestamp' of format vehicle-event, expected BIGINT", error.getMessage());

        DataType missing = DataTypes.ROW(DataTypes.FIELD("timestamp", DataTypes.BIGINT()));
        error = assertThrows(ValidationException.class, () -> EventColumns.of((RowType) missing.getLogicalType()));
        assertEquals("column 'eventType' is missing, format vehicle-event needs it", error.getMessage());
    }

    private static RowData deserialize(String json) {
        return format(0).deserialize(json.getBytes(StandardCharsets.UTF_8));
    }

    private static VehicleEventDeserializer format(long maxAheadMs) {
        return format(1, maxAheadMs);
    }

    private static VehicleEventDeserializer format(long earliestMs, long maxAheadMs) {
        RowType row = (RowType) ROW.getLogicalType();
        VehicleEventDeserializer format =
                new VehicleEventDeserializer(InternalTypeInfo.of(row), EventColumns.of(row), earliestMs, maxAheadMs);
        format.open(null);
        return format;
    }
}
