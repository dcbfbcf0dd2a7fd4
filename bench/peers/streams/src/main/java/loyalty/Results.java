package loyalty;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/** The records of the result topics, in their wire form. */
final class Results {
    private Results() {}

    /** A record of `rewards.earned`. */
    record Posting(
            String id,
            String actionId,
            String program,
            String userId,
            String action,
            String kind,
            String currency,
            long points,
            long lifetimePoints,
            BigDecimal basePoints,
            BigDecimal multiplier,
            long balance,
            long lifetime,
            String tier,
            String category,
            long sequence,
            String actor,
            String occurredAt,
            String expiresAt,
            List<Object[]> lots,
            List<Object[]> scores,
            String rule,
            String reason,
            Map<String, Object> reference,
            List<String[]> why,
            int scale) {}

    /** A record of `actions.accepted`. */
    record Accepted(
            String id,
            String actionId,
            String program,
            String userId,
            String action,
            Map<String, Object> reference,
            String occurredAt,
            String rule) {}

    /** A record of `actions.declined`. */
    record Declined(
            String id,
            String actionId,
            String program,
            String userId,
            String action,
            String reason,
            String message,
            String retryAt,
            Map<String, Object> reference,
            String occurredAt,
            String rule) {}

    /** A record of `tier.changed`. */
    record TierChanged(
            String id,
            String program,
            String userId,
            String ladder,
            String old,
            @JsonProperty("new") String tier,
            String direction,
            long value,
            long threshold,
            String actor,
            String occurredAt) {}

    /** A record of `achievements.unlocked`. */
    record Achievement(
            String id,
            String program,
            String userId,
            String achievement,
            String kind,
            int level,
            String state,
            Object payload,
            String expiresAt,
            String actor,
            String occurredAt) {}
}
