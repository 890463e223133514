package io.penstock.flink.prometheus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.typeutils.runtime.PojoSerializer;
import org.apache.flink.connector.base.sink.writer.BufferedRequestState;
import org.apache.flink.connector.base.sink.writer.RequestEntryWrapper;
import org.junit.jupiter.api.Test;

class SampleTest {
    private static final Sample SAMPLE =
            Sample.of("warnings", Map.of("region", "US", "model", "van"), 3.5, 1_700_000_005_000L);

    /** Capital letters sort before the underscores of __name__. */
    @Test
    void sortsLabelsByName() {
        assertArrayEquals(
                new String[] {"Zone", "z", "__name__", "warnings", "region", "US"},
                Sample.of("warnings", Map.of("region", "US", "Zone", "z"), 1, 1).labels);
    }

    @Test
    void leavesOutLabelsWithoutValue() {
        Map<String, String> labels = new HashMap<>(Map.of("region", ""));
        labels.put("model", null);
        assertArrayEquals(new String[] {"__name__", "warnings"}, Sample.of("warnings", labels, 1, 1).labels);
    }

    @Test
    void aSeriesIsTheMetricAndAllLabels() {
        assertEquals(SAMPLE.series(), Sample.of("warnings", Map.of("model", "van", "region", "US"), 9, 9).series());
        assertNotEquals(SAMPLE.series(), Sample.of("moving", Map.of("region", "US", "model", "van"), 3.5, 1).series());
        assertNotEquals(SAMPLE.series(), Sample.of("warnings", Map.of("region", "US"), 3.5, 1).series());
    }

    @Test
    void isSerialisedWithoutKryo() {
        SerializerConfigImpl config = new SerializerConfigImpl();
        config.setGenericTypes(false);
        assertEquals(
                PojoSerializer.class,
                TypeInformation.of(Sample.class).createSerializer(config).getClass());
    }

    @Test
    void survivesACheckpoint() throws IOException {
        SampleStateSerializer serializer = new SampleStateSerializer();
        byte[] bytes = serializer.serialize(
                new BufferedRequestState<>(List.of(new RequestEntryWrapper<>(SAMPLE, 10))));
        BufferedRequestState<Sample> state = serializer.deserialize(serializer.getVersion(), bytes);
        assertEquals(SAMPLE, state.getBufferedRequestEntries().get(0).getRequestEntry());
        assertEquals(10, state.getStateSize());
    }

    @Test
    void isEncodedAsTheProtocolWants() throws IOException {
        Sample second = Sample.of("warnings", Map.of("region", "US", "model", "van"), -1, 1_700_000_010_000L);
        Sample other = Sample.of("vehicles_in_motion", Map.of("region", "São Paulo"), 0, 1);
        assertEquals(
                List.of(
                        "__name__=warnings,model=van,region=US 3.5@1700000005000 -1.0@1700000010000",
                        "__name__=vehicles_in_motion,region=São Paulo 0.0@1"),
                WriteRequests.decode(WriteRequestEncoder.encode(List.of(SAMPLE, other, second))));
    }
}
