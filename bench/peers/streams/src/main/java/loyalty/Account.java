package loyalty;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** One member's state: the value of the store `accounts`. */
final class Account {
    public long sequence;
    public long balance;
    public long lifetime;
    public String tier = "BRONZE";
    public String country;
    /** Accepted actions by type. */
    public Map<String, Long> counts = new HashMap<>();
    /** Times and points of the latest day of a type that has a daily limit. */
    public Map<String, Usage> usage = new HashMap<>();
    /** When the latest accepted action of a type with a cooldown happened, epoch milliseconds. */
    public Map<String, Long> latest = new HashMap<>();
    /** Products reviewed. */
    public Set<String> products = new HashSet<>();
    /** Years whose birthday bonus was given. */
    public Set<Integer> birthdays = new HashSet<>();
    /** Score for ever and of the latest weeks, by period: what moves with the country. */
    public TreeMap<String, Long> regionScores = new TreeMap<>();
    /** Score for ever: what moves with the tier. */
    public long tierScore;
    public Set<String> badges = new HashSet<>();
    /** What expires, in the order of award. */
    public List<Lot> lots = new ArrayList<>();

    /** Points with one expiry. */
    static final class Lot {
        public String id;
        public long points;
        public String expires;

        public Lot() {}

        Lot(String id, long points, String expires) {
            this.id = id;
            this.points = points;
            this.expires = expires;
        }
    }

    /** What one day has used up. */
    static final class Usage {
        public String day;
        public int times;
        public long points;

        public Usage() {}

        Usage(String day) {
            this.day = day;
        }
    }
}
