package loyalty;

import com.fasterxml.jackson.databind.JsonNode;

/** What happened, as it stands on the topic `actions`. */
record Action(String id, String program, String userId, String type, String occurredAt, JsonNode data) {}
