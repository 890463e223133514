package io.penstock.flink.reference;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One copy of a reference table for all subtasks of a job in this process, reloaded in the background.
 *
 * <p>A reload that fails keeps the table that was there: enrichment goes on with the last good one.
 */
final class SharedReferenceTable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedReferenceTable.class);
    private static final Map<String, SharedReferenceTable> OPEN = new HashMap<>();

    private final String id;
    private final String location;
    private final String header;
    private final ClassLoader classLoader;
    private final ScheduledExecutorService reloader;

    private volatile ReferenceTable table;
    private volatile long reloads;
    private volatile long failedReloads;
    private int users;

    private SharedReferenceTable(String id, String location, String header, Duration interval, ClassLoader classLoader)
            throws IOException {
        this.id = id;
        this.location = location;
        this.header = header;
        this.classLoader = classLoader;
        this.table = ReferenceTable.load(location, header, classLoader);
        LOG.info("Loaded {} entries of reference table {}", table.size(), location);
        if (interval.isZero()) {
            this.reloader = null;
        } else {
            this.reloader = Executors.newSingleThreadScheduledExecutor(work -> {
                Thread thread = new Thread(work, "reference-table-reload");
                thread.setDaemon(true);
                return thread;
            });
            long ms = interval.toMillis();
            reloader.scheduleWithFixedDelay(this::reload, ms, ms, TimeUnit.MILLISECONDS);
        }
    }

    /** Loads the table, or shares the one that is open. A table that cannot be read at the start fails the job. */
    static SharedReferenceTable acquire(String location, String header, Duration interval, ClassLoader classLoader)
            throws IOException {
        synchronized (OPEN) {
            String id = location + "|" + header + "|" + interval;
            SharedReferenceTable shared = OPEN.get(id);
            if (shared == null) {
                shared = new SharedReferenceTable(id, location, header, interval, classLoader);
                OPEN.put(id, shared);
            }
            shared.users++;
            return shared;
        }
    }

    /** The last subtask stops the reloading. */
    void release() {
        synchronized (OPEN) {
            if (--users == 0) {
                OPEN.remove(id);
                if (reloader != null) {
                    reloader.shutdownNow();
                }
            }
        }
    }

    ReferenceTable table() {
        return table;
    }

    long reloads() {
        return reloads;
    }

    long failedReloads() {
        return failedReloads;
    }

    private void reload() {
        try {
            table = ReferenceTable.load(location, header, classLoader);
            reloads++;
        } catch (IOException | RuntimeException e) {
            // Anything thrown here would end the schedule without a word.
            failedReloads++;
            LOG.warn("Could not reload reference table {}, the last good one stays in use", location, e);
        }
    }
}
