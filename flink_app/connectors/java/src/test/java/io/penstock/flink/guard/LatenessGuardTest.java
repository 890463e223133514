package io.penstock.flink.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.VarCharType;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // closing a harness may be interrupted
class LatenessGuardTest {
    private static final long WINDOW_MS = 5_000;

    @Test
    void marksARecordWhoseWindowHasClosed() throws Exception {
        try (OneInputStreamOperatorTestHarness<RowData, RowData> guard = harness(1, 0)) {
            guard.open();
            guard.processElement(event(0), 0);
            guard.processWatermark(new Watermark(4_998));
            guard.processElement(event(4_999), 0);
            guard.processWatermark(new Watermark(4_999));
            guard.processElement(event(4_999), 0);
            guard.processElement(event(5_000), 0);
            assertEquals(List.of("0 null", "4999 null", "4999 late", "5000 null"), rows(guard));
        }
    }

    @Test
    void leavesTheReasonOfAMalformedRecord() throws Exception {
        try (OneInputStreamOperatorTestHarness<RowData, RowData> guard = harness(1, 0)) {
            guard.open();
            guard.processWatermark(new Watermark(1_000_000));
            guard.processElement(GenericRowData.of(null, StringData.fromString("malformed json")), 0);
            assertEquals(List.of("null malformed json"), rows(guard));
        }
    }

    /** A guard that passed idleness on would not hold the windows behind it back. */
    @Test
    void neverCallsItselfIdle() throws Exception {
        try (OneInputStreamOperatorTestHarness<RowData, RowData> guard = harness(1, 0)) {
            guard.open();
            guard.processWatermark(new Watermark(10));
            guard.processWatermarkStatus(WatermarkStatus.IDLE);
            assertFalse(guard.getOutput().contains(WatermarkStatus.IDLE));
            assertTrue(guard.getOutput().contains(new Watermark(10)));
        }
    }

    /** An idle source keeps the last watermark to itself when a job is drained. */
    @Test
    void closesAllWindowsAtTheEndOfItsInput() throws Exception {
        try (OneInputStreamOperatorTestHarness<RowData, RowData> guard = harness(1, 0)) {
            guard.open();
            guard.processWatermark(new Watermark(10));
            guard.processWatermarkStatus(WatermarkStatus.IDLE);
            guard.endInput();
            assertTrue(guard.getOutput().contains(Watermark.MAX_WATERMARK));
        }
    }

    @Test
    void remembersTheLeastWatermarkOfAllGuardsAfterARestore() throws Exception {
        List<OperatorSubtaskState> states = new ArrayList<>();
        for (int subtask = 0; subtask < 2; subtask++) {
            try (OneInputStreamOperatorTestHarness<RowData, RowData> guard = harness(2, subtask)) {
                guard.open();
                guard.processWatermark(new Watermark(subtask == 0 ? 9_999 : 14_999));
                states.add(guard.snapshot(1, 1));
            }
        }
        OperatorSubtaskState all = AbstractStreamOperatorTestHarness.repackageState(states.get(0), states.get(1));
        try (OneInputStreamOperatorTestHarness<RowData, RowData> guard = harness(1, 0)) {
            guard.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(all, 128, 2, 1, 0));
            guard.open();
            guard.processElement(event(9_999), 0);
            guard.processElement(event(10_000), 0);
            // A watermark from before the restore does not take the memory back.
            guard.processWatermark(new Watermark(1));
            guard.processElement(event(9_999), 0);
            assertEquals(List.of("9999 late", "10000 null", "9999 late"), rows(guard));
        }
    }

    @Test
    void marksRecordsBeforeTheEpochByTheirOwnWindow() throws Exception {
        try (OneInputStreamOperatorTestHarness<RowData, RowData> guard = harness(1, 0)) {
            guard.open();
            guard.processWatermark(new Watermark(-1));
            guard.processElement(event(-1), 0);
            guard.processElement(event(0), 0);
            assertEquals(List.of("-1 late", "0 null"), rows(guard));
        }
    }

    private static OneInputStreamOperatorTestHarness<RowData, RowData> harness(int parallelism, int subtask)
            throws Exception {
        OneInputStreamOperatorTestHarness<RowData, RowData> harness = new OneInputStreamOperatorTestHarness<>(
                new LatenessGuard(0, 1, 2, WINDOW_MS), 128, parallelism, subtask);
        harness.setup(InternalTypeInfo.ofFields(new BigIntType(), new VarCharType(VarCharType.MAX_LENGTH))
                .toSerializer());
        return harness;
    }

    private static RowData event(long timestamp) {
        return GenericRowData.of(timestamp, null);
    }

    private static List<String> rows(OneInputStreamOperatorTestHarness<RowData, RowData> guard) {
        List<String> rows = new ArrayList<>();
        for (Object output : guard.getOutput()) {
            if (output instanceof StreamRecord) {
                RowData row = (RowData) ((StreamRecord<?>) output).getValue();
                rows.add((row.isNullAt(0) ? null : row.getLong(0)) + " " + (row.isNullAt(1) ? null : row.getString(1)));
            }
        }
        return rows;
    }
}
