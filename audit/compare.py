"""The book beside what scoring said on Kafka: every difference is a sentence."""

from collections import Counter
from collections.abc import Iterator

from audit.book import Book, Repeat
from audit.compare_boards import compare_boards, scores_of
from audit.members import Line, Member, Outcome
from audit.results import Key, Results, Said
from audit.told import achievement_of, climb_of, line_of

FORGOTTEN = ("too_late", "suspended")
"""What a repeat that comes too late is declined for once its id is forgotten."""


def compare_results(book: Book, results: Results) -> Iterator[str]:
    """Every difference between the book and the result topics (architecture, I1 to I4)."""
    yield from compare_outcomes(book, results, "Kafka")
    yield from _climb_order(book, results)
    yield from _periods(book, results)
    yield from _rejections(book, results)
    yield from _derived(book)
    scored = scores_of(posting for postings in results.postings.values() for posting in postings)
    yield from compare_boards(book.boards(), scored, "scores of rewards.earned")


def compare_outcomes(book: Book, results: Results, where: str) -> Iterator[str]:
    """What became of every action of every subject: in the book, and as `where` tells it."""
    repeats: dict[Key, dict[str, Repeat]] = {}
    for place, repeat in book.repeats.items():
        result_id = f"{repeat.id}#dup@{place.partition}.{place.offset}"
        repeats.setdefault((repeat.program, repeat.subject), {})[result_id] = repeat
    for key in sorted(book.members.keys() | results.subjects()):
        member = book.members.get(key) or Member(*key)
        who = f"{where}: {member.program}/{member.subject}"
        forgotten: Counter[str] = Counter()
        yield from _repeats(who, repeats.get(key, {}), results.declined.get(key, []), forgotten)
        yield from _outcomes(who, member, _found(key, results, forgotten))
        yield from _sequences(who, results.postings.get(key, []))
        yield from _climbs(who, member, results.tiers.get(key, []))
        yield from _achievements(who, member, results.achievements.get(key, []))


def _derived(book: Book) -> Iterator[str]:
    """Derived actions that should have come and did not, or came and should not have."""
    for action in (book.expected - book.arrived).elements():
        yield f"actions.internal: no {action.type} for {action.subject} with {action.facts}"
    for action in (book.arrived - book.expected).elements():
        yield f"actions.internal: {action.type} for {action.subject} is nobody's: {action.facts}"
    for value in (book.misrouted - book.rekeyed).elements():
        yield f"actions.internal: a misrouted record was not re-keyed: {value!r}"
    for value in (book.rekeyed - book.misrouted).elements():
        yield f"actions.internal: a re-keyed record was never on a wrong partition: {value!r}"


def _outcomes(who: str, member: Member, found: dict[str, list[Outcome]]) -> Iterator[str]:
    """I1: every action has the one outcome that the book says, with the same postings."""
    for action_id in member.outcomes | found:
        ours = [member.outcomes[action_id]] if action_id in member.outcomes else []
        theirs = found.get(action_id, [])
        if ours != theirs and not _is_forgotten(ours, theirs):
            said, heard = (" and ".join(map(str, each)) or "nothing" for each in (ours, theirs))
            columns = _different_columns(ours, theirs)
            yield f"{who} action {action_id}: {said} in the book, {heard} there{columns}"


def _is_forgotten(ours: list[Outcome], theirs: list[Outcome]) -> bool:
    """Whether an award was too old to be reversed, and the account does not even know it any more."""
    return ours == [Outcome("declined", "not_reversible")] and theirs == [
        Outcome("declined", "condition")
    ]


def _different_columns(ours: list[Outcome], theirs: list[Outcome]) -> str:
    """Name the columns in which postings of the same action differ."""
    if [len(each.lines) for each in ours] != [len(each.lines) for each in theirs]:
        return ""
    pairs = [
        pair
        for a, b in zip(ours, theirs, strict=True)
        for pair in zip(a.lines, b.lines, strict=True)
    ]
    different = [
        f"{name} {a} against {b}"
        for pair in pairs
        for name, a, b in zip(Line._fields, *pair, strict=True)
        if a != b
    ]
    return f" ({', '.join(different)})" if different else ""


