package loyalty;

import java.util.ArrayList;
import java.util.List;

/** Which scores a posting makes, and how a member moves between boards: [board, period, change, flag?]. */
final class Boards {
    private static final int WEEKS_KEPT = 3;

    private Boards() {}

    /** What a posting adds on each board; what moves with country and tier is kept in the account. */
    static List<Object[]> score(Account account, Moments.Day day, long points) {
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

    /** Move what stands in periods that have not ended from the old country to the account's own. */
    static List<Object[]> moveCountry(Account account, String old, Moments.Day day) {
        var leaves = new ArrayList<Object[]>();
        var enters = new ArrayList<Object[]>();
        var board = "region:" + account.country;
        account.regionScores.forEach((period, score) -> {
            var allTime = period.equals("all_time");
            if (!allTime && period.compareTo(day.weekly()) < 0) {
                return;
            }
            if (old != null) {
                leaves.add(new Object[] {"region:" + old, period, -score, "leaves"});
            }
            enters.add(allTime
                    ? new Object[] {board, period, score}
                    : new Object[] {board, period, score, "quiet"});
        });
        leaves.addAll(enters);
        return leaves;
    }

    /** Move the whole score from the old tier to the account's own. */
    static List<Object[]> moveTier(Account account, String old) {
        return List.of(
                new Object[] {"tier:" + old, "all_time", -account.tierScore, "leaves"},
                new Object[] {"tier:" + account.tier, "all_time", account.tierScore});
    }
}
