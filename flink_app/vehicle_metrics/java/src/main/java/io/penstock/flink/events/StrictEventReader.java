package io.penstock.flink.events;

import java.io.IOException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/** Reads any JSON: unknown fields are skipped, and what cannot be used is told by its reason. */
final class StrictEventReader {
    private final JsonFactory factory = new JsonFactory();

    /** Fills the event; returns a reason when it is not an event at all, null when its values can be checked. */
    String read(byte[] record, VehicleEvent event) {
        event.clear();
        try (JsonParser parser = factory.createParser(record)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Reasons.MALFORMED;
            }
            String wrong = null;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.getCurrentName();
                parser.nextToken();
                String reason = value(parser, field, event);
                wrong = wrong == null ? reason : wrong;
            }
            if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
                return Reasons.MALFORMED;
            }
            return wrong;
        } catch (IOException e) {
            // Jackson's word for text that is not JSON. The text itself goes to the dead letters.
            return Reasons.MALFORMED;
        }
    }

    private static String value(JsonParser parser, String field, VehicleEvent event) throws IOException {
        switch (field) {
            case VehicleEvent.EVENT_TYPE:
            case VehicleEvent.VEHICLE_ID:
            case VehicleEvent.REGION:
                return text(parser, field, event);
            case VehicleEvent.TIMESTAMP:
            case VehicleEvent.MEASUREMENT:
                return number(parser, field, event);
            default:
                parser.skipChildren();
                return null;
        }
    }

    private static String text(JsonParser parser, String field, VehicleEvent event) throws IOException {
        switch (parser.currentToken()) {
            case VALUE_STRING:
                event.setText(field, parser.getText());
                return null;
            case VALUE_NULL:
                event.unset(field);
                return null;
            default:
                parser.skipChildren();
                return Reasons.wrongType(field);
        }
    }

    private static String number(JsonParser parser, String field, VehicleEvent event) throws IOException {
        switch (parser.currentToken()) {
            case VALUE_NUMBER_INT:
                if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
                    return Reasons.outOfRange(field);
                }
                event.setNumber(field, parser.getLongValue());
                return null;
            case VALUE_NULL:
                event.unset(field);
                return null;
            default:
                parser.skipChildren();
                return Reasons.wrongType(field);
        }
    }
}
