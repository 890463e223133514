package io.penstock.flink.prometheus;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.logical.RowType;

/** {@code 'connector' = 'prometheus'}: writes DOUBLE columns as metrics, with STRING columns as labels. */
public final class PrometheusTableSinkFactory implements DynamicTableSinkFactory {
    /** {@code 'label.environment' = 'dev'} gives every series that label. */
    static final String LABEL_PREFIX = "label.";

    static final ConfigOption<String> URL =
            ConfigOptions.key("url").stringType().noDefaultValue().withDescription("The remote write endpoint.");
    static final ConfigOption<String> SIGNER = ConfigOptions.key("signer")
            .stringType()
            .defaultValue("none")
            .withDescription("amp signs with Signature Version 4, none sends requests as they are.");
    static final ConfigOption<String> REGION =
            ConfigOptions.key("region").stringType().noDefaultValue().withDescription("The Region that signer amp signs for.");
    static final ConfigOption<Integer> BATCH = ConfigOptions.key("batch.max-samples")
            .intType()
            .defaultValue(500)
            .withDescription("Most samples in one request.");
    static final ConfigOption<Integer> BUFFER = ConfigOptions.key("buffer.max-samples")
            .intType()
            .defaultValue(10_000)
            .withDescription("Most samples that wait; then the job is slowed down.");
    static final ConfigOption<Duration> BUFFER_TIME = ConfigOptions.key("buffer.max-time")
            .durationType()
            .defaultValue(Duration.ofSeconds(1))
            .withDescription("Longest time that a sample waits for others.");
    static final ConfigOption<Duration> TIMEOUT = ConfigOptions.key("request.timeout")
            .durationType()
            .defaultValue(Duration.ofSeconds(10))
            .withDescription("How long one attempt may take.");
    static final ConfigOption<Integer> ATTEMPTS = ConfigOptions.key("retry.max-attempts")
            .intType()
            .defaultValue(100)
            .withDescription("How often a request is sent at most.");
    static final ConfigOption<Duration> INITIAL_DELAY = ConfigOptions.key("retry.initial-delay")
            .durationType()
            .defaultValue(Duration.ofMillis(50))
            .withDescription("The wait after the first failed attempt; it doubles with each further one.");
    static final ConfigOption<Duration> MAX_DELAY = ConfigOptions.key("retry.max-delay")
            .durationType()
            .defaultValue(Duration.ofSeconds(5))
            .withDescription("The longest wait between attempts.");
    static final ConfigOption<String> EXHAUSTED = ConfigOptions.key("on-retry-exhausted")
            .stringType()
            .defaultValue("fail")
            .withDescription("fail stops the job, discard counts the samples as dropped and goes on.");

    @Override
    public DynamicTableSink createDynamicTableSink(Context context) {
        FactoryUtil.TableFactoryHelper helper = FactoryUtil.createTableFactoryHelper(this, context);
        helper.validateExcept(LABEL_PREFIX);
        ReadableConfig options = helper.getOptions();
        Map<String, String> constants = new HashMap<>();
        context.getCatalogTable().getOptions().forEach((key, value) -> {
            if (key.startsWith(LABEL_PREFIX)) {
                constants.put(key.substring(LABEL_PREFIX.length()), value);
            }
        });
        RowType row = (RowType) context.getPhysicalRowDataType().getLogicalType();
        return new PrometheusTableSink(
                SampleColumns.of(row, constants),
                new RemoteWriteOptions(
                        url(options.get(URL)),
                        signer(options),
                        atLeast(options, BATCH, 1),
                        atLeast(options, BUFFER, options.get(BATCH) + 1),
                        atLeast(options, BUFFER_TIME),
                        atLeast(options, TIMEOUT),
                        retries(options)),
                context.getObjectIdentifier().getObjectName());
    }

    private static RetryPolicy retries(ReadableConfig options) {
        return new RetryPolicy(
                atLeast(options, ATTEMPTS, 1),
                Duration.ofMillis(atLeast(options, INITIAL_DELAY)),
                Duration.ofMillis(atLeast(options, MAX_DELAY)),
                oneOf(options, EXHAUSTED, "fail", "discard").equals("fail"));
    }

    private static RequestSigner signer(ReadableConfig options) {
        if (oneOf(options, SIGNER, "amp", "none").equals("none")) {
            return RequestSigner.NONE;
        }
        return new AmpRequestSigner(options.getOptional(REGION)
                .orElseThrow(() -> new ValidationException("option region is missing, signer amp needs it")));
    }

    private static URI url(String text) {
        try {
            URI uri = new URI(text);
            if (uri.getHost() != null && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
                return uri;
            }
        } catch (URISyntaxException e) {
            throw new ValidationException("got '" + text + "' for url, expected an http or https address", e);
        }
        throw new ValidationException("got '" + text + "' for url, expected an http or https address");
    }

    private static String oneOf(ReadableConfig options, ConfigOption<String> option, String first, String second) {
        String value = options.get(option);
        if (!value.equals(first) && !value.equals(second)) {
            throw new ValidationException(
                    "got '" + value + "' for " + option.key() + ", expected '" + first + "' or '" + second + "'");
        }
        return value;
    }

    private static int atLeast(ReadableConfig options, ConfigOption<Integer> option, int least) {
        int value = options.get(option);
        if (value < least) {
            throw new ValidationException("got " + value + " for " + option.key() + ", expected at least " + least);
        }
        return value;
    }

    private static long atLeast(ReadableConfig options, ConfigOption<Duration> option) {
        long ms = options.get(option).toMillis();
        if (ms < 1) {
            throw new ValidationException("got " + ms + " ms for " + option.key() + ", expected at least 1 ms");
        }
        return ms;
    }

    @Override
    public String factoryIdentifier() {
        return "prometheus";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of(URL);
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(
                SIGNER, REGION, BATCH, BUFFER, BUFFER_TIME, TIMEOUT, ATTEMPTS, INITIAL_DELAY, MAX_DELAY, EXHAUSTED);
    }
}
