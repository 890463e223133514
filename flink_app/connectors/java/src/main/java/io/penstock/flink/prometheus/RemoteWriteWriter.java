package io.penstock.flink.prometheus;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.connector.base.sink.writer.AsyncSinkWriter;
import org.apache.flink.connector.base.sink.writer.BufferedRequestState;
import org.apache.flink.connector.base.sink.writer.ElementConverter;
import org.apache.flink.connector.base.sink.writer.ResultHandler;
import org.apache.flink.connector.base.sink.writer.config.AsyncSinkWriterConfiguration;

/** Hands batches to the client; all patience with the endpoint is there. */
@SuppressWarnings("deprecation") // the base class of Flink 1.20 still has this context
final class RemoteWriteWriter extends AsyncSinkWriter<Sample, Sample> {
    /** The base class would send a batch again while the client still repeats it, so its own time-out never comes. */
    private static final long NEVER_MS = Duration.ofDays(365).toMillis();

    /** Value, timestamp and the protocol's tags. */
    private static final int FIXED_BYTES = 24;

    private final RemoteWriteClient client;

    RemoteWriteWriter(
            ElementConverter<Sample, Sample> converter,
            Sink.InitContext context,
            RemoteWriteOptions options,
            Collection<BufferedRequestState<Sample>> state) {
        super(
                converter,
                context,
                AsyncSinkWriterConfiguration.builder()
                        .setMaxBatchSize(options.maxBatchSamples)
                        .setMaxBatchSizeInBytes(RemoteWriteSink.MAX_BATCH_BYTES)
                        .setMaxInFlightRequests(RemoteWriteSink.REQUESTS_IN_FLIGHT)
                        .setMaxBufferedRequests(options.maxBufferedSamples)
                        .setMaxTimeInBufferMS(options.maxTimeInBufferMs)
                        .setMaxRecordSizeInBytes(RemoteWriteSink.MAX_SAMPLE_BYTES)
                        .setRequestTimeoutMS(NEVER_MS)
                        .build(),
                state);
        client = new RemoteWriteClient(options, new SinkCounters(context.metricGroup()));
    }

    @Override
    protected void submitRequestEntries(List<Sample> samples, ResultHandler<Sample> result) {
        client.write(samples).whenComplete((ok, error) -> {
            if (error == null) {
                result.complete();
            } else {
                result.completeExceptionally(error instanceof Exception ? (Exception) error : new Exception(error));
            }
        });
    }

    @Override
    protected long getSizeInBytes(Sample sample) {
        long bytes = FIXED_BYTES;
        for (String text : sample.labels) {
            bytes += text.length() + 2;
        }
        return bytes;
    }

    @Override
    public void close() {
        client.close();
        super.close();
    }
}
