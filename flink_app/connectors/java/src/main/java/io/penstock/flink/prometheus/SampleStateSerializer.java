package io.penstock.flink.prometheus;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.apache.flink.connector.base.sink.writer.AsyncSinkWriterStateSerializer;

/** Keeps buffered samples in checkpoints. */
final class SampleStateSerializer extends AsyncSinkWriterStateSerializer<Sample> {
    private static final int VERSION = 1;

    @Override
    protected void serializeRequestToStream(Sample sample, DataOutputStream out) throws IOException {
        out.writeInt(sample.labels.length);
        for (String text : sample.labels) {
            out.writeUTF(text);
        }
        out.writeDouble(sample.value);
        out.writeLong(sample.timestamp);
    }

    @Override
    protected Sample deserializeRequestFromStream(long size, DataInputStream in) throws IOException {
        String[] labels = new String[in.readInt()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = in.readUTF();
        }
        return new Sample(labels, in.readDouble(), in.readLong());
    }

    @Override
    public int getVersion() {
        return VERSION;
    }
}
