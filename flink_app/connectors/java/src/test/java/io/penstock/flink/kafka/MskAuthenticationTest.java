package io.penstock.flink.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.msk.auth.iam.IAMClientCallbackHandler;
import software.amazon.msk.auth.iam.IAMLoginModule;
import software.amazon.msk.auth.iam.internals.AWSCredentialsCallback;

/** The jar leaves out parts of the AWS SDK: IAM authentication must work with those that remain. */
class MskAuthenticationTest {
    @BeforeEach
    void giveCredentials() {
        System.setProperty("aws.accessKeyId", "AKID");
        System.setProperty("aws.secretAccessKey", "secret");
    }

    @AfterEach
    void takeCredentials() {
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
    }

    @Test
    void findsTheCredentialsOfTheProcess() throws Exception {
        AWSCredentialsCallback callback = new AWSCredentialsCallback();
        IAMClientCallbackHandler handler = handler(Map.of());
        handler.handle(new Callback[] {callback});
        handler.close();
        assertNull(callback.getLoadingException());
        assertEquals("AKID", callback.getAwsCredentials().accessKeyId());
    }

    @Test
    void canAssumeARole() {
        IAMClientCallbackHandler handler =
                handler(Map.of("awsRoleArn", "arn:aws:iam::123456789012:role/reader", "awsStsRegion", "eu-west-1"));
        handler.close();
    }

    private static IAMClientCallbackHandler handler(Map<String, String> options) {
        IAMClientCallbackHandler handler = new IAMClientCallbackHandler();
        AppConfigurationEntry entry = new AppConfigurationEntry(
                IAMLoginModule.class.getName(),
                AppConfigurationEntry.LoginModuleControlFlag.REQUIRED,
                new HashMap<>(options));
        handler.configure(Map.of(), "AWS_MSK_IAM", List.of(entry));
        return handler;
    }
}
