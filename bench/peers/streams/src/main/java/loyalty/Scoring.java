package loyalty;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Decides each action on its member's account and forwards what follows. */
final class Scoring implements Processor<String, Action, String, Object> {
    static final String ACCOUNTS = "accounts";
    /** Append time by member and action id: which ids were decided. */
    static final String SEEN = "seen";

    static final String EARNED = "earned";
    static final String ACCEPTED = "accepted";
    static final String DECLINED = "declined";
    static final String TIERS = "tiers";
    static final String ACHIEVEMENTS = "achievements";

    private final Moments moments = new Moments();
    private ProcessorContext<String, Object> context;
    private KeyValueStore<String, Account> accounts;
    private KeyValueStore<String, Long> seen;

    /** The action at hand. */
    private Action action;

    private Account account;
    private long moment;
    private long appended;

    @Override
    public void init(ProcessorContext<String, Object> context) {
        this.context = context;
        accounts = context.getStateStore(ACCOUNTS);
        seen = context.getStateStore(SEEN);
        context.schedule(Duration.ofHours(1), PunctuationType.WALL_CLOCK_TIME, this::forget);
    }

    @Override
    public void process(Record<String, Action> record) {
        action = record.value();
        appended = record.timestamp();
        moment = Instant.parse(action.occurredAt()).toEpochMilli();
        var id = action.userId() + "\0" + action.id();
        if (seen.get(id) != null) {
            var place = context.recordMetadata().orElseThrow();
            var suffix = "#dup@" + place.partition() + "." + place.offset();
            decline(suffix, "duplicate", action.id() + " was decided before", null);
            return;
        }
        seen.put(id, appended);
        if (appended - moment > Rules.ACCEPT_LATE_MS) {
            decline("too_late", "it came over 7 days after it happened", null);
            return;
        }
        account = accounts.get(action.userId());
        if (account == null) {
            account = new Account();
        }
        if (decide()) {
            account.counts.merge(action.type(), 1L, Long::sum);
            settle();
            accounts.put(action.userId(), account);
        }
    }

    /** Apply the rule of the action's type; false when it was declined. */
    private boolean decide() {
        switch (action.type()) {
            case "MANUAL_ADJUSTMENT":
                adjust();
                return true;
            case "PROFILE":
                profile();
                return true;
            default:
                var rule = Rules.EARNING.get(action.type());
                if (rule == null) {
                    return decline("no_rule", "no rule speaks of " + action.type(), null);
                }
                return earn(rule);
        }
    }

    private boolean earn(Rules.Rule rule) {
        var limits = new Limits(rule, action, account, moments.day(moment), moment);
        var refusal = limits.refusal();
        if (refusal != null) {
            return decline(refusal.reason(), refusal.message(), refusal.retryAt());
        }
        var base = rule.base().apply(action.data());
        var why = new ArrayList<String[]>();
        why.add(step(rule.term(), base));
        var tier = Rules.tier(account.tier);
        var multiplier = tier.multiplier();
        var exact = base.multiply(multiplier);
        why.add(step("tier " + tier.name() + " × " + multiplier, exact));
        for (var promotion : Rules.PROMOTIONS) {
            if (promotion.type().equals(action.type())
                    && moment >= promotion.from()
                    && moment < promotion.until()) {
                exact = exact.multiply(promotion.factor());
                multiplier = multiplier.multiply(promotion.factor());
                why.add(step("promotion " + promotion.name() + " × " + promotion.factor(), exact));
            }
        }
        var points = exact.setScale(0, RoundingMode.FLOOR).longValueExact();
        if (points == 0) {
            return decline("rounds_to_zero", plain(exact) + " rounds to 0", null);
        }
        if (exact.scale() > 0) {
            why.add(step("floor", BigDecimal.valueOf(points)));
        }
        var given = limits.trim(points);
        if (given < points) {
            why.add(step("at most " + rule.pointsADay() + " a day", BigDecimal.valueOf(given)));
        }
        limits.note(given);
        var expires = rule.expires() ? Moments.yearLater(moment) : null;
        post(rule.name(), "earn", given, base, multiplier, expires, null, null, why);
        return true;
    }

    private void adjust() {
        var points = action.data().get("points").longValue();
        var exact = BigDecimal.valueOf(points);
        var actor = action.data().get("created_by").asText();
        var reason = action.data().get("reason").asText();
        var why = List.<String[]>of(step("points", exact));
        post("manual_adjustment", "adjust", points, exact, BigDecimal.ONE, null, actor, reason, why);
    }

    private void post(
            String rule,
            String kind,
            long points,
            BigDecimal base,
            BigDecimal multiplier,
            String expires,
            String actor,
            String reason,
            List<String[]> why) {
        var id = action.id() + "#" + rule;
        var lots = points > 0 ? open(id, points, expires) : take(-points);
        account.balance += points;
        account.lifetime += points;
        forward(EARNED, new Results.Posting(
                id, action.id(), action.program(), action.userId(), action.type(), kind, "points",
                points, points, base, multiplier, account.balance, account.lifetime, account.tier,
                null, ++account.sequence, actor, Moments.write(moment), expires, lots,
                Boards.score(account, moments.day(moment), points), Rules.VERSION + rule, reason, reference(), why, 0));
    }

