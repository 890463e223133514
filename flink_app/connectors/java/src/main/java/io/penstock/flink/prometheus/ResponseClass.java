package io.penstock.flink.prometheus;

/** What an HTTP status means to a writer of samples. */
enum ResponseClass {
    /** Stored. */
    SUCCESS,
    /** Throttled, or trouble on the other side: the same request may succeed later. */
    RETRY,
    /** The endpoint or the permission is wrong: no request will ever succeed. */
    FATAL,
    /** These samples are refused, for instance as too old: others may be accepted. */
    REFUSED;

    static ResponseClass of(int status) {
        if (status >= 200 && status < 300) {
            return SUCCESS;
        }
        if (status == 429 || status >= 500) {
            return RETRY;
        }
        if (status == 401 || status == 403 || status == 404) {
            return FATAL;
        }
        return REFUSED;
    }
}
