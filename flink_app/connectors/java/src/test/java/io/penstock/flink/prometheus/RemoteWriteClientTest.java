package io.penstock.flink.prometheus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class RemoteWriteClientTest {
    private static final List<Sample> BATCH = List.of(
            Sample.of("warnings", Map.of("region", "US"), 1, 5_000), Sample.of("warnings", Map.of("region", "US"), 2, 10_000));
    private static final List<String> STORED = List.of("__name__=warnings,region=US 1.0@5000 2.0@10000");

    private final SinkCounters counters = new SinkCounters(new UnregisteredMetricsGroup());
    private Endpoint endpoint;

    @BeforeEach
    void start() throws IOException {
        endpoint = new Endpoint();
    }

    @AfterEach
    void stop() {
        endpoint.close();
    }

    @Test
    void writesABatch() throws Exception {
        write(endpoint.url(), 3, true);
        assertEquals(STORED, endpoint.stored);
        assertEquals(List.of("snappy application/x-protobuf 0.1.0"), endpoint.encodings);
        assertEquals(2, counters.samplesOut.getCount());
        assertEquals(1, counters.requestsOut.getCount());
        assertEquals(0, counters.samplesDropped.getCount());
    }

    @Test
    void repeatsWhatMaySucceedLater() throws Exception {
        endpoint.answerWith(503, 429, 500);
        write(endpoint.url(), 4, true);
        assertEquals(STORED, endpoint.stored);
        assertEquals(3, counters.requestsRetried.getCount());
        assertEquals(1, counters.requestsOut.getCount());
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 413, 422})
    void dropsAndCountsWhatIsRefused(int status) throws Exception {
        endpoint.answerWith(status);
        write(endpoint.url(), 3, true);
        assertEquals(List.of(), endpoint.stored);
        assertEquals(2, counters.samplesRefused.getCount());
        assertEquals(2, counters.samplesDropped.getCount());
        assertEquals(1, counters.requestsFailed.getCount());
        assertEquals(0, counters.requestsRetried.getCount());
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 404})
    void failsForAnEndpointThatIsWrong(int status) {
        endpoint.answerWith(status);
        ExecutionException error =
                assertThrows(ExecutionException.class, () -> write(endpoint.url(), 3, true));
        assertTrue(error.getCause().getMessage().startsWith("got status " + status + " because from "), error.toString());
        assertEquals(1, counters.requestsFailed.getCount());
    }

    @Test
    void failsWhenAttemptsAreUsedUp() {
        endpoint.answerWith(500, 500, 500);
        ExecutionException error =
                assertThrows(ExecutionException.class, () -> write(endpoint.url(), 2, true));
        assertTrue(error.getCause().getMessage().contains("after 2 attempts: status 500 because"), error.toString());
        assertEquals(0, counters.samplesDropped.getCount());
    }

    @Test
    void dropsAndCountsWhenAttemptsAreUsedUpIfAsked() throws Exception {
        endpoint.answerWith(500, 500);
        write(endpoint.url(), 2, false);
        assertEquals(2, counters.samplesRetryLimit.getCount());
        assertEquals(2, counters.samplesDropped.getCount());
    }

    @Test
    void repeatsWhenNobodyListens() throws Exception {
        URI url = endpoint.url();
        endpoint.close();
        write(url, 3, false);
        assertEquals(2, counters.requestsRetried.getCount());
        assertEquals(2, counters.samplesRetryLimit.getCount());
    }

    @Test
    void waitsLongerAfterEachAttemptUpToALimit() {
        RetryPolicy policy = new RetryPolicy(1_000, Duration.ofMillis(50), Duration.ofSeconds(5), true);
        assertEquals(50, policy.delayMs(1));
        assertEquals(100, policy.delayMs(2));
        assertEquals(3_200, policy.delayMs(7));
        assertEquals(5_000, policy.delayMs(8));
        assertEquals(5_000, policy.delayMs(1_000));
    }

    private void write(URI url, int attempts, boolean fail) throws Exception {
        RetryPolicy retries = new RetryPolicy(attempts, Duration.ofMillis(1), Duration.ofMillis(2), fail);
        RemoteWriteOptions options = new RemoteWriteOptions(url, RequestSigner.NONE, 500, 1_000, 100, 5_000, retries);
        try (RemoteWriteClient client = new RemoteWriteClient(options, counters)) {
            client.write(BATCH).get(20, TimeUnit.SECONDS);
        }
    }
}
