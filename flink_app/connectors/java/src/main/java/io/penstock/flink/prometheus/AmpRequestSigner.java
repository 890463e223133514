package io.penstock.flink.prometheus;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.IdentityProvider;

/**
 * Signs requests for Amazon Managed Service for Prometheus with Signature Version 4.
 *
 * <p>The credentials are those of the process: on MSF, the application's execution role. They are looked up for each
 * request (the provider caches them), so that rotated ones are used.
 */
final class AmpRequestSigner implements RequestSigner {
    private static final long serialVersionUID = 1L;
    private static final String SERVICE = "aps";

    private final String region;
    private transient IdentityProvider<? extends AwsCredentialsIdentity> credentials;

    AmpRequestSigner(String region) {
        this.region = region;
    }

    AmpRequestSigner(String region, IdentityProvider<? extends AwsCredentialsIdentity> credentials) {
        this.region = region;
        this.credentials = credentials;
    }

    @Override
    public Map<String, String> sign(URI uri, Map<String, String> headers, byte[] body) {
        SdkHttpRequest.Builder request = SdkHttpRequest.builder().method(SdkHttpMethod.POST).uri(uri);
        headers.forEach(request::putHeader);
        AwsCredentialsIdentity identity = credentials().resolveIdentity().join();
        SignedRequest signed = AwsV4HttpSigner.create().sign(sign -> sign.identity(identity)
                .request(request.build())
                .payload(() -> new ByteArrayInputStream(body))
                .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, SERVICE)
                .putProperty(AwsV4HttpSigner.REGION_NAME, region));
        Map<String, String> all = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        signed.request().headers().forEach((name, values) -> all.put(name, String.join(",", values)));
        // The HTTP client writes the host header itself, with the same value that was signed.
        all.remove("Host");
        return all;
    }

    private synchronized IdentityProvider<? extends AwsCredentialsIdentity> credentials() {
        if (credentials == null) {
            credentials = DefaultCredentialsProvider.builder().build();
        }
        return credentials;
    }
}
