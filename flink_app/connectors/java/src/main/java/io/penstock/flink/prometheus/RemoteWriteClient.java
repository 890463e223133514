package io.penstock.flink.prometheus;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends one batch at a time and repeats it until it is stored, refused or given up. */
final class RemoteWriteClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteWriteClient.class);
    private static final int MAX_LOGGED_BODY = 300;
    private static final Map<String, String> HEADERS = Map.of(
            "Content-Encoding", "snappy",
            "Content-Type", "application/x-protobuf",
            "X-Prometheus-Remote-Write-Version", "0.1.0",
            "User-Agent", "penstock");

    private final RemoteWriteOptions options;
    private final SinkCounters counters;
    private final ExecutorService executor;
    private final ScheduledExecutorService timer;
    private final HttpClient http;

    RemoteWriteClient(RemoteWriteOptions options, SinkCounters counters) {
        this.options = options;
        this.counters = counters;
        this.executor = Executors.newSingleThreadExecutor(work -> daemon(work, "remote-write"));
        this.timer = Executors.newSingleThreadScheduledExecutor(work -> daemon(work, "remote-write-retry"));
        this.http = HttpClient.newBuilder()
                .executor(executor)
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofMillis(options.requestTimeoutMs))
                .build();
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Completes when the batch is stored, or dropped and counted; fails when the job has to stop. */
    CompletableFuture<Void> write(List<Sample> batch) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        try {
            attempt(WriteRequestEncoder.encode(batch), batch.size(), 1, done);
        } catch (IOException e) {
            done.completeExceptionally(e);
        }
        return done;
    }

    private void attempt(byte[] body, int samples, int attempt, CompletableFuture<Void> done) {
        try {
            HttpRequest.Builder request = HttpRequest.newBuilder(options.url)
                    .timeout(Duration.ofMillis(options.requestTimeoutMs))
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body));
            options.signer.sign(options.url, HEADERS, body).forEach(request::setHeader);
            http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
                    .whenComplete((response, error) -> {
                        if (error == null) {
                            answered(response, body, samples, attempt, done);
                        } else {
                            retry(describe(error), body, samples, attempt, done);
                        }
                    });
        } catch (RuntimeException e) {
            // For instance no credentials: they may be there at the next attempt.
            retry(describe(e), body, samples, attempt, done);
        }
    }

    private void answered(
            HttpResponse<String> response, byte[] body, int samples, int attempt, CompletableFuture<Void> done) {
        String answer = "status " + response.statusCode() + " " + shorten(response.body());
        switch (ResponseClass.of(response.statusCode())) {
            case SUCCESS:
                counters.written(samples);
                done.complete(null);
                break;
            case RETRY:
                retry(answer, body, samples, attempt, done);
                break;
            case FATAL:
                counters.requestsFailed.inc();
                done.completeExceptionally(new IOException("got " + answer + " from " + options.url
                        + ", expected an endpoint and a permission to write to it: check remote.write.url and the role"));
                break;
            default:
                counters.refused(samples);
                LOG.warn("Dropped {} samples that {} refused: {}", samples, options.url, answer);
                done.complete(null);
        }
    }

    private void retry(String reason, byte[] body, int samples, int attempt, CompletableFuture<Void> done) {
        if (attempt < options.retries.maxAttempts) {
            counters.requestsRetried.inc();
            LOG.info("Attempt {} to write {} samples failed: {}", attempt, samples, reason);
            timer.schedule(
                    () -> attempt(body, samples, attempt + 1, done),
                    options.retries.delayMs(attempt),
                    TimeUnit.MILLISECONDS);
            return;
        }
        if (options.retries.failWhenExhausted) {
            counters.requestsFailed.inc();
            done.completeExceptionally(
                    new IOException("gave up writing to " + options.url + " after " + attempt + " attempts: " + reason));
            return;
        }
        counters.retryLimit(samples);
        LOG.warn("Dropped {} samples after {} attempts: {}", samples, attempt, reason);
        done.complete(null);
    }

    private static String describe(Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        return cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }

    private static String shorten(String body) {
        String text = body == null ? "" : body.strip();
        return text.length() <= MAX_LOGGED_BODY ? text : text.substring(0, MAX_LOGGED_BODY);
    }

    @Override
    public void close() {
        timer.shutdownNow();
        executor.shutdownNow();
    }
}
