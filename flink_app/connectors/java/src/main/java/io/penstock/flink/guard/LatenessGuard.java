package io.penstock.flink.guard;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.ChainingStrategy;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.UpdatableRowData;

/**
 * Marks each record whose window has closed as late, so that no window operator after it ever drops one in silence.
 *
 * <p>A record passes only if its window ends after this operator's watermark. Every operator behind it has a watermark
 * that is not ahead of any guard's: watermarks and records keep their order in a channel, an operator takes the least
 * watermark of its channels, and a guard never calls itself idle, so that it always counts. After a restore the least
 * watermark of the guards goes on to hold until new ones overtake it, because window operators restore theirs as well.
 * So a record is in a window, or it has a reason and goes to the dead letters: never both, never neither.
 */
final class LatenessGuard extends AbstractStreamOperator<RowData>
        implements OneInputStreamOperator<RowData, RowData>, BoundedOneInput {
    /** The reason of a late record. */
    static final String LATE = "late";

    private static final long serialVersionUID = 1L;
    private static final StringData LATE_DATA = StringData.fromString(LATE);

    private final int timestampColumn;
    private final int reasonColumn;
    private final int columns;
    private final long windowMs;

    private transient ListState<Long> watermarks;
    private transient long watermark;
    private transient MetricGroup metricGroup;
    private transient Counter accepted;
    private transient Map<String, Counter> deadLetters;

    LatenessGuard(int timestampColumn, int reasonColumn, int columns, long windowMs) {
        this.timestampColumn = timestampColumn;
        this.reasonColumn = reasonColumn;
        this.columns = columns;
        this.windowMs = windowMs;
        this.chainingStrategy = ChainingStrategy.ALWAYS;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        watermarks = context.getOperatorStateStore()
                .getUnionListState(new ListStateDescriptor<>("watermark", LongSerializer.INSTANCE));
        watermark = Long.MIN_VALUE;
        if (context.isRestored()) {
            long least = Long.MAX_VALUE;
            for (Long restored : watermarks.get()) {
                least = Math.min(least, restored);
            }
            // An empty list means a new operator: nothing is known, so nothing is late.
            watermark = least == Long.MAX_VALUE ? Long.MIN_VALUE : least;
        }
    }

    @Override
    public void open() throws Exception {
        super.open();
        metricGroup = Metrics.group(getMetricGroup());
        accepted = metricGroup.counter("acceptedRecords");
        deadLetters = new HashMap<>();
    }

    @Override
    public void processElement(StreamRecord<RowData> element) throws Exception {
        RowData row = element.getValue();
        if (row.isNullAt(reasonColumn)) {
            if (isLate(row.getLong(timestampColumn))) {
                RowData late = mark(row);
                count(LATE);
                output.collect(element.replace(late));
                return;
            }
            accepted.inc();
        } else {
            count(category(row.getString(reasonColumn).toString()));
        }
        output.collect(element);
    }

    /** The same test that a window operator makes: a window fires when the watermark reaches its last millisecond. */
    private boolean isLate(long timestamp) {
        return lastMillisecond(timestamp) <= watermark;
    }

    private long lastMillisecond(long timestamp) {
        return timestamp - Math.floorMod(timestamp, windowMs) + windowMs - 1;
    }

    private RowData mark(RowData row) {
        UpdatableRowData marked = new UpdatableRowData(row, columns);
        marked.setField(reasonColumn, LATE_DATA);
        return marked;
    }

    /** The text before a colon: the rest names a field, and each field would be a counter of its own. */
    private static String category(String reason) {
        int colon = reason.indexOf(':');
        return colon < 0 ? reason : reason.substring(0, colon);
    }

    private void count(String category) {
        deadLetters
                .computeIfAbsent(category, reason -> metricGroup.counter(Metrics.name("deadLetters", reason)))
                .inc();
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        watermark = Math.max(watermark, mark.getTimestamp());
        super.processWatermark(mark);
    }

    /** Idleness ends here: a guard that called itself idle would let the windows run ahead of it. */
    @Override
    public void processWatermarkStatus(WatermarkStatus status) throws Exception {
        if (status.isActive()) {
            super.processWatermarkStatus(status);
        }
    }

    /**
     * The input has ended, or the job is drained: all windows close. An idle source does not pass the last watermark on,
     * so without this the last windows of an idle topic would be lost.
     */
    @Override
    public void endInput() throws Exception {
        if (watermark < Long.MAX_VALUE) {
            processWatermark(Watermark.MAX_WATERMARK);
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        watermarks.clear();
        watermarks.add(watermark);
    }
}
