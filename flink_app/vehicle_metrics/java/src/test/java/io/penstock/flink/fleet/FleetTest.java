package io.penstock.flink.fleet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.flink.TestTables;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.data.RowData;
import org.apache.flink.util.Collector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FleetTest {
    private static final int VEHICLES = 2_000;
    private static final int TICKS = 200;

    @Test
    void vehiclesStartAndStopAsOftenAsAsked() {
        Fleet fleet = new Fleet(7, 0.2, 0.1, 0.05);
        double standing = 0;
        double moving = 0;
        double starts = 0;
        double stops = 0;
        double warned = 0;
        for (int vehicle = 0; vehicle < VEHICLES; vehicle++) {
            for (int tick = 0; tick < TICKS; tick++) {
                boolean before = fleet.isMoving(vehicle, tick);
                boolean after = fleet.isMoving(vehicle, tick + 1);
                if (before) {
                    moving++;
                    stops += after ? 0 : 1;
                } else {
                    standing++;
                    starts += after ? 1 : 0;
                }
                warned += fleet.warnings(vehicle, tick) > 0 ? 1 : 0;
            }
        }
        assertEquals(0.2, starts / standing, 0.01);
        assertEquals(0.1, stops / moving, 0.01);
        assertEquals(0.05, warned / (VEHICLES * TICKS), 0.01);
        assertEquals(2.0 / 3, moving / (VEHICLES * TICKS), 0.02);
    }

    @Test
    void oneMotorTurnsWhileAVehicleMovesAndNoneWhileItStands() {
        Fleet fleet = new Fleet(7, 0.2, 0.1, 0.05);
        for (int vehicle = 0; vehicle < VEHICLES; vehicle++) {
            int turning = (fleet.engineRpm(vehicle, 5) > 0 ? 1 : 0) + (fleet.motorRpm(vehicle, 5) > 0 ? 1 : 0);
            assertEquals(fleet.isMoving(vehicle, 5) ? 1 : 0, turning);
        }
    }

    @Test
    void theSameSeedMakesTheSameEventsAndAnotherOnesOthers() {
        assertEquals(events(7, 0, 300), events(7, 0, 300));
        assertNotEquals(events(7, 0, 300), events(8, 0, 300));
    }

    @Test
    void certainVehiclesNeverStop() {
        Fleet fleet = new Fleet(7, 1, 0, 1);
        assertTrue(fleet.isMoving(1, 0) && fleet.isMoving(1, 1_000_000));
        assertTrue(fleet.warnings(1, 1) > 0);
        assertEquals(0, new Fleet(7, 0.5, 0.5, 0).warnings(1, 1));
    }

    @Test
    void eventsComeInTheOrderOfTheirTimesAndFillASecond() {
        // 7 vehicles, 3 events each: a tick lasts a second without a rate.
        List<String> events = events(7, 0, 42);
        assertEquals(42, events.size());
        assertTrue(events.get(0).startsWith("IC_RPM V0000000000 "), events.get(0));
        assertTrue(events.get(0).contains(" 1000 "), events.get(0));
        assertTrue(events.get(41).startsWith("WARNINGS V0000000006 "), events.get(41));
        assertTrue(events.get(21).contains(" 2000 "), events.get(21));
    }

    @ParameterizedTest
    @CsvSource({"7, 1, 1", "7, 21, 1", "7, 22, 2", "250, 1, 1", "250, 301, 2", "250, 750, 3", "250, 751, 4"})
    void handsOutJustEnoughBlocks(long vehicles, long count, long blocks) {
        assertEquals(blocks, new FleetPlan(vehicles, 0, count, 1_000).blocks());
        assertEquals(count, count(vehicles, count));
    }

    @Test
    void blocksCoverEachVehicleOnce() {
        FleetPlan plan = new FleetPlan(250, 1_000, 0, 1_000);
        assertEquals(3, plan.blocksPerTick);
        assertEquals(200, plan.firstVehicle(5));
        assertEquals(249, plan.lastVehicle(5));
        assertEquals(1, plan.tick(5));
        assertEquals(4, plan.blocksPerSecond(), 1e-9);
        assertEquals(Long.MAX_VALUE, plan.blocks());
        assertEquals(2_500, plan.timestamp(1_500));
    }

    @Test
    void withoutAStartTheClockGivesTheTime() {
        long before = System.currentTimeMillis();
        assertTrue(new FleetPlan(10, 10, 0, 0).timestamp(1_000_000) >= before);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vehicles|0|got 0 for vehicles, expected a number from 1 to 9999999999",
                "count|-1|got -1 for count, expected a number from 0 to 9223372036854775807",
                "warning-probability|1.5|got 1.5 for warning-probability, expected a number from 0 to 1",
                "start-probability|0.95|got 0.95 for start-probability and 0.1 for stop-probability, "
                        + "expected a sum from 0.01 to 1",
            })
    void failsForOptionsThatCannotBe(String key, String value, String message) {
        List<Column> columns = List.of(
                Column.physical("eventType", DataTypes.STRING()),
                Column.physical("vehicleId", DataTypes.STRING()),
                Column.physical("region", DataTypes.STRING()),
                Column.physical("timestamp", DataTypes.BIGINT()),
                Column.physical("measurement", DataTypes.BIGINT()));
        assertEquals(
                "fleet of 100000 vehicles",
                TestTables.source(columns, Map.of("connector", "fleet")).asSummaryString());
        ValidationException error = assertThrows(
                ValidationException.class,
                () -> TestTables.source(columns, Map.of("connector", "fleet", key, value)));
        assertEquals(message, TestTables.rootMessage(error));
        assertThrows(
                ValidationException.class,
                () -> TestTables.source(columns.subList(0, 4), Map.of("connector", "fleet")));
    }

    private static long count(long vehicles, long count) {
        FleetPlan plan = new FleetPlan(vehicles, 0, count, 1_000);
        return expand(plan, 7).size();
    }

    private static List<String> events(long seed, long rate, long count) {
        return expand(new FleetPlan(7, rate, count, 1_000), seed);
    }

    private static List<String> expand(FleetPlan plan, long seed) {
        List<String> events = new ArrayList<>();
        FleetExpander expander = new FleetExpander(plan, new Fleet(seed, 0.2, 0.1, 0.05));
        for (long block = 0; block < plan.blocks(); block++) {
            expander.flatMap(block, new Collector<>() {
                @Override
                public void collect(RowData row) {
                    events.add(row.getString(0) + " " + row.getString(1) + " " + row.getString(2) + " "
                            + row.getLong(3) + " " + row.getLong(4));
                }

                @Override
                public void close() {}
            });
        }
        return events;
    }
}
