#!lua name=laurel_boards_VERSION

-- The boards of one program. A board is a sorted set of
--     score  = minus the member's score, so that ZRANGE begins with the best
--     member = 6 bytes, big-endian: milliseconds at which the score was reached (the tie value),
--              followed by the user's id: equal scores stand by tie value, then by id
-- and beside it a hash from user id to tie value, which is how a member is found.
-- Who is hidden (suspended, not listed, erased) stands on no board: score and tie value wait in one hash
-- of the program, under user NUL board NUL period, and go on changing there.
-- A board makes one score of many its way: 'sum', 'best', 'last', or 'decay:0.9:day' (sinks/decay.py).
-- A sum beyond 2^53 stands at 2^53; the whole sum waits in one hash of the program, under the same name as
-- hidden scores, as `<times> <rest>`: so many times 2^53 and a rest from 0 to 2^53.

local EXACT = 2 ^ 53  -- The largest score a double holds exactly.
local MOST = 2 ^ 62  -- The largest sum of all scores of a board: far enough below what HINCRBY takes.
local LARGE = 'large'  -- Kept in place of a larger one, which is added up when it is asked for.
local MOVES, RESTARTS, GONE, TIES = 1, 2, 4, 8  -- Marks of a change; see sinks/board_calls.py.
local DAY_MS = 86400000
local FAR = 1e300  -- A weighted score beyond this is too near to the end of doubles.

local function refuse(text, ...)
  error({err = 'LAUREL ' .. string.format(text, ...)})
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The number of the calendar month of a day. Years begin with March here, so that the leap day is the last one.
local function month_of(day)
  local march = day + 719468  -- Days since 0000-03-01.
  local century = math.floor((4 * march + 3) / 146097)
  local within = march - math.floor(century * 146097 / 4)
  local year = math.floor((4 * within + 3) / 1461)
  local of_year = within - math.floor(year * 1461 / 4)
  local month = math.floor((5 * of_year + 2) / 153)  -- Five months from March, or from August, have 153 days.
  return (century * 100 + year) * 12 + month - 23638  -- January 1970 is month 10 of 1969.
end

-- The numbers of the ISO week and of the month that a day lies in, counted from those of 1970-01-01, a
-- Thursday: what number_of in schemas/moments.py gives, for reads and for the words of scores.
local function number_of(day, per)
  if per == 'day' then return day end
  if per == 'week' then return math.floor((day + 3) / 7) end
  return month_of(day)
end

-- The first day of the day, week or month of a number.
local function first_day(number, per)
  if per == 'day' then return number end
  if per == 'week' then return 7 * number - 3 end
  local year, month = math.floor((number + 23638) / 12), (number + 23638) % 12
  local leap_days = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leap_days + math.floor((153 * month + 2) / 5) - 719468
end

-- The number of now in UTC.
local function number_now(per) return number_of(math.floor(now_ms() / DAY_MS), per) end

-- An entry of `decays`, `0.9 day 20480`: what a point loses, per what, and the landmark.
local function read_decay(held)
  local factor, per, landmark = string.match(held, '^(%S+) (%a+) (%-?%d+)$')
  return {factor = tonumber(factor), per = per, landmark = tonumber(landmark)}
end

-- How a board decays; nothing where it does not. The landmark of a new board is a round number before
-- now. A board keeps the decay it had first, though `said`, the unit of the numbers that come, may be another.
local function decay_of(decays, board, way)
  local factor, per = string.match(way, '^decay:(.-):(%a+)$')
  if not factor then return end
  local held = redis.call('HGET', decays, board)
  if not held then
    local step = math.max(math.floor(-100 / math.log10(tonumber(factor))), 1)
    local now = number_now(per)
    held = string.format('%s %s %.0f', factor, per, now - now % step)
    redis.call('HSET', decays, board, held)
  end
  local decay = read_decay(held)
  decay.said = per
  return decay
end

-- What a weighted score is worth on some day, in whole units.
local function worth(decay, score, number)
  return math.floor(score * decay.factor ^ (number - decay.landmark) + 0.5)
end

-- What it is worth now; a program's zone may be a day ahead, so it says the number of its day.
local function worth_now(decay, score, number)
  local now = number_now(decay.per)
  return worth(decay, score, math.max(now, number or now))
end

