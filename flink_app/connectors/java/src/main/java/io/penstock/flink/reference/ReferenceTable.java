package io.penstock.flink.reference;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryStringData;

/** A CSV of two columns, key and value, held in memory. A later line of the same key wins. */
final class ReferenceTable {
    /** Marks a file that is packaged in the job's jar; task managers have no other file of the package. */
    static final String PACKAGED = "classpath:";

    private final Map<StringData, StringData> values;

    private ReferenceTable(Map<StringData, StringData> values) {
        this.values = values;
    }

    /** Returns the value, or null when the table has no such key. */
    StringData get(StringData key) {
        return values.get(key);
    }

    int size() {
        return values.size();
    }

    /** Reads the CSV; a name that ends with {@code .gz} is decompressed. Its header must be {@code key,value}. */
    static ReferenceTable load(String location, String header, ClassLoader classLoader) throws IOException {
        try (InputStream raw = open(location, classLoader);
                InputStream input = location.endsWith(".gz") ? new GZIPInputStream(raw) : raw;
                BufferedReader lines = new BufferedReader(new InputStreamReader(input, StandardCharsets.UTF_8))) {
            return new ReferenceTable(read(lines, header, location));
        }
    }

    private static InputStream open(String location, ClassLoader classLoader) throws IOException {
        if (location.startsWith(PACKAGED)) {
            InputStream resource = classLoader.getResourceAsStream(location.substring(PACKAGED.length()));
            if (resource == null) {
                throw new FileNotFoundException("reference table " + location + " is not in the job's jar");
            }
            return resource;
        }
        Path path = new Path(location);
        return FileSystem.get(path.toUri()).open(path);
    }

    private static Map<StringData, StringData> read(BufferedReader lines, String header, String location)
            throws IOException {
        String first = lines.readLine();
        if (first == null || !strip(first).equals(header)) {
            throw new IOException("got header '" + first + "' in reference table " + location + ", expected '" + header + "'");
        }
        Map<StringData, StringData> values = new HashMap<>();
        Map<String, StringData> shared = new HashMap<>();
        int number = 1;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            number++;
            String text = line.strip();
            if (text.isEmpty()) {
                continue;
            }
            int comma = text.indexOf(',');
            if (comma <= 0 || comma == text.length() - 1 || text.indexOf(',', comma + 1) >= 0) {
                throw new IOException("got '" + text + "' in line " + number + " of reference table " + location
                        + ", expected '" + header + "' with both values and no further comma");
            }
            StringData value = shared.computeIfAbsent(text.substring(comma + 1).strip(), ReferenceTable::binary);
            values.put(binary(text.substring(0, comma).strip()), value);
        }
        return values;
    }

    private static StringData binary(String text) {
        return BinaryStringData.fromBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String strip(String header) {
        String text = header.strip();
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }
}
