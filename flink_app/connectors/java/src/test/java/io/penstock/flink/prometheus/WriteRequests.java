package io.penstock.flink.prometheus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.xerial.snappy.Snappy;

/** Decodes a remote write request by the protocol's description, independent of the encoder. */
final class WriteRequests {
    private WriteRequests() {}

    /** One text per time series: {@code name=value,... value@timestamp ...}. */
    static List<String> decode(byte[] body) throws IOException {
        ByteBuffer request = ByteBuffer.wrap(Snappy.uncompress(body));
        List<String> series = new ArrayList<>();
        while (request.hasRemaining()) {
            expect(request, 1, 2);
            series.add(timeSeries(slice(request)));
        }
        return series;
    }

    private static String timeSeries(ByteBuffer message) {
        List<String> labels = new ArrayList<>();
        StringBuilder samples = new StringBuilder();
        while (message.hasRemaining()) {
            long tag = varint(message);
            ByteBuffer part = slice(message);
            if (tag >>> 3 == 1) {
                expect(part, 1, 2);
                String name = text(part);
                expect(part, 2, 2);
                labels.add(name + "=" + text(part));
            } else {
                expect(part, 1, 1);
                double value = part.order(ByteOrder.LITTLE_ENDIAN).getDouble();
                expect(part, 2, 0);
                samples.append(' ').append(value).append('@').append(varint(part));
            }
        }
        return String.join(",", labels) + samples;
    }

    private static void expect(ByteBuffer message, int field, int wireType) {
        long tag = varint(message);
        if (tag != (field << 3 | wireType)) {
            throw new IllegalStateException("got tag " + tag + ", expected field " + field + " of type " + wireType);
        }
    }

    private static String text(ByteBuffer message) {
        ByteBuffer bytes = slice(message);
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    private static ByteBuffer slice(ByteBuffer message) {
        int length = (int) varint(message);
        ByteBuffer part = message.slice();
        part.limit(length);
        message.position(message.position() + length);
        return part;
    }

    private static long varint(ByteBuffer message) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = message.get();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