def _found(key: Key, results: Results, forgotten: Counter[str]) -> dict[str, list[Outcome]]:
    """What the result topics say became of each action; repeats are left out."""
    lines: dict[str, list[Line]] = {}
    for posting in results.postings.get(key, ()):
        said = lines.setdefault(posting["action_id"], [])
        if posting["kind"] != "move":
            said.append(line_of(posting))
    found = {action_id: [Outcome("posted", None, tuple(said))] for action_id, said in lines.items()}
    for accepted in results.accepted.get(key, ()):
        found.setdefault(accepted["action_id"], []).append(Outcome("accepted"))
    skip = Counter(forgotten)
    for declined in results.declined.get(key, ()):
        action_id, reason = declined["action_id"], declined["reason"]
        if reason in FORGOTTEN and skip[action_id] > 0:
            skip[action_id] -= 1
        elif reason != "duplicate":
            found.setdefault(action_id, []).append(Outcome("declined", reason))
    return found


def _repeats(
    who: str, expected: dict[str, Repeat], declined: list[Said], forgotten: Counter[str]
) -> Iterator[str]:
    """Each repeat of an id is declined `duplicate` once, under an id of its own.

    One that would have come too late anyway may be `too_late` instead, or `suspended`, which is asked
    before it, its id being forgotten by then; such are counted in `forgotten`.
    """
    found = Counter(said["id"] for said in declined if said["reason"] == "duplicate")
    too_late = Counter(said["action_id"] for said in declined if said["reason"] in FORGOTTEN)
    for result_id, repeat in expected.items():
        if found[result_id] == 0 and repeat.too_late and too_late[repeat.id] > 0:
            forgotten[repeat.id] += 1
        elif found[result_id] != 1:
            yield f"{who}: {result_id} is declined {found[result_id]} times, not once"
    for result_id in found.keys() - expected.keys():
        yield f"{who}: {result_id} is declined as a duplicate and is none in the book"


def _sequences(who: str, postings: list[Said]) -> Iterator[str]:
    """An account's postings are numbered from 1 without a gap, in their order."""
    for at, posting in enumerate(postings, start=1):
        if posting["sequence"] != at:
            yield f"{who}: posting {posting['id']} has sequence {posting['sequence']}, not {at}"
            return


def _climbs(who: str, member: Member, tiers: list[Said]) -> Iterator[str]:
    ours, theirs = Counter(member.climbs), Counter(map(climb_of, tiers))
    for climb in (ours - theirs).elements():
        yield f"{who}: {' '.join(climb)} is in the book, no such change there"
    for climb in (theirs - ours).elements():
        yield f"{who}: {' '.join(climb)} is there, no such change in the book"


def _climb_order(book: Book, results: Results) -> Iterator[str]:
    """A member's changes on tier.changed stand in the order in which they happened."""
    for key, tiers in sorted(results.tiers.items()):
        ours = book.members[key].climbs if key in book.members else []
        theirs = list(map(climb_of, tiers))
        if ours != theirs and Counter(ours) == Counter(theirs):
            yield f"tier.changed: {'/'.join(key)} has its changes in another order than the book"


def _achievements(who: str, member: Member, told: list[Said]) -> Iterator[str]:
    ours, theirs = Counter(member.achievements), Counter(map(achievement_of, told))
    for each in sorted(ours.keys() | theirs.keys()):
        if ours[each] != theirs[each]:
            what = f"{each.kind} {each.name} {ours[each]} times in the book, {theirs[each]} there"
            yield f"{who}: {what} ({each.id}, level {each.level}, {each.state})"


def _periods(book: Book, results: Results) -> Iterator[str]:
    """What was said of each period, word by word and in its order."""
    said = {key: member.periods for key, member in book.members.items() if member.periods}
    for key in sorted(said.keys() | results.periods.keys()):
        ours, theirs = said.get(key, []), results.periods.get(key, [])
        if ours != theirs:
            yield f"periods.closed: {'/'.join(key)} is {ours} in the book, {theirs} there"


def compare_notifications(book: Book, results: Results) -> Iterator[str]:
    """What every member was told, word by word and in its order."""
    said = {key: member.notifications for key, member in book.members.items()}
    for key in sorted(said.keys() | results.notifications.keys()):
        ours, theirs = said.get(key, []), results.notifications.get(key, [])
        if ours != theirs:
            yield f"notifications.send: {'/'.join(key)} is {ours} in the book, {theirs} there"


def _rejections(book: Book, results: Results) -> Iterator[str]:
    found: dict[tuple[str, int, int], list[str]] = {}
    for said in results.rejected:
        place = (said["topic"], said["partition"], said["offset"])
        found.setdefault(place, []).append(said["reason"])
    for at in sorted(book.rejections.keys() | found.keys()):
        ours = [book.rejections[at]] if at in book.rejections else []
        theirs = found.get(at, [])
        if ours != theirs:
            said_here, said_there = (" and ".join(each) or "no action" for each in (ours, theirs))
            where = "/".join(map(str, at))
            yield f"actions.rejected: {where} is {said_here} in the book, {said_there} there"
