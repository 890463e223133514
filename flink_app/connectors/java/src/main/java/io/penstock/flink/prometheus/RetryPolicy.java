package io.penstock.flink.prometheus;

import java.io.Serializable;
import java.time.Duration;

/** How often and how patiently a request is repeated, and what happens when that was in vain. */
final class RetryPolicy implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Beyond this many doublings every delay is at its maximum; a larger shift would overflow. */
    private static final int MAX_DOUBLINGS = 30;

    final int maxAttempts;
    final boolean failWhenExhausted;
    private final long initialDelayMs;
    private final long maxDelayMs;

    RetryPolicy(int maxAttempts, Duration initialDelay, Duration maxDelay, boolean failWhenExhausted) {
        this.maxAttempts = maxAttempts;
        this.initialDelayMs = initialDelay.toMillis();
        this.maxDelayMs = maxDelay.toMillis();
        this.failWhenExhausted = failWhenExhausted;
    }

    /** The delay in milliseconds after failed attempt number {@code attempt}, from 1: doubling up to the maximum. */
    long delayMs(int attempt) {
        int doublings = Math.min(attempt - 1, MAX_DOUBLINGS);
        return Math.min(maxDelayMs, initialDelayMs << doublings);
    }
}