-- A number that was said, in the board's own unit: that of its first day, for more of it is not known.
local function number_in(decay, number)
  if decay.said == decay.per then return number end
  return number_of(first_day(number, decay.said), decay.per)
end

local function decayed(base, terms, decay, user, board)
  local score = base or 0
  for _, term in ipairs(terms) do
    score = score + term[1] * decay.factor ^ (decay.landmark - number_in(decay, term[2]))
  end
  if not (math.abs(score) < FAR) then
    refuse('%s: the weight of what %s scored on %s runs out of doubles; '
           .. 'run `laurel rebuild boards`, which moves the landmark', board, user, board)
  end
  return score
end

-- The whole sum of a member that stands as far as scores go, where it is another one; else nothing.
local function held_whole_sum(beyond, user, name, stood)
  if stood == EXACT or stood == -EXACT then
    return redis.call('HGET', beyond, user .. '\0' .. name) or nil
  end
end

-- Adds an amount of at most 2^53 to so many times 2^53 and a rest; every step of it is exact.
local function plus(times, rest, amount)
  if amount < 0 then
    rest = rest + amount
    if rest < 0 then return times - 1, rest + EXACT end
    return times, rest
  end
  local left = rest - (EXACT - amount)
  if left >= 0 then return times + 1, left end
  return times, rest + amount
end

-- The score that a score and amounts of at most 2^53 each add up to, and the whole sum where it is another one.
local function summed(from, amounts, held)
  local times, rest
  if held then
    times, rest = string.match(held, '^(%S+) (%S+)$')
    times, rest = tonumber(times), tonumber(rest)
  else times, rest = plus(0, 0, from) end
  for _, amount in ipairs(amounts) do times, rest = plus(times, rest, amount) end
  if times == 0 then return rest end
  if times == -1 then return rest - EXACT end
  if times == 1 and rest == 0 then return EXACT end
  return times > 0 and EXACT or -EXACT, string.format('%.0f %.0f', times, rest)
end

-- The score after a change, whether its tie value moves, and the whole sum where it is another one, as `held`
-- was before. `stood` is nothing for who is new.
local function combined(way, stood, amount, mark, decay, held, user, board)
  local base = bit.band(mark, RESTARTS) == 0 and stood or nil
  local moves = not base or bit.band(mark, MOVES + TIES) > 0
  if decay then return decayed(base, amount, decay, user, board), moves end
  if way == 'best' then
    local score = base and math.max(base, amount) or amount
    return score, not base or score > base or bit.band(mark, TIES) > 0
  end
  if way == 'last' then return amount, moves or amount ~= base end
  if type(amount) == 'number' then
    local score = (base or 0) + amount
    if score > -EXACT and score < EXACT and not held then return score, moves end
    amount = {amount}
  end
  local score, whole_sum = summed(base or 0, amount, base and held)
  return score, moves, whole_sum
end

-- Who of the users stood on a board: their members in the sorted set, and their scores.
local function look(scores, ties, users)
  local held = redis.call('HMGET', ties, unpack(users))
  local members, places, was, stood, n = {}, {}, {}, {}, 0
  for i = 1, #users do
    local tie = held[i]
    if tie then
      n = n + 1
      local member = tie .. users[i]
      members[n], places[n], was[i] = member, i, member
    end
  end
  if n > 0 then
    local found = redis.call('ZMSCORE', scores, unpack(members))
    for k = 1, n do stood[places[k]] = 0 - found[k] end
  end
  return was, stood
end

-- The ranks of the first `loud` of these members; 0 where there is none.
local function ranks_of(scores, members, loud)
  local ranks = {}
  for i = 1, loud do
    local member = members[i]
    ranks[i] = member and redis.call('ZRANK', scores, member) + 1 or 0
  end
  return ranks
end

