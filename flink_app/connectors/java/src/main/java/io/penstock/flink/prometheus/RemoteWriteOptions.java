package io.penstock.flink.prometheus;

import java.io.Serializable;
import java.net.URI;

/** Where and how samples are written. */
final class RemoteWriteOptions implements Serializable {
    private static final long serialVersionUID = 1L;

    final URI url;
    final RequestSigner signer;
    final int maxBatchSamples;
    final int maxBufferedSamples;
    final long maxTimeInBufferMs;
    final long requestTimeoutMs;
    final RetryPolicy retries;

    RemoteWriteOptions(
            URI url,
            RequestSigner signer,
            int maxBatchSamples,
            int maxBufferedSamples,
            long maxTimeInBufferMs,
            long requestTimeoutMs,
            RetryPolicy retries) {
        this.url = url;
        this.signer = signer;
        this.maxBatchSamples = maxBatchSamples;
        this.maxBufferedSamples = maxBufferedSamples;
        this.maxTimeInBufferMs = maxTimeInBufferMs;
        this.requestTimeoutMs = requestTimeoutMs;
        this.retries = retries;
    }
}
