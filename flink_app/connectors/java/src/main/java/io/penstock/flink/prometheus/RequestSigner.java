package io.penstock.flink.prometheus;

import java.io.Serializable;
import java.net.URI;
import java.util.Map;

/** Adds what an endpoint needs to accept a request. */
interface RequestSigner extends Serializable {
    /** Sends requests as they are. */
    RequestSigner NONE = (uri, headers, body) -> headers;

    /** Returns the headers to send, with the signature among them. */
    Map<String, String> sign(URI uri, Map<String, String> headers, byte[] body);
}
