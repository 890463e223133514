package io.penstock.flink.prometheus;

import java.util.Collection;
import java.util.List;
import org.apache.flink.connector.base.sink.AsyncSinkBase;
import org.apache.flink.connector.base.sink.writer.BufferedRequestState;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Writes samples to Prometheus by remote write: at least once, and in order for each series.
 *
 * <p>Buffered samples are part of a checkpoint. There is one request in flight, and a request is repeated before the
 * next one is sent, so the samples of a subtask arrive in the order in which they came.
 */
@SuppressWarnings("deprecation") // the base class of Flink 1.20 still has these contexts
final class RemoteWriteSink extends AsyncSinkBase<Sample, Sample> {
    private static final long serialVersionUID = 1L;

    static final int REQUESTS_IN_FLIGHT = 1;
    static final long MAX_BATCH_BYTES = 4 * 1024 * 1024L;
    static final long MAX_SAMPLE_BYTES = 64 * 1024L;

    private final RemoteWriteOptions options;

    RemoteWriteSink(RemoteWriteOptions options) {
        super(
                (sample, context) -> sample,
                options.maxBatchSamples,
                REQUESTS_IN_FLIGHT,
                options.maxBufferedSamples,
                MAX_BATCH_BYTES,
                options.maxTimeInBufferMs,
                MAX_SAMPLE_BYTES);
        this.options = options;
    }

    @Override
    public StatefulSinkWriter<Sample, BufferedRequestState<Sample>> createWriter(InitContext context) {
        return restoreWriter(context, List.of());
    }

    @Override
    public StatefulSinkWriter<Sample, BufferedRequestState<Sample>> restoreWriter(
            InitContext context, Collection<BufferedRequestState<Sample>> state) {
        return new RemoteWriteWriter(getElementConverter(), context, options, state);
    }

    @Override
    public SimpleVersionedSerializer<BufferedRequestState<Sample>> getWriterStateSerializer() {
        return new SampleStateSerializer();
    }
}
