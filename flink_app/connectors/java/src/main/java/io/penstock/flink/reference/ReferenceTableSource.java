package io.penstock.flink.reference;

import java.time.Duration;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.LookupTableSource;
import org.apache.flink.table.connector.source.lookup.LookupFunctionProvider;

/** Answers lookup joins on the first column. */
final class ReferenceTableSource implements LookupTableSource {
    private final String location;
    private final String header;
    private final Duration reloadInterval;

    ReferenceTableSource(String location, String header, Duration reloadInterval) {
        this.location = location;
        this.header = header;
        this.reloadInterval = reloadInterval;
    }

    @Override
    public LookupRuntimeProvider getLookupRuntimeProvider(LookupContext context) {
        int[][] keys = context.getKeys();
        if (keys.length != 1 || keys[0].length != 1 || keys[0][0] != 0) {
            throw new ValidationException("a reference table joins on its first column only, got another join condition");
        }
        return LookupFunctionProvider.of(new ReferenceLookup(location, header, reloadInterval));
    }

    @Override
    public DynamicTableSource copy() {
        return new ReferenceTableSource(location, header, reloadInterval);
    }

    @Override
    public String asSummaryString() {
        return "reference table " + location;
    }
}
