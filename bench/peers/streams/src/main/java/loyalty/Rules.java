package loyalty;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The loyalty program as constants. */
final class Rules {
    static final String VERSION = "loyalty@2025-01-01/";
    static final long ACCEPT_LATE_MS = 7 * 86_400_000L;
    static final long FUTURE_MS = 5 * 60_000L;

    /** One type's row: what it earns and what limits it. */
    record Rule(
            String name,
            Function<JsonNode, BigDecimal> base,
            String term,
            boolean expires,
            long cooldownMs,
            int timesADay,
            long pointsADay) {}

    /** By type the facts that results repeat. */
    static final Map<String, List<String>> REFERENCE = Map.of(
            "PURCHASE", List.of("order_id"),
            "REFERRAL", List.of("referred_user", "code"),
            "REVIEW", List.of("product_id"),
            "SOCIAL_SHARE", List.of("network"),
            "PROFILE", List.of("country"));

    record Tier(String name, long at, BigDecimal multiplier) {}

    record Promotion(String name, BigDecimal factor, String type, long from, long until) {}

    static final BigDecimal CENT = new BigDecimal("0.01");

    static final Map<String, Rule> EARNING = Map.of(
            "PURCHASE",
            new Rule(
                    "purchase",
                    data -> data.get("order_value").decimalValue().multiply(CENT),
                    "order_value × 0.01",
                    true,
                    0,
                    0,
                    0),
            "REFERRAL", fixed("referral", 100, 0, 0, 0),
            "REVIEW", fixed("review", 20, 0, 5, 0),
            "SOCIAL_SHARE", fixed("social_share", 10, 3_600_000, 0, 30),
            "BIRTHDAY_BONUS", fixed("birthday_bonus", 500, 0, 0, 0));

    static final List<Tier> TIERS = List.of(
            new Tier("BRONZE", 0, BigDecimal.ONE),
            new Tier("SILVER", 5_000, new BigDecimal("1.5")),
            new Tier("GOLD", 10_000, new BigDecimal("2")),
            new Tier("PLATINUM", 20_000, new BigDecimal("3")),
            new Tier("DIAMOND", 50_000, new BigDecimal("5")));

    private static final Map<String, Tier> TIER_BY_NAME = new LinkedHashMap<>();

    static {
        TIERS.forEach(tier -> TIER_BY_NAME.put(tier.name(), tier));
    }

    static final List<Promotion> PROMOTIONS = List.of(
            new Promotion(
                    "winter",
                    new BigDecimal("2"),
                    "PURCHASE",
                    Instant.parse("2025-12-01T00:00:00Z").toEpochMilli(),
                    Instant.parse("2026-01-01T00:00:00Z").toEpochMilli()));

    /** Badge by the lifetime that earns it. */
    static final Map<String, Long> LIFETIME_BADGES = new LinkedHashMap<>();

    static {
        LIFETIME_BADGES.put("POINTS_1K", 1_000L);
        LIFETIME_BADGES.put("POINTS_5K", 5_000L);
        LIFETIME_BADGES.put("POINTS_10K", 10_000L);
    }

    static final String REFERRAL_BADGE = "REFERRAL_MASTER";
    static final long REFERRAL_BADGE_AT = 10;

    private Rules() {}

    private static Rule fixed(
            String name, long points, long cooldownMs, int times, long daily) {
        var base = BigDecimal.valueOf(points);
        return new Rule(
                name, data -> base, Long.toString(points), false, cooldownMs, times, daily);
    }

    static Tier tier(String name) {
        return TIER_BY_NAME.get(name);
    }

    static Tier tierAt(long lifetime) {
        var held = TIERS.get(0);
        for (var tier : TIERS) {
            if (lifetime >= tier.at()) {
                held = tier;
            }
        }
        return held;
    }
}
