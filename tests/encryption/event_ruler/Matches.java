import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import software.amazon.event.ruler.Machine;

/** Prints whether the event of each line matches its pattern; a line is {"pattern": ..., "event": ...}. */
public final class Matches {
    private Matches() {}

    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            JsonNode pair = json.readTree(line);
            Machine machine = Machine.builder().build();
            machine.addRule("rule", pair.get("pattern").toString());
            System.out.println(!machine.rulesForJSONEvent(pair.get("event").toString()).isEmpty());
        }
    }
}
