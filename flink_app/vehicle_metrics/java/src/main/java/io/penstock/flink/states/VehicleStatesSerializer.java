package io.penstock.flink.states;

import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.table.data.binary.BinaryStringData;

/** Number of entries, then for each: vehicle, region (each a length and its UTF-8 bytes), moving, report. */
public final class VehicleStatesSerializer extends TypeSerializerSingleton<VehicleStates> {
    private static final long serialVersionUID = 1L;
    private static final int BYTES_PER_VEHICLE = 40;

    @Override
    public void serialize(VehicleStates states, DataOutputView target) throws IOException {
        // One write at the end: the view may hand each write on by itself.
        DataOutputSerializer out = new DataOutputSerializer(8 + states.size() * BYTES_PER_VEHICLE);
        out.writeInt(states.size());
        IOException[] failure = new IOException[1];
        states.forEach((vehicleId, state) -> {
            try {
                write(vehicleId, out);
                write(state.region, out);
                out.writeByte(state.moving);
                out.writeLong(state.report);
            } catch (IOException e) {
                failure[0] = e;
            }
        });
        if (failure[0] != null) {
            throw failure[0];
        }
        target.write(out.getSharedBuffer(), 0, out.length());
    }

    private static void write(BinaryStringData text, DataOutputSerializer out) throws IOException {
        byte[] bytes = text.toBytes();
        out.writeShort(bytes.length);
        out.write(bytes);
    }

    @Override
    public VehicleStates deserialize(DataInputView source) throws IOException {
        VehicleStates states = new VehicleStates();
        BinaryStringData region = BinaryStringData.EMPTY_UTF8;
        byte[] lastRegion = new byte[0];
        for (int left = source.readInt(); left > 0; left--) {
            BinaryStringData vehicleId = BinaryStringData.fromBytes(read(source));
            byte[] regionBytes = read(source);
            if (!Arrays.equals(regionBytes, lastRegion)) {
                region = BinaryStringData.fromBytes(regionBytes);
                lastRegion = regionBytes;
            }
            states.add(vehicleId, region, source.readByte(), source.readLong());
        }
        return states;
    }

    private static byte[] read(DataInputView source) throws IOException {
        byte[] bytes = new byte[source.readUnsignedShort()];
        source.readFully(bytes);
        return bytes;
    }

    @Override
    public VehicleStates deserialize(VehicleStates reuse, DataInputView source) throws IOException {
        return deserialize(source);
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
        serialize(deserialize(source), target);
    }

    @Override
    public boolean isImmutableType() {
        return false;
    }

    @Override
    public VehicleStates createInstance() {
        return new VehicleStates();
    }

    @Override
    public VehicleStates copy(VehicleStates from) {
        VehicleStates copy = new VehicleStates();
        copy.raise(from);
        return copy;
    }

    @Override
    public VehicleStates copy(VehicleStates from, VehicleStates reuse) {
        return copy(from);
    }

    @Override
    public int getLength() {
        return -1;
    }

    @Override
    public TypeSerializerSnapshot<VehicleStates> snapshotConfiguration() {
        return new Snapshot();
    }

    /** Restores this serializer, which has no configuration. */
    public static final class Snapshot extends SimpleTypeSerializerSnapshot<VehicleStates> {
        public Snapshot() {
            super(VehicleStatesSerializer::new);
        }
    }
}
