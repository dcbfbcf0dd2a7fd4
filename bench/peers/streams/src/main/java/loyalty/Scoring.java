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

    private static final int WEEKS_KEPT = 3;

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
        var usage = used();
        if (limited(rule, usage)) {
            return false;
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
        if (rule.pointsADay() > 0 && usage.points + points > rule.pointsADay()) {
            points = rule.pointsADay() - usage.points;
            why.add(step("at most " + rule.pointsADay() + " a day", BigDecimal.valueOf(points)));
        }
        use(rule, usage, points);
        var expires = rule.expires() ? Moments.yearLater(moment) : null;
        post(rule.name(), "earn", points, base, multiplier, expires, null, null, why);
        return true;
    }

    /** What the action's day has used up of its type's limits. */
    private Account.Usage used() {
        var day = moments.day(moment).name();
        var usage = account.usage.get(action.type());
        return usage != null && usage.day.equals(day) ? usage : new Account.Usage(day);
    }

    /** Decline what a limit forbids; true when one did. */
    private boolean limited(Rules.Rule rule, Account.Usage usage) {
        var type = action.type();
        if (type.equals("REVIEW") && account.products.contains(product())) {
            return !decline("once_only", type + " counts once per product_id", null);
        }
        if (type.equals("BIRTHDAY_BONUS") && account.birthdays.contains(moments.day(moment).year())) {
            return !decline("once_only", type + " counts once a year", null);
        }
        var latest = account.latest.get(type);
        if (rule.cooldownMs() > 0 && latest != null && Math.abs(moment - latest) < rule.cooldownMs()) {
            var message = type + " needs " + rule.cooldownMs() / 1000 + " s between two of it";
            return !decline("cooling_down", message, Moments.write(latest + rule.cooldownMs()));
        }
        if (rule.timesADay() > 0 && usage.times >= rule.timesADay()) {
            return !decline("daily_limit", type + " counts " + rule.timesADay() + " times a day", null);
        }
        if (rule.pointsADay() > 0 && usage.points >= rule.pointsADay()) {
            return !decline("daily_limit", type + " gives " + rule.pointsADay() + " points a day", null);
        }
        return false;
    }

    /** Note in the account what limits look at. */
    private void use(Rules.Rule rule, Account.Usage usage, long points) {
        usage.times++;
        usage.points += points;
        if (rule.timesADay() > 0 || rule.pointsADay() > 0) {
            account.usage.put(action.type(), usage);
        }
        if (rule.cooldownMs() > 0) {
            account.latest.put(action.type(), moment);
        }
        if (action.type().equals("REVIEW")) {
            account.products.add(product());
        }
        if (action.type().equals("BIRTHDAY_BONUS")) {
            account.birthdays.add(moments.day(moment).year());
        }
    }

    private String product() {
        return action.data().path("product_id").asText();
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
        var opened = points + Math.min(account.balance, 0);
        var lots = opened > 0 ? List.<Object[]>of(new Object[] {id, opened, expires}) : List.<Object[]>of();
        account.balance += points;
        account.lifetime += points;
        forward(EARNED, new Results.Posting(
                id, action.id(), action.program(), action.userId(), action.type(), kind, "points",
                points, points, base, multiplier, account.balance, account.lifetime, account.tier,
                null, ++account.sequence, actor, Moments.write(moment), expires, lots, scores(points),
                Rules.VERSION + rule, reason, reference(), why));
    }

    /** What a posting adds on each board; what moves with country and tier is kept in the account. */
    private List<Object[]> scores(long points) {
        var day = moments.day(moment);
        var region = account.country == null ? null : "region:" + account.country;
        var scores = new ArrayList<Object[]>(9);
        scores.add(new Object[] {"global", "all_time", points});
        scores.add(new Object[] {"global", day.weekly(), points});
        if (region != null) {
            scores.add(new Object[] {region, "all_time", points});
        }
        scores.add(new Object[] {"tier:" + account.tier, "all_time", points});
        for (var period : day.quiet()) {
            scores.add(new Object[] {"global", period, points, "quiet"});
        }
        if (region != null) {
            scores.add(new Object[] {region, day.weekly(), points, "quiet"});
        }
        account.regionScores.merge("all_time", points, Long::sum);
        account.regionScores.merge(day.weekly(), points, Long::sum);
        if (account.regionScores.size() > WEEKS_KEPT + 1) {
            account.regionScores.remove(account.regionScores.higherKey("all_time"));
        }
        account.tierScore += points;
        return scores;
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
        var leaves = new ArrayList<Object[]>();
        var enters = new ArrayList<Object[]>();
        var week = moments.day(moment).weekly();
        account.regionScores.forEach((period, score) -> {
            var allTime = period.equals("all_time");
            if (!allTime && period.compareTo(week) < 0) {
                return;
            }
            if (old != null) {
                leaves.add(new Object[] {"region:" + old, period, -score, "leaves"});
            }
            var board = "region:" + country;
            enters.add(allTime
                    ? new Object[] {board, period, score}
                    : new Object[] {board, period, score, "quiet"});
        });
        leaves.addAll(enters);
        move("country", country, leaves);
    }

    private void move(String split, String to, List<Object[]> scores) {
        var why = List.<String[]>of(new String[] {"now on " + split + " " + to, "0"});
        forward(EARNED, new Results.Posting(
                action.id() + "#move_" + split, action.id(), action.program(), action.userId(),
                action.type(), "move", "points", 0, 0, null, null, account.balance, account.lifetime,
                account.tier, null, ++account.sequence, null, Moments.write(moment), null, List.of(),
                scores, Rules.VERSION + split, null, reference(), why));
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
        move("tier", reached.name(), List.of(
                new Object[] {"tier:" + old.name(), "all_time", -account.tierScore, "leaves"},
                new Object[] {"tier:" + reached.name(), "all_time", account.tierScore}));
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
