package io.penstock.flink.prometheus;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xerial.snappy.Snappy;

/**
 * Encodes samples as the body of a remote write request (protocol 1.0): protobuf, then snappy's block format.
 *
 * <p>The message has four small types, so they are written by hand instead of with a protobuf runtime in the jar.
 */
final class WriteRequestEncoder {
    private static final int FIXED_64 = 1;
    private static final int LENGTH_DELIMITED = 2;

    private WriteRequestEncoder() {}

    /** Samples of one series become one time series, in the order given. */
    static byte[] encode(List<Sample> samples) throws IOException {
        Map<String, List<Sample>> series = new LinkedHashMap<>();
        for (Sample sample : samples) {
            series.computeIfAbsent(sample.series(), key -> new ArrayList<>()).add(sample);
        }
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        for (List<Sample> one : series.values()) {
            message(request, 1, timeSeries(one));
        }
        return Snappy.compress(request.toByteArray());
    }

    private static ByteArrayOutputStream timeSeries(List<Sample> samples) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String[] labels = samples.get(0).labels;
        for (int i = 0; i < labels.length; i += 2) {
            ByteArrayOutputStream label = new ByteArrayOutputStream();
            text(label, 1, labels[i]);
            text(label, 2, labels[i + 1]);
            message(out, 1, label);
        }
        for (Sample sample : samples) {
            ByteArrayOutputStream point = new ByteArrayOutputStream();
            point.write(1 << 3 | FIXED_64);
            long bits = Double.doubleToRawLongBits(sample.value);
            for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
                point.write((int) (bits >>> shift));
            }
            point.write(2 << 3);
            varint(point, sample.timestamp);
            message(out, 2, point);
        }
        return out;
    }

    private static void text(ByteArrayOutputStream out, int field, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        out.write(field << 3 | LENGTH_DELIMITED);
        varint(out, bytes.length);
        out.writeBytes(bytes);
    }

    private static void message(ByteArrayOutputStream out, int field, ByteArrayOutputStream value) {
        out.write(field << 3 | LENGTH_DELIMITED);
        varint(out, value.size());
        out.writeBytes(value.toByteArray());
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.write((int) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