-- Adds to the parts of a sum that may be larger than a double holds exactly.
local function add(parts, amount)
  local last = (parts[#parts] or 0) + amount
  -- At 2^53 it may be rounded already.
  if #parts > 0 and math.abs(last) < EXACT then parts[#parts] = last
  else parts[#parts + 1] = amount end
end

-- What one board's changes will write. Only reads: a refusal leaves nothing half done.
local function plan(scores, ties, beyond, name, board, decay)
  local users, amounts, moments, marks, loud, way = unpack(board)
  local was, stood = look(scores, ties, users)
  local off, on, ties_off, ties_on = {}, {}, {}, {}  -- Members and users to remove and to set.
  local members, new, sums, whole_sums, f, n, tf, tn = {}, {}, {}, {}, 0, 0, 0, 0
  for i = 1, #users do
    local user, mark, before = users[i], marks[i], was[i]
    local held = held_whole_sum(beyond, user, name, stood[i])
    local score, moves, whole_sum = combined(way, stood[i], amounts[i], mark, decay, held, user, scores)
    if bit.band(mark, GONE) > 0 then
      score, whole_sum = 0, nil
      if before then
        off[f + 1], f = before, f + 1
        ties_off[tf + 1], tf = user, tf + 1
      end
    elseif moves then
      local moment = struct.pack('>I6', moments[i])
      local member = moment .. user
      if member ~= before then
        if before then off[f + 1], f = before, f + 1 end
        ties_on[tn + 1], ties_on[tn + 2], tn = user, moment, tn + 2
      end
      on[n + 1], on[n + 2], n = 0 - score, member, n + 2
      members[i] = member
    else
      members[i] = before
    end
    new[i] = score
    if whole_sum ~= held then whole_sums[#whole_sums + 1] = {user .. '\0' .. name, whole_sum} end
    if not decay and score ~= stood[i] then
      add(sums, score)
      add(sums, -(stood[i] or 0))
    end
  end
  return {scores = scores, ties = ties, off = off, on = on, ties_off = ties_off, ties_on = ties_on,
          loud = loud, members = members, new = new, old = stood, sums = sums, whole_sums = whole_sums,
          decay = decay, amounts = amounts, old_ranks = ranks_of(scores, was, loud)}
end

-- Sets what has another value and removes what has none: {field, value or nothing}, ...
local function write_fields(key, changes)
  for _, change in ipairs(changes) do
    if change[2] then redis.call('HSET', key, change[1], change[2])
    else redis.call('HDEL', key, change[1]) end
  end
end

local function write(p, beyond)
  if #p.off > 0 then redis.call('ZREM', p.scores, unpack(p.off)) end
  if #p.ties_off > 0 then redis.call('HDEL', p.ties, unpack(p.ties_off)) end
  if #p.on > 0 then redis.call('ZADD', p.scores, unpack(p.on)) end
  if #p.ties_on > 0 then redis.call('HSET', p.ties, unpack(p.ties_on)) end
  write_fields(beyond, p.whole_sums)
end

-- {participants, scores, old scores, ranks, old ranks} of the loud users; a rank of 0 is no place.
-- With decay the scores are what they are worth now.
local function told(p)
  local scores, old = {}, {}
  for i = 1, p.loud do
    scores[i], old[i] = p.new[i], p.old[i] or 0
    if p.decay then
      local last = p.amounts[i][#p.amounts[i]]
      local number = last and number_in(p.decay, last[2])
      scores[i] = worth_now(p.decay, scores[i], number)
      old[i] = worth_now(p.decay, old[i], number)
    end
  end
  local ranks = ranks_of(p.scores, p.members, p.loud)
  return {redis.call('ZCARD', p.scores), scores, old, ranks, p.old_ranks}
end

-- Says why a run must not be applied: other boards are here, or it does not begin where they stand.
local function refusal(keys, args)
  local epoch = redis.call('GET', keys[1])
  if epoch ~= args[1] then return {'epoch', epoch or ''} end
  local at = tonumber(redis.call('HGET', keys[2], args[2]) or 0)
  if at ~= tonumber(args[3]) then return {'stale', at} end
end

-- What hidden members will have after their changes, and their whole sums: {field, value or nothing}, ...
-- Only reads.
local function plan_hidden(hidden, decays, beyond, over, changes)
  local after, whole_sums = {}, {}
  for _, change in ipairs(changes) do
    local user, board, period, amount, moment, mark, way = unpack(change)
    local name = board .. '\0' .. period
    local field = user .. '\0' .. name
    local held = redis.call('HGET', hidden, field)
    local stood, tie
    if held then stood, tie = unpack(cmsgpack.unpack(held)) end
    local decay = decay_of(decays, board, way)
    local kept = held_whole_sum(beyond, user, name, stood)
    local score, moves, whole_sum = combined(way, stood, amount, mark, decay, kept, user, board)
    if moves then tie = struct.pack('>I6', moment) end
    local stays = bit.band(mark, GONE) == 0
    if not over[name] then
      after[#after + 1] = {field, stays and cmsgpack.pack({score, tie})}
      if not stays then whole_sum = nil end
      if whole_sum ~= kept then whole_sums[#whole_sums + 1] = {field, whole_sum} end
    end
  end
  return after, whole_sums
end

-- Until when the boards of these names are kept, of those that are closed, and which are past it.
local function closing(closed, names)
  local until_ms, over = {}, {}
  if #names == 0 or redis.call('EXISTS', closed) == 0 then return until_ms, over end
  local now
  for i, at in ipairs(redis.call('HMGET', closed, unpack(names))) do
    if at then
      now = now or now_ms()
      until_ms[i], over[names[i]] = at, now >= tonumber(at)
    end
  end
  return until_ms, over
end

-- A key that was emptied and comes back has lost its end.
local function keep_until(until_ms, scores, ties)
  if not until_ms then return end
  redis.call('PEXPIREAT', scores, until_ms)
  redis.call('PEXPIREAT', ties, until_ms)
end

local function add_to_sum(sums, name, parts)
  local sum = redis.call('HGET', sums, name) or 0
  if sum == LARGE then return end
  sum = tonumber(sum)
  for _, part in ipairs(parts) do sum = sum + part end
  if math.abs(sum) > MOST then
    redis.call('HSET', sums, name, LARGE)
    return
  end
  for _, part in ipairs(parts) do
    -- Plus 0, for minus 0 would be written `-0`, which is no integer.
    redis.call('HINCRBY', sums, name, string.format('%.0f', part + 0))
  end
end

-- Applies a contiguous run of one partition's records, or changes nothing.
-- KEYS: epoch, progress, answers, boards, hidden, closed, dropped, sums, decays, beyond, shows, then scores
--       and ties of every board of the run.
-- ARGV: epoch, field of the partition, the run's from and to, what is asked (kept with the answer),
--       msgpack of [[users, amounts, moments, marks, loud, way], ...], msgpack of the changes of hidden
--       members, msgpack of how many scores each board has here, then the name of every board, those
--       with only hidden members last.
-- A closed board that is past its time is left as it is: what comes for it is counted, and not told.
-- Returns {'applied', answer}, {'stale', position} or {'epoch', the epoch here}.
local function apply(keys, args)
  local refused = refusal(keys, args)
  if refused then return refused end
  local field, hidden, dropped, sums, decays = args[2], keys[5], keys[7], keys[8], keys[9]
  local beyond = keys[10]
  local names, counts, boards = {unpack(args, 9)}, cmsgpack.unpack(args[8]), cmsgpack.unpack(args[6])
  local until_ms, over = closing(keys[6], names)
  local plans, answer = {}, {}
  for b, board in ipairs(boards) do
    if not over[names[b]] then
      local decay = decay_of(decays, string.match(names[b], '^%Z*'), board[6])
      plans[b] = plan(keys[10 + 2 * b], keys[11 + 2 * b], beyond, names[b], board, decay)
    end
  end
  local after, whole_sums = plan_hidden(hidden, decays, beyond, over, cmsgpack.unpack(args[7]))
  write_fields(hidden, after)
  write_fields(beyond, whole_sums)
  for b, board in ipairs(boards) do
    local p = plans[b]
    if p then
      write(p, beyond)
      add_to_sum(sums, names[b], p.sums)
      keep_until(until_ms[b], p.scores, p.ties)
    end
    if board[5] > 0 then answer[#answer + 1] = p and told(p) or {0, {}, {}, {}, {}} end
  end
  for i, name in ipairs(names) do
    if over[name] then redis.call('HINCRBY', dropped, name, counts[i])
    else redis.call('SADD', keys[4], name) end
  end
  local packed = cmsgpack.pack(answer)
  redis.call('HSET', keys[2], field, args[4])
  redis.call('HSET', keys[3], field .. ' asked', args[5], field .. ' answer', packed)
  return {'applied', packed}
end

-- Takes a member off a board, or puts it back; nothing where there is nothing. Returns the old and
-- the new rank and the score.
local function hide_one(keys, name, field, scores, ties, user)
  local tie = redis.call('HGET', ties, user)
  if not tie then return end
  local member = tie .. user
  local score, rank = 0 - redis.call('ZSCORE', scores, member), redis.call('ZRANK', scores, member)
  redis.call('ZREM', scores, member)
  redis.call('HDEL', ties, user)
  redis.call('HSET', keys[5], field, cmsgpack.pack({score, tie}))
  return rank + 1, 0, score
end

local function show_one(keys, name, field, scores, ties, user)
  local held = redis.call('HGET', keys[5], field)
  if not held then return end
  redis.call('HDEL', keys[5], field)
  local until_ms, over = closing(keys[6], {name})
  if over[name] then
    redis.call('HINCRBY', keys[7], name, 1)
    return
  end
  local score, tie = unpack(cmsgpack.unpack(held))
  redis.call('ZADD', scores, 0 - score, tie .. user)
  redis.call('HSET', ties, user, tie)
  keep_until(until_ms[1], scores, ties)
  return 0, redis.call('ZRANK', scores, tie .. user) + 1, score
end

-- Hides a member from every board of the program, or shows it again, as a run of its own.
-- KEYS: as `apply`, without boards. ARGV: epoch, field of the partition, from and to, user, 'hides' or
-- 'shows', posting, occurred_at, then the boards without parts and the kinds of period that are told of,
-- `global all_time`. Nobody is shown on a board that is past its time. With decay the score is told as
-- it is worth today.
-- Returns {'applied', answer, what it answers} or as `apply`.
local function turn(keys, args)
  local refused = refusal(keys, args)
  if refused then return refused end
  local field, user, change = args[2], args[5], args[6] == 'hides' and hide_one or show_one
  local loud, asked, answer = {}, {}, {}
  for i = 9, #args do loud[args[i]] = true end
  local names = redis.call('SMEMBERS', keys[4])
  table.sort(names)
  for _, name in ipairs(names) do
    local board, period = string.match(name, '^(.-)%z(.*)$')
    local stem = string.sub(keys[4], 1, -7) .. board .. ':' .. period
    local scores = stem .. ':scores'
    local old, new, score = change(keys, name, user .. '\0' .. name, scores, stem .. ':ties', user)
    if old then
      local decay = redis.call('HGET', keys[9], board)
      if decay then score = worth_now(read_decay(decay), score)
      else add_to_sum(keys[8], name, {new > 0 and score or -score}) end
      if loud[string.match(board, '^[^:]*') .. ' ' .. string.match(period, '^[^:]*')] then
        asked[#asked + 1] = {board, period, {user}, {args[7]}, {args[8]}}
        answer[#answer + 1] = {redis.call('ZCARD', scores), {new > 0 and score or 0},
                               {old > 0 and score or 0}, {new}, {old}}
      end
    end
  end
  if args[6] == 'shows' then redis.call('INCR', keys[11]) end
  local packed, question = cmsgpack.pack(answer), cmsgpack.pack(asked)
  redis.call('HSET', keys[2], field, args[4])
  redis.call('HSET', keys[3], field .. ' asked', question, field .. ' answer', packed)
  return {'applied', packed, question}
end

-- Moves the positions below which every program's records have been applied, or changes nothing.
-- KEYS: generation, positions. ARGV: generation, then field, from, to of every partition.
-- Returns 1, or 0 when this is another Redis or somebody else moved one of them.
local function settle(keys, args)
  if redis.call('GET', keys[1]) ~= args[1] then return 0 end
  local moves = {}
  for i = 2, #args, 3 do
    if (redis.call('HGET', keys[2], args[i]) or '0') ~= args[i + 1] then return 0 end
    moves[#moves + 1] = args[i]
    moves[#moves + 1] = args[i + 2]
  end
  redis.call('HSET', keys[2], unpack(moves))
  return 1
end

-- Forgets an answer that was published, unless a newer one stands there.
-- KEYS: progress, answers. ARGV: field of the partition, the position the answer belongs to.
local function acknowledge(keys, args)
  if redis.call('HGET', keys[1], args[1]) ~= args[2] then return 0 end
  return redis.call('HDEL', keys[2], args[1] .. ' asked', args[1] .. ' answer')
end

-- Looks at a board for its result: how many stand there, the sum of their scores, the best, and the
-- scores in the middle (one or two). KEYS: scores, sums. ARGV: the board's name, how many of the best.
local function figures(keys, args)
  local count = redis.call('ZCARD', keys[1])
  local function stood(from, to) return redis.call('ZRANGE', keys[1], from, to, 'WITHSCORES') end
  local middle = count > 0 and stood(math.floor((count - 1) / 2), math.floor(count / 2)) or {}
  return {count, redis.call('HGET', keys[2], args[1]), stood(0, args[2] - 1), middle}
end

-- Gives some members of a board, in no order; who stands there all the while is given at least once.
-- KEYS: scores, ties. ARGV: cursor, how many. Returns {next cursor, users, tie values, scores}.
local function members(keys, args)
  local found = redis.call('HSCAN', keys[2], args[1], 'COUNT', args[2])
  local users, ties, places = {}, {}, {}
  for i = 1, #found[2], 2 do
    local n = #users + 1
    users[n], ties[n] = found[2][i], found[2][i + 1]
    places[n] = ties[n] .. users[n]
  end
  local scores = #places > 0 and redis.call('ZMSCORE', keys[1], unpack(places)) or {}
  return {found[1], users, ties, scores}
end

-- Says until when a closed board is kept, and takes who stands there off when that time is over: then only
-- its name is left. KEYS: closed, scores, ties. ARGV: the board's name, the moment in epoch milliseconds.
local function keep(keys, args)
  local name, ends = args[1], args[2]
  redis.call('HSET', keys[1], name, ends)
  if now_ms() < tonumber(ends) then
    keep_until(ends, keys[2], keys[3])
    return 1
  end
  redis.call('UNLINK', keys[2], keys[3])
  return 0
end

-- Puts a page of those who stand on one board on another one, at 0, unless they stand there.
local function carry_standing(keys, page, begins)
  for i = 1, #page, 2 do
    local user, tie = page[i], begins or page[i + 1]
    if redis.call('HSETNX', keys[7], user, tie) == 1 then
      redis.call('ZADD', keys[6], 0, tie .. user)
    end
  end
end

-- Lets those of a page of hidden members who have a score on one board have 0 on another one, unless they have
-- a score there too.
local function carry_hidden(keys, page, begins, before, name)
  local ending = '\0' .. before
  for i = 1, #page, 2 do
    local field = page[i]
    if string.sub(field, -#ending) == ending then
      local tie = begins or cmsgpack.unpack(page[i + 1])[2]
      local other = string.sub(field, 1, -#ending) .. name
      redis.call('HSETNX', keys[4], other, cmsgpack.pack({0, tie}))
    end
  end
end

-- Carries some members of one board on to another one, at 0.
-- KEYS: epoch, boards, carried, hidden, ties of the one, scores and ties of the other, shows. ARGV: epoch, the
-- one's name, the other's name, the tie value in epoch milliseconds (empty: each keeps its own), how often
-- somebody had been shown again when it began, 'standing' or 'hidden', cursor, how many. Returns the next
-- cursor, 0 when all of these are there; nothing where other boards took the place of these. With the last
-- hidden ones it is done, or 'again' where somebody was shown meanwhile: hidden when those who stand there were
-- looked at, and no longer when the hidden ones were.
local function carry(keys, args)
  if (redis.call('GET', keys[1]) or '') ~= args[1] then return end
  local name, who = args[3], args[6]
  local begins = args[4] ~= '' and struct.pack('>I6', args[4])
  local from = who == 'standing' and keys[5] or keys[4]
  local found = redis.call('HSCAN', from, args[7], 'COUNT', args[8])
  if who == 'standing' then carry_standing(keys, found[2], begins)
  else carry_hidden(keys, found[2], begins, args[2], name) end
  redis.call('SADD', keys[2], name)
  if found[1] == '0' and who == 'hidden' then
    if (redis.call('GET', keys[8]) or '0') ~= args[5] then return 'again' end
    redis.call('SADD', keys[3], name)
  end
  return found[1]
end

redis.register_function('laurel_apply_VERSION', apply)
redis.register_function('laurel_turn_VERSION', turn)
redis.register_function('laurel_settle_VERSION', settle)
redis.register_function('laurel_acknowledge_VERSION', acknowledge)
redis.register_function('laurel_keep_VERSION', keep)
redis.register_function('laurel_carry_VERSION', carry)
redis.register_function{
  function_name = 'laurel_figures_VERSION', callback = figures, flags = {'no-writes'}
}
redis.register_function{
  function_name = 'laurel_members_VERSION', callback = members, flags = {'no-writes'}
}