    /** A new lot: what of the points fills no debt. */
    private List<Object[]> open(String id, long points, String expires) {
        var opened = points + Math.min(account.balance, 0);
        if (opened > 0 && expires != null) {
            account.lots.add(new Account.Lot(id, opened, expires));
        }
        return opened > 0 ? List.<Object[]>of(new Object[] {id, opened, expires}) : List.of();
    }

    /** The lots that points are taken from, the earliest expiry first, then what never expires. */
    private List<Object[]> take(long points) {
        var touched = new ArrayList<Object[]>();
        var left = points;
        var pool = Math.max(account.balance, 0) - account.lots.stream().mapToLong(lot -> lot.points).sum();
        account.lots.sort(java.util.Comparator.comparing(lot -> lot.expires));
        for (var lot : account.lots) {
            var part = Math.min(lot.points, left);
            if (part > 0) {
                touched.add(new Object[] {lot.id, -part, lot.expires});
                lot.points -= part;
                left -= part;
            }
        }
        account.lots.removeIf(lot -> lot.points == 0);
        if (Math.min(left, pool) > 0) {
            touched.add(new Object[] {"always", -Math.min(left, pool), null});
        }
        return touched;
    }

    /** Take the country; what stands in periods that have not ended moves to its boards. */
    private void profile() {
        var country = action.data().path("country").asText(account.country);
        var old = account.country;
        account.country = country;
        if (country == null || country.equals(old) || account.sequence == 0) {
            forward(ACCEPTED, new Results.Accepted(
                    action.id() + "#accepted", action.id(), action.program(), action.userId(),
                    action.type(), reference(), Moments.write(moment), Rules.VERSION + "profile"));
            return;
        }
        move("country", country, Boards.moveCountry(account, old, moments.day(moment)));
    }

    private void move(String split, String to, List<Object[]> scores) {
        var why = List.<String[]>of(new String[] {"now on " + split + " " + to, "0"});
        forward(EARNED, new Results.Posting(
                action.id() + "#move_" + split, action.id(), action.program(), action.userId(),
                action.type(), "move", "points", 0, 0, null, null, account.balance, account.lifetime,
                account.tier, null, ++account.sequence, null, Moments.write(moment), null, List.of(),
                scores, Rules.VERSION + split, null, reference(), why, 0));
    }

    /** After an accepted action: the tier follows lifetime, and badges are granted. */
    private void settle() {
        var reached = Rules.tierAt(account.lifetime);
        if (!reached.name().equals(account.tier)) {
            changeTier(reached);
        }
        Rules.LIFETIME_BADGES.forEach((badge, at) -> {
            if (account.lifetime >= at && account.badges.add(badge)) {
                unlock(badge);
            }
        });
        if (account.counts.getOrDefault("REFERRAL", 0L) >= Rules.REFERRAL_BADGE_AT
                && account.badges.add(Rules.REFERRAL_BADGE)) {
            unlock(Rules.REFERRAL_BADGE);
        }
    }

    private void changeTier(Rules.Tier reached) {
        var old = Rules.tier(account.tier);
        var up = reached.at() > old.at();
        account.tier = reached.name();
        move("tier", reached.name(), Boards.moveTier(account, old.name()));
        forward(TIERS, new Results.TierChanged(
                action.id() + "#tier", action.program(), action.userId(), "tier", old.name(),
                reached.name(), up ? "up" : "down", account.lifetime, up ? reached.at() : old.at(),
                action.data().path("created_by").asText(null), Moments.write(moment)));
    }

    private void unlock(String badge) {
        forward(ACHIEVEMENTS, new Results.Achievement(
                action.id() + "#badge-" + badge, action.program(), action.userId(), badge, "badge",
                1, "EARNED", null, null, null, Moments.write(moment)));
    }

    private boolean decline(String reason, String message, String retryAt) {
        return decline("#declined", reason, message, retryAt);
    }

    /** Say that the rules gave nothing, and why; always false. */
    private boolean decline(String suffix, String reason, String message, String retryAt) {
        forward(DECLINED, new Results.Declined(
                action.id() + suffix, action.id(), action.program(), action.userId(), action.type(),
                reason, message, retryAt, reference(), Moments.write(moment),
                Rules.VERSION + action.type().toLowerCase()));
        return false;
    }

    /** The facts that results repeat. */
    private Map<String, Object> reference() {
        var reference = new LinkedHashMap<String, Object>();
        for (var fact : Rules.REFERENCE.getOrDefault(action.type(), List.of())) {
            if (action.data().has(fact)) {
                reference.put(fact, action.data().get(fact));
            }
        }
        return reference;
    }

    private static String[] step(String what, BigDecimal value) {
        return new String[] {what, plain(value)};
    }

    private static String plain(BigDecimal value) {
        return value.stripTrailingZeros().toPlainString();
    }

    private void forward(String sink, Object result) {
        context.forward(new Record<>(action.userId(), result, appended, headers(sink)), sink);
    }

    private Headers headers(String sink) {
        return new RecordHeaders()
                .add("schema", (sink + "/1").getBytes(StandardCharsets.UTF_8))
                .add("program", action.program().getBytes(StandardCharsets.UTF_8));
    }

    /** Forget ids that could no longer be accepted again. */
    private void forget(long now) {
        try (var all = seen.all()) {
            all.forEachRemaining(entry -> {
                if (now - entry.value > Rules.ACCEPT_LATE_MS + Rules.FUTURE_MS) {
                    seen.delete(entry.key);
                }
            });
        }
    }
}
