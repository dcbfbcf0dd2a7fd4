package loyalty;

/** What limits say of one action, and what they note of it in the account. */
record Limits(Rules.Rule rule, Action action, Account account, Moments.Day day, long moment) {
    /** Why a rule gives nothing. */
    record Refusal(String reason, String message, String retryAt) {}

    /** The first limit that is used up; null when none is. */
    Refusal refusal() {
        var type = action.type();
        if (type.equals("REVIEW") && account.products.contains(product())) {
            return new Refusal("once_only", type + " counts once per product_id", null);
        }
        if (type.equals("BIRTHDAY_BONUS") && account.birthdays.contains(day.year())) {
            return new Refusal("once_only", type + " counts once a year", null);
        }
        var latest = account.latest.get(type);
        if (rule.cooldownMs() > 0 && latest != null && Math.abs(moment - latest) < rule.cooldownMs()) {
            var message = type + " needs " + rule.cooldownMs() / 1000 + " s between two of it";
            return new Refusal("cooling_down", message, Moments.write(latest + rule.cooldownMs()));
        }
        var usage = used();
        if (rule.timesADay() > 0 && usage.times >= rule.timesADay()) {
            var message = type + " counts " + rule.timesADay() + " times a day";
            return new Refusal("daily_limit", message, null);
        }
        if (rule.pointsADay() > 0 && usage.points >= rule.pointsADay()) {
            var message = type + " gives " + rule.pointsADay() + " points a day";
            return new Refusal("daily_limit", message, null);
        }
        return null;
    }

    /** How many of these points the day still gives. */
    long trim(long points) {
        return rule.pointsADay() > 0 ? Math.min(points, rule.pointsADay() - used().points) : points;
    }

    /** Note an award in the account. */
    void note(long points) {
        if (rule.timesADay() > 0 || rule.pointsADay() > 0) {
            var usage = used();
            usage.times++;
            usage.points += points;
            account.usage.put(action.type(), usage);
        }
        if (rule.cooldownMs() > 0) {
            account.latest.put(action.type(), moment);
        }
        if (action.type().equals("REVIEW")) {
            account.products.add(product());
        }
        if (action.type().equals("BIRTHDAY_BONUS")) {
            account.birthdays.add(day.year());
        }
    }

    /** What the action's day has used up. */
    private Account.Usage used() {
        var usage = account.usage.get(action.type());
        return usage != null && usage.day.equals(day.name()) ? usage : new Account.Usage(day.name());
    }

    private String product() {
        return action.data().path("product_id").asText();
    }
}
