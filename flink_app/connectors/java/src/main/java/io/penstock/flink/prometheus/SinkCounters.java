package io.penstock.flink.prometheus;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.ThreadSafeSimpleCounter;

/** The counters of the writer, below the metric group that MSF forwards to CloudWatch. */
final class SinkCounters {
    private static final String FORWARDED_GROUP = "kinesisAnalytics";

    final Counter samplesOut;
    final Counter samplesDropped;
    final Counter samplesRefused;
    final Counter samplesRetryLimit;
    final Counter requestsOut;
    final Counter requestsRetried;
    final Counter requestsFailed;

    SinkCounters(MetricGroup sink) {
        MetricGroup group = sink.addGroup(FORWARDED_GROUP);
        samplesOut = counter(group, "numSamplesOut");
        samplesDropped = counter(group, "numSamplesDropped");
        samplesRefused = counter(group, "numSamplesNonRetryableDropped");
        samplesRetryLimit = counter(group, "numSamplesRetryLimitDropped");
        requestsOut = counter(group, "numWriteRequestsOut");
        requestsRetried = counter(group, "numWriteRequestsRetries");
        requestsFailed = counter(group, "numWriteRequestsPermanentlyFailed");
    }

    /** The HTTP client's threads count, and the metric reporter reads. */
    private static Counter counter(MetricGroup group, String name) {
        return group.counter(name, new ThreadSafeSimpleCounter());
    }

    void written(int samples) {
        requestsOut.inc();
        samplesOut.inc(samples);
    }

    void refused(int samples) {
        requestsFailed.inc();
        samplesRefused.inc(samples);
        samplesDropped.inc(samples);
    }

    void retryLimit(int samples) {
        requestsFailed.inc();
        samplesRetryLimit.inc(samples);
        samplesDropped.inc(samples);
    }
}
