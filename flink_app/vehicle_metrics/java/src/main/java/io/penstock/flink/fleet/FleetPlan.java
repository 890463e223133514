package io.penstock.flink.fleet;

import java.io.Serializable;

/**
 * The order of events: tick after tick, in each tick vehicle after vehicle, three events a vehicle.
 *
 * <p>The source hands out blocks of vehicles of one tick; a block is expanded into its events elsewhere.
 */
final class FleetPlan implements Serializable {
    static final int EVENTS_PER_VEHICLE = 3;

    private static final long serialVersionUID = 1L;
    private static final int MAX_BLOCK_VEHICLES = 100;

    final long vehicles;
    final long eventsPerSecond;
    final long count;
    final long startMs;
    final int blockVehicles;
    final long blocksPerTick;

    /** {@code count} 0 has no end, {@code eventsPerSecond} 0 no limit, and {@code startMs} 0 takes the clock's time. */
    FleetPlan(long vehicles, long eventsPerSecond, long count, long startMs) {
        this.vehicles = vehicles;
        this.eventsPerSecond = eventsPerSecond;
        this.count = count;
        this.startMs = startMs;
        this.blockVehicles = (int) Math.min(vehicles, MAX_BLOCK_VEHICLES);
        this.blocksPerTick = (vehicles + blockVehicles - 1) / blockVehicles;
    }

    /** How many blocks the source hands out. */
    long blocks() {
        if (count == 0) {
            return Long.MAX_VALUE;
        }
        long eventsPerTick = vehicles * EVENTS_PER_VEHICLE;
        long fullTicks = count / eventsPerTick;
        long eventsPerBlock = (long) blockVehicles * EVENTS_PER_VEHICLE;
        return fullTicks * blocksPerTick + (count % eventsPerTick + eventsPerBlock - 1) / eventsPerBlock;
    }

    /** Blocks a second that make the events a second. */
    double blocksPerSecond() {
        return (double) eventsPerSecond / (vehicles * EVENTS_PER_VEHICLE) * blocksPerTick;
    }

    long tick(long block) {
        return block / blocksPerTick;
    }

    long firstVehicle(long block) {
        return block % blocksPerTick * blockVehicles;
    }

    long lastVehicle(long block) {
        return Math.min(vehicles, firstVehicle(block) + blockVehicles) - 1;
    }

    boolean isWithin(long event) {
        return count == 0 || event < count;
    }

    /** The number of a vehicle's first event of a tick, from 0. */
    long event(long tick, long vehicle) {
        return (tick * vehicles + vehicle) * EVENTS_PER_VEHICLE;
    }

    /** Event time in epoch milliseconds. Without a rate, a tick lasts a second. */
    long timestamp(long event) {
        if (startMs == 0) {
            return System.currentTimeMillis();
        }
        long rate = eventsPerSecond == 0 ? vehicles * EVENTS_PER_VEHICLE : eventsPerSecond;
        return startMs + event / rate * 1000 + event % rate * 1000 / rate;
    }
}
