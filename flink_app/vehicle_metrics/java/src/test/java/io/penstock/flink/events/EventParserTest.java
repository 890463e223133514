package io.penstock.flink.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventParserTest {
    private static final long EARLIEST_MS = 1_000_000_000_000L;
    private static final long LATEST_MS = 2_000_000_000_000L;
    private static final String USUAL = "{\"eventType\":\"IC_RPM\",\"vehicleId\":\"V0000000042\",\"region\":\"US\","
            + "\"timestamp\":1700000000123,\"measurement\":2124}";

    private final EventParser parser = new EventParser();

    @ParameterizedTest
    @ValueSource(
            strings = {
                USUAL,
                " { \"eventType\" : \"IC_RPM\" , \"vehicleId\" : \"V0000000042\", \"region\":\"US\",\t"
                        + "\"timestamp\" : 1700000000123 , \"measurement\":2124 } \r\n",
                "{\"measurement\":2124,\"timestamp\":1700000000123,\"region\":\"US\",\"vehicleId\":\"V0000000042\","
                        + "\"eventType\":\"IC_RPM\"}",
                "{\"firmware\":{\"a\":[1,2]},\"eventType\":\"IC_RPM\",\"vehicleId\":\"V0000000042\",\"region\":\"US\","
                        + "\"timestamp\":1700000000123,\"measurement\":2124,\"extra\":null}",
                "{\"eventType\":\"IC\\u005fRPM\",\"vehicleId\":\"V0000000042\",\"region\":\"U\\u0053\","
                        + "\"timestamp\":1700000000123,\"measurement\":2124}",
                "{\"region\":\"France\",\"eventType\":\"IC_RPM\",\"vehicleId\":\"V0000000042\",\"region\":\"US\","
                        + "\"timestamp\":1700000000123,\"measurement\":2124}",
            })
    void readsEveryFormOfTheSameEvent(String json) {
        assertNull(parse(json));
        VehicleEvent event = parser.event();
        assertEquals(EventType.IC_RPM, event.type);
        assertEquals("V0000000042", event.vehicleId.toString());
        assertEquals("US", event.region.toString());
        assertEquals(1_700_000_000_123L, event.timestamp);
        assertEquals(2_124, event.measurement);
    }

    @Test
    void readsTextBeyondAscii() {
        assertNull(parse(USUAL.replace("\"US\"", "\"São Paulo\"")));
        assertEquals("São Paulo", parser.event().region.toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "rubbish|malformed json",
                "[1]|malformed json",
                "42|malformed json",
                "null|malformed json",
                "{|malformed json",
                "{}}|malformed json",
                "{\"eventType\":\"IC_RPM\"|malformed json",
                "{\"eventType\":\"IC_RPM\",}|malformed json",
                "{}|missing field: eventType",
                "[{\"eventType\":\"IC_RPM\"}]|malformed json",
                "{\"eventType\":\"IC_RPM\"}{\"eventType\":\"IC_RPM\"}|malformed json",
                "{\"payload\":{\"after\":{\"eventType\":\"IC_RPM\"}}}|missing field: eventType",
            })
    void tellsWhatIsNoEvent(String json, String reason) {
        assertEquals(reason, parse(json));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "\"eventType\":\"IC_RPM\",||missing field: eventType",
                "\"vehicleId\":\"V0000000042\",||missing field: vehicleId",
                "\"region\":\"US\"|\"region\":null|missing field: region",
                "\"timestamp\":1700000000123,||missing field: timestamp",
                ",\"measurement\":2124||missing field: measurement",
                "IC_RPM|IC_RPM2|unknown event type",
                "IC_RPM|ic_rpm|unknown event type",
                "\"IC_RPM\"|7|wrong type: eventType",
                "\"US\"|[\"US\"]|wrong type: region",
                "2124|\"2124\"|wrong type: measurement",
                "2124|21.24|wrong type: measurement",
                "2124|2124.0|wrong type: measurement",
                "2124|true|wrong type: measurement",
                "1700000000123|\"now\"|wrong type: timestamp",
                "2124|-1|out of range: measurement",
                "2124|100001|out of range: measurement",
                "2124|99999999999999999999999|out of range: measurement",
                "1700000000123|-5|out of range: timestamp",
                "1700000000123|0|out of range: timestamp",
                "1700000000123|1700000000123000|out of range: timestamp",
                "1700000000123|2000000000001|timestamp in the future",
                "1700000000123|1700000000|timestamp too old",
                "1700000000123|1|timestamp too old",
                "1700000000123|999999999999|timestamp too old",
                "1700000000123|1.7e12|wrong type: timestamp",
                "1700000000123|\"1700000000123\"|wrong type: timestamp",
                "1700000000123|\"2026-06-25T09:15:00Z\"|wrong type: timestamp",
                "1700000000123|\"2026-06-25T09:15:00+02:00\"|wrong type: timestamp",
                "V0000000042||out of range: vehicleId",
                "2124|01|malformed json",
                "2124|2124 2124|malformed json",
                "2124|NaN|malformed json",
            })
    void tellsWhatIsWrongWithAnEvent(String was, String is, String reason) {
        String json = USUAL.replace(was, is == null ? "" : is);
        assertEquals(reason, parse(json), json);
    }

    @Test
    void believesTheLargestValuesOfEachType() {
        assertNull(parse(USUAL.replace("2124", "100000")));
        assertNull(parse(USUAL.replace("IC_RPM", "WARNINGS").replace("2124", "10000")));
        assertEquals(
                "out of range: measurement", parse(USUAL.replace("IC_RPM", "WARNINGS").replace("2124", "10001")));
        assertNull(parse(USUAL.replace("1700000000123", String.valueOf(LATEST_MS))));
        assertNull(parse(USUAL.replace("1700000000123", String.valueOf(EARLIEST_MS))));
        assertNull(parse(USUAL.replace("V0000000042", "v".repeat(128))));
        assertEquals("out of range: vehicleId", parse(USUAL.replace("V0000000042", "v".repeat(129))));
    }

    @Test
    void passesOverAByteOrderMark() {
        assertNull(parse("\uFEFF" + USUAL));
    }

    @Test
    void emptyRecordsAreNoEvents() {
        assertEquals("empty record", parser.parse(new byte[0], EARLIEST_MS, LATEST_MS));
        assertEquals("empty record", parser.parse(null, EARLIEST_MS, LATEST_MS));
    }

    /** The fast reader may decline, but what it accepts it must read as strict JSON does. */
    @Test
    void fastReaderAgreesWithStrictReader() {
        Random random = new Random(7);
        byte[] alphabet = "\"{}:,[] \\0129-.eEntu\u0001ITmr\u00e9".getBytes(StandardCharsets.ISO_8859_1);
        VehicleEvent fast = new VehicleEvent();
        VehicleEvent strict = new VehicleEvent();
        int accepted = 0;
        for (int i = 0; i < 200_000; i++) {
            byte[] record = USUAL.getBytes(StandardCharsets.UTF_8);
            for (int changes = random.nextInt(3); changes >= 0; changes--) {
                record[random.nextInt(record.length)] = alphabet[random.nextInt(alphabet.length)];
            }
            if (random.nextInt(4) == 0) {
                record = Arrays.copyOf(record, random.nextInt(record.length));
            }
            if (new FastEventReader().read(record, fast)) {
                accepted++;
                String text = new String(record, StandardCharsets.UTF_8);
                assertNull(new StrictEventReader().read(record, strict), text);
                assertEquals(strict.check(EARLIEST_MS, LATEST_MS), fast.check(EARLIEST_MS, LATEST_MS), text);
                assertEquals(strict.type, fast.type, text);
                assertEquals(strict.vehicleId, fast.vehicleId, text);
                assertEquals(strict.region, fast.region, text);
            }
        }
        assertTrue(accepted > 1_000, "the fast reader accepted only " + accepted);
    }

    private String parse(String json) {
        return parser.parse(json.getBytes(StandardCharsets.UTF_8), EARLIEST_MS, LATEST_MS);
    }
}
