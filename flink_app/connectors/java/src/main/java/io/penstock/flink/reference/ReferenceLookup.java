package io.penstock.flink.reference;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.LookupFunction;

/** Looks one key up in memory. */
public final class ReferenceLookup extends LookupFunction {
    private static final long serialVersionUID = 1L;

    private final String location;
    private final String header;
    private final Duration reloadInterval;

    private transient SharedReferenceTable shared;

    ReferenceLookup(String location, String header, Duration reloadInterval) {
        this.location = location;
        this.header = header;
        this.reloadInterval = reloadInterval;
    }

    @Override
    public void open(FunctionContext context) throws IOException {
        ClassLoader classLoader = ReferenceLookup.class.getClassLoader();
        shared = SharedReferenceTable.acquire(location, header, reloadInterval, classLoader);
        SharedReferenceTable table = shared;
        MetricGroup metrics = context.getMetricGroup().addGroup("kinesisAnalytics");
        metrics.gauge("referenceEntries", () -> table.table().size());
        metrics.gauge("referenceReloads", table::reloads);
        metrics.gauge("referenceFailedReloads", table::failedReloads);
    }

    @Override
    public Collection<RowData> lookup(RowData keyRow) {
        StringData key = keyRow.getString(0);
        StringData value = shared.table().get(key);
        return value == null ? List.of() : List.of(GenericRowData.of(key, value));
    }

    @Override
    public void close() {
        if (shared != null) {
            shared.release();
            shared = null;
        }
    }
}
