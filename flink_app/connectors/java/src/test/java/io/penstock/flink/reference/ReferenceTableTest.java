package io.penstock.flink.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.zip.GZIPOutputStream;
import org.apache.flink.table.data.StringData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ReferenceTableTest {
    private static final String HEADER = "vehicleId,model";

    @TempDir
    Path folder;

    @Test
    void readsKeysAndValues() throws IOException {
        ReferenceTable table = load(write("a.csv", "vehicleId,model\nv1,sedan\r\n\n v2 , van \nv1,truck\n"));
        assertEquals("truck", table.get(key("v1")).toString());
        assertEquals("van", table.get(key("v2")).toString());
        assertNull(table.get(key("v3")));
        assertEquals(2, table.size());
    }

    @Test
    void readsCompressedFiles() throws IOException {
        Path file = folder.resolve("a.csv.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("vehicleId,model\nv1,sedan\n".getBytes(StandardCharsets.UTF_8));
        }
        assertEquals("sedan", load(file.toString()).get(key("v1")).toString());
    }

    @Test
    void readsATableInTheJar() throws IOException {
        ReferenceTable table = load("classpath:reference.csv.gz");
        assertEquals(2, table.size());
        assertEquals("compact", table.get(key("V0000000000")).toString());
        assertEquals("sedan", table.get(key("V0000000001")).toString());
    }

    @Test
    void failsForAMissingFile() {
        assertThrows(IOException.class, () -> load(folder.resolve("none.csv").toString()));
        IOException error = assertThrows(IOException.class, () -> load("classpath:none.csv"));
        assertEquals("reference table classpath:none.csv is not in the job's jar", error.getMessage());
    }

    @Test
    void failsForAnotherHeader() throws IOException {
        String file = write("a.csv", "id,model\nv1,sedan\n");
        IOException error = assertThrows(IOException.class, () -> load(file));
        assertEquals(
                "got header 'id,model' in reference table " + file + ", expected 'vehicleId,model'", error.getMessage());
        String empty = write("b.csv", "");
        assertThrows(IOException.class, () -> load(empty));
    }

    @Test
    void failsForALineThatIsNotAPair() throws IOException {
        for (String line : new String[] {"v1", ",sedan", "v1,", "v1,sedan,red"}) {
            String file = write("a.csv", "vehicleId,model\n" + line + "\n");
            IOException error = assertThrows(IOException.class, () -> load(file), line);
            assertTrue(error.getMessage().startsWith("got '" + line + "' in line 2 of"), error.getMessage());
        }
    }

    @Test
    void sharesOneCopyUntilTheLastUserIsGone() throws IOException {
        String file = write("a.csv", "vehicleId,model\nv1,sedan\n");
        SharedReferenceTable first = acquire(file, Duration.ZERO);
        assertSame(first, acquire(file, Duration.ZERO));
        first.release();
        assertSame(first, acquire(file, Duration.ZERO));
        first.release();
        first.release();
        SharedReferenceTable later = acquire(file, Duration.ZERO);
        assertTrue(later != first);
        later.release();
    }

    @Test
    @Timeout(20)
    void reloadsAndKeepsTheLastGoodTable() throws IOException, InterruptedException {
        String file = write("a.csv", "vehicleId,model\nv1,sedan\n");
        SharedReferenceTable shared = acquire(file, Duration.ofMillis(10));
        try {
            write("a.csv", "vehicleId,model\nv1,van\n");
            while (!"van".equals(String.valueOf(shared.table().get(key("v1"))))) {
                Thread.sleep(5);
            }
            write("a.csv", "broken");
            long failed = shared.failedReloads();
            while (shared.failedReloads() < failed + 2) {
                Thread.sleep(5);
            }
            assertEquals("van", shared.table().get(key("v1")).toString());
            assertTrue(shared.reloads() > 0);
        } finally {
            shared.release();
        }
    }

    private static SharedReferenceTable acquire(String file, Duration interval) throws IOException {
        return SharedReferenceTable.acquire(file, HEADER, interval, ReferenceTableTest.class.getClassLoader());
    }

    private static ReferenceTable load(String location) throws IOException {
        return ReferenceTable.load(location, HEADER, ReferenceTableTest.class.getClassLoader());
    }

    /** Replaces the file in one step, so that no reload sees half of it. */
    private String write(String name, String content) throws IOException {
        Path next = Files.writeString(folder.resolve(name + ".next"), content);
        Path file = folder.resolve(name);
        Files.move(next, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        return file.toString();
    }

    private static StringData key(String text) {
        return StringData.fromString(text);
    }
}
