package io.penstock.flink.prometheus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

class AmpRequestSignerTest {
    private static final URI WORKSPACE =
            URI.create("https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write");

    private final AmpRequestSigner signer = new AmpRequestSigner(
            "eu-west-1", StaticCredentialsProvider.create(AwsSessionCredentials.create("AKID", "secret", "token")));

    @Test
    void signsForAmpInTheRegion() {
        Map<String, String> headers = sign("body");
        String authorization = headers.get("Authorization");
        assertTrue(authorization.startsWith("AWS4-HMAC-SHA256 Credential=AKID/"), authorization);
        assertTrue(authorization.contains("/eu-west-1/aps/aws4_request"), authorization);
        assertTrue(authorization.contains("host;"), authorization);
        assertEquals("token", headers.get("x-amz-security-token"));
        assertTrue(headers.get("x-amz-date").matches("\\d{8}T\\d{6}Z"), headers.toString());
        assertEquals("snappy", headers.get("Content-Encoding"));
    }

    /** The HTTP client refuses a host header that is set by hand. */
    @Test
    void leavesTheHostHeaderToTheClient() {
        assertFalse(sign("body").containsKey("host"));
    }

    @Test
    void signsTheBody() {
        assertNotEquals(sign("body").get("Authorization"), sign("other body").get("Authorization"));
    }

    @Test
    void isSerialisableForTheTaskManagers() throws Exception {
        InstantiationUtil.clone(new AmpRequestSigner("eu-west-1"));
    }

    private Map<String, String> sign(String body) {
        return signer.sign(WORKSPACE, Map.of("Content-Encoding", "snappy"), body.getBytes(StandardCharsets.UTF_8));
    }
}
