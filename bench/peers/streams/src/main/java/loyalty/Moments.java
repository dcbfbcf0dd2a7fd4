package loyalty;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.IsoFields;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Times as text, and the periods a day lies in. */
final class Moments {
    private static final DateTimeFormatter TEXT =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    /** One UTC day, its week, its year, and the periods whose changes subscribers do not hear of. */
    record Day(String name, String weekly, int year, List<String> quiet) {}

    private final Map<LocalDate, Day> days = new HashMap<>();

    static String write(long moment) {
        return TEXT.format(Instant.ofEpochMilli(moment));
    }

    static String yearLater(long moment) {
        return TEXT.format(Instant.ofEpochMilli(moment).atOffset(ZoneOffset.UTC).plusYears(1));
    }

    Day day(long moment) {
        var date = LocalDate.ofInstant(Instant.ofEpochMilli(moment), ZoneOffset.UTC);
        return days.computeIfAbsent(date, Moments::describe);
    }

    private static Day describe(LocalDate date) {
        var weekly = "weekly:%04d-W%02d".formatted(
                date.get(IsoFields.WEEK_BASED_YEAR), date.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
        var quiet = List.of(
                "daily:" + date,
                "monthly:%04d-%02d".formatted(date.getYear(), date.getMonthValue()),
                "quarterly:%04d-Q%d".formatted(date.getYear(), date.get(IsoFields.QUARTER_OF_YEAR)),
                "yearly:%04d".formatted(date.getYear()));
        return new Day(date.toString(), weekly, date.getYear(), quiet);
    }
}
