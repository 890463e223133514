package io.penstock.flink.fleet;

import java.io.Serializable;

/**
 * What each vehicle does at each tick: a pure function of the seed, so that a run can be repeated, restored and spread
 * over any number of subtasks without state.
 *
 * <p>A vehicle that stands starts with one probability at a tick, one that moves stops with another. One random number
 * decides both: low numbers start, high ones stop, those between change nothing. So a low or high number fixes what the
 * vehicle does whatever it did before, and its present is found by looking back to the last such number.
 */
final class Fleet implements Serializable {
    /** Vehicles that never changed within this many ticks are taken to be as they began. */
    static final int MAX_LOOK_BACK = 1024;

    private static final long serialVersionUID = 1L;

    private static final String[] REGIONS = {"Brazil", "France", "Germany", "India", "Japan", "US"};
    private static final long MOTION = 1;
    private static final long ENGINE = 2;
    private static final long SPEED = 3;
    private static final long WARNING = 4;
    private static final long HOME = 5;
    private static final long START = 6;

    private static final int IDLE_RPM = 800;
    private static final int RPM_RANGE = 4_200;
    private static final int MAX_WARNINGS = 3;

    private final long seed;
    private final double start;
    private final double stop;
    private final double warning;

    Fleet(long seed, double startProbability, double stopProbability, double warningProbability) {
        this.seed = seed;
        this.start = startProbability;
        this.stop = stopProbability;
        this.warning = warningProbability;
    }

    boolean isMoving(long vehicle, long tick) {
        long oldest = Math.max(0, tick - MAX_LOOK_BACK);
        for (long at = tick; at >= oldest; at--) {
            double chance = chance(MOTION, vehicle, at);
            if (chance < start) {
                return true;
            }
            if (chance >= 1 - stop) {
                return false;
            }
        }
        return start + stop > 0 && chance(START, vehicle, 0) < start / (start + stop);
    }

    /** Revolutions a minute of the combustion engine; the fleet is hybrid, and one motor turns at a time. */
    int engineRpm(long vehicle, long tick) {
        return isMoving(vehicle, tick) && !isElectric(vehicle, tick) ? rpm(vehicle, tick) : 0;
    }

    /** Revolutions a minute of the electric motor. */
    int motorRpm(long vehicle, long tick) {
        return isMoving(vehicle, tick) && isElectric(vehicle, tick) ? rpm(vehicle, tick) : 0;
    }

    int warnings(long vehicle, long tick) {
        double chance = chance(WARNING, vehicle, tick);
        return chance < warning ? 1 + (int) (chance / warning * MAX_WARNINGS) : 0;
    }

    String region(long vehicle) {
        return REGIONS[(int) (chance(HOME, vehicle, 0) * REGIONS.length)];
    }

    private boolean isElectric(long vehicle, long tick) {
        return chance(ENGINE, vehicle, tick) < 0.5;
    }

    private int rpm(long vehicle, long tick) {
        return IDLE_RPM + (int) (chance(SPEED, vehicle, tick) * RPM_RANGE);
    }

    /** A number from 0 to 1 (without 1) that depends on all four inputs: the finalizer of SplitMix64, twice. */
    private double chance(long purpose, long vehicle, long tick) {
        return (mix(mix(seed * 31 + purpose, vehicle), tick) >>> 11) * 0x1.0p-53;
    }

    private static long mix(long state, long value) {
        long z = state + value * 0x9E3779B97F4A7C15L + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
