#!lua name=laurel_boards_VERSION

-- The boards of one program. A board is a sorted set of
--     score  = minus the member's score, so that ZRANGE begins with the best
--     member = 6 bytes, big-endian: milliseconds at which the score was reached (the tie value),
--              followed by the user's id: equal scores stand by tie value, then by id
-- and beside it a hash from user id to tie value, which is how a member is found.
-- Who is hidden (suspended, not listed, erased) stands on no board: score and tie value wait in one hash
-- of the program, under user NUL board NUL period, and go on changing there.

local EXACT = 2 ^ 53  -- The largest score a double holds exactly.
local RESTARTS, GONE = 2, 4  -- Marks of a change; see sinks/board_calls.py.

local function refuse(user, base, amount, scores)
  local text = '%s stands at %.0f on %s; with %.0f added the score would not be exact (beyond 2^53)'
  error({err = 'LAUREL ' .. string.format(text, user, base, scores, amount)})
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

-- What one board's changes will write. Only reads: a refusal leaves nothing half done.
local function plan(scores, ties, board)
  local users, amounts, moments, marks, loud = unpack(board)
  local was, stood = look(scores, ties, users)
  local off, on, ties_off, ties_on = {}, {}, {}, {}  -- Members and users to remove and to set.
  local members, new, f, n, tf, tn = {}, {}, 0, 0, 0, 0
  for i = 1, #users do
    local user, mark, amount, before = users[i], marks[i], amounts[i], was[i]
    local base = mark < RESTARTS and stood[i] or 0
    local score = base + amount
    if score > EXACT or score < -EXACT or score - base ~= amount then
      refuse(user, base, amount, scores)
    end
    if mark >= GONE then
      score = 0
      if before then
        off[f + 1], f = before, f + 1
        ties_off[tf + 1], tf = user, tf + 1
      end
    elseif mark > 0 or not before then
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
  end
  return {scores = scores, ties = ties, off = off, on = on, ties_off = ties_off, ties_on = ties_on,
          loud = loud, members = members, new = new, old = stood,
          old_ranks = ranks_of(scores, was, loud)}
end

local function write(p)
  if #p.off > 0 then redis.call('ZREM', p.scores, unpack(p.off)) end
  if #p.ties_off > 0 then redis.call('HDEL', p.ties, unpack(p.ties_off)) end
  if #p.on > 0 then redis.call('ZADD', p.scores, unpack(p.on)) end
  if #p.ties_on > 0 then redis.call('HSET', p.ties, unpack(p.ties_on)) end
end

-- {participants, scores, old scores, ranks, old ranks} of the loud users; a rank of 0 is no place.
local function told(p)
  local scores, old = {}, {}
  for i = 1, p.loud do scores[i], old[i] = p.new[i], p.old[i] or 0 end
  local ranks = ranks_of(p.scores, p.members, p.loud)
  return {redis.call('ZCARD', p.scores), scores, old, ranks, p.old_ranks}
end

-- Says why a run must not be applied: it was cleared, or does not begin where the boards stand.
local function refusal(keys, args)
  local epoch = redis.call('GET', keys[1])
  if epoch ~= args[1] then return {'epoch', epoch or ''} end
  local at = tonumber(redis.call('HGET', keys[2], args[2]) or 0)
  if at ~= tonumber(args[3]) then return {'stale', at} end
end

-- Changes what hidden members will have: {user, board, amount, moment, marks}, ...
local function change_hidden(hidden, changes)
  for _, change in ipairs(changes) do
    local user, board, amount, moment, marks = unpack(change)
    local field = user .. '\0' .. board
    local held = redis.call('HGET', hidden, field)
    local score, tie = 0, struct.pack('>I6', moment)
    if held and marks < RESTARTS then
      score, tie = unpack(cmsgpack.unpack(held))
      if marks > 0 then tie = struct.pack('>I6', moment) end
    end
    if marks >= GONE then
      redis.call('HDEL', hidden, field)
    else
      if math.abs(score + amount) > EXACT then refuse(user, score, amount, board) end
      redis.call('HSET', hidden, field, cmsgpack.pack({score + amount, tie}))
    end
  end
end

-- Applies a contiguous run of one partition's records, or changes nothing.
-- KEYS: epoch, progress, answers, boards, hidden, then scores and ties of every board of the run.
-- ARGV: epoch, field of the partition, the run's from and to, what is asked (kept with the answer),
--       msgpack of [[users, amounts, moments, marks, loud], ...], msgpack of the changes of hidden
--       members, then the name of every board.
-- Returns {'applied', answer}, {'stale', position} or {'epoch', the epoch here}.
local function apply(keys, args)
  local refused = refusal(keys, args)
  if refused then return refused end
  local field = args[2]
  local plans, answer = {}, {}
  for b, board in ipairs(cmsgpack.unpack(args[6])) do
    plans[b] = plan(keys[4 + 2 * b], keys[5 + 2 * b], board)
  end
  change_hidden(keys[5], cmsgpack.unpack(args[7]))
  for _, p in ipairs(plans) do
    write(p)
    if p.loud > 0 then answer[#answer + 1] = told(p) end
  end
  local packed = cmsgpack.pack(answer)
  if #args > 7 then redis.call('SADD', keys[4], unpack(args, 8)) end
  redis.call('HSET', keys[2], field, args[4])
  redis.call('HSET', keys[3], field .. ' asked', args[5], field .. ' answer', packed)
  return {'applied', packed}
end

-- Takes a member off a board, or puts it back; nothing where there is nothing. Returns the old and
-- the new rank and the score.
local function hide_one(hidden, field, scores, ties, user)
  local tie = redis.call('HGET', ties, user)
  if not tie then return end
  local member = tie .. user
  local score, rank = 0 - redis.call('ZSCORE', scores, member), redis.call('ZRANK', scores, member)
  redis.call('ZREM', scores, member)
  redis.call('HDEL', ties, user)
  redis.call('HSET', hidden, field, cmsgpack.pack({score, tie}))
  return rank + 1, 0, score
end

local function show_one(hidden, field, scores, ties, user)
  local held = redis.call('HGET', hidden, field)
  if not held then return end
  local score, tie = unpack(cmsgpack.unpack(held))
  redis.call('ZADD', scores, 0 - score, tie .. user)
  redis.call('HSET', ties, user, tie)
  redis.call('HDEL', hidden, field)
  return 0, redis.call('ZRANK', scores, tie .. user) + 1, score
end

-- Hides a member from every board of the program, or shows it again, as a run of its own.
-- KEYS: epoch, progress, answers, boards, hidden. ARGV: epoch, field of the partition, from and to,
-- user, 'hides' or 'shows', posting, occurred_at, then the boards without parts and the kinds of
-- period that are told of, `global all_time`.
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
    local old, new, score = change(keys[5], user .. '\0' .. name, scores, stem .. ':ties', user)
    if old and loud[string.match(board, '^[^:]*') .. ' ' .. string.match(period, '^[^:]*')] then
      asked[#asked + 1] = {board, period, {user}, {args[7]}, {args[8]}}
      answer[#answer + 1] = {redis.call('ZCARD', scores), {new > 0 and score or 0},
                             {old > 0 and score or 0}, {new}, {old}}
    end
  end
  local packed, question = cmsgpack.pack(answer), cmsgpack.pack(asked)
  redis.call('HSET', keys[2], field, args[4])
  redis.call('HSET', keys[3], field .. ' asked', question, field .. ' answer', packed)
  return {'applied', packed, question}
end

-- Moves the positions below which every program's records have been applied, or changes nothing.
-- KEYS: generation, positions. ARGV: generation, then field, from, to of every partition.
-- Returns 1, or 0 when the boards were cleared or somebody else moved one of them.
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

-- KEYS: scores, ties. ARGV: user id. Returns {rank, score, tie value}, or nothing when off the board.
local function standing(keys, args)
  local tie = redis.call('HGET', keys[2], args[1])
  if not tie then return false end
  local member = tie .. args[1]
  return {redis.call('ZRANK', keys[1], member) + 1, redis.call('ZSCORE', keys[1], member), tie}
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

-- Says until when a closed board is kept, and removes it when that time is over.
-- KEYS: closed, boards, sums, scores, ties. ARGV: the board's name, the moment in epoch milliseconds.
local function keep(keys, args)
  local name, ends, now = args[1], args[2], redis.call('TIME')
  redis.call('HSET', keys[1], name, ends)
  if now[1] * 1000 + math.floor(now[2] / 1000) < tonumber(ends) then
    for i = 4, #keys do redis.call('PEXPIREAT', keys[i], ends) end
    return 1
  end
  redis.call('UNLINK', unpack(keys, 4))
  redis.call('SREM', keys[2], name)
  redis.call('HDEL', keys[3], name)
  return 0
end

-- Puts some members of one board on another one, at 0, unless they stand there.
-- KEYS: boards, carried, ties of the one, scores and ties of the other. ARGV: the other's name, the
-- tie value in epoch milliseconds, cursor, how many. Returns the next cursor; 0 when all are there.
local function carry(keys, args)
  local tie = struct.pack('>I6', args[2])
  local found = redis.call('HSCAN', keys[3], args[3], 'COUNT', args[4])
  for i = 1, #found[2], 2 do
    local user = found[2][i]
    if redis.call('HSETNX', keys[5], user, tie) == 1 then
      redis.call('ZADD', keys[4], 0, tie .. user)
    end
  end
  redis.call('SADD', keys[1], args[1])
  if found[1] == '0' then redis.call('SADD', keys[2], args[1]) end
  return found[1]
end

redis.register_function('laurel_apply_VERSION', apply)
redis.register_function('laurel_turn_VERSION', turn)
redis.register_function('laurel_settle_VERSION', settle)
redis.register_function('laurel_acknowledge_VERSION', acknowledge)
redis.register_function('laurel_keep_VERSION', keep)
redis.register_function('laurel_carry_VERSION', carry)
redis.register_function{
  function_name = 'laurel_standing_VERSION', callback = standing, flags = {'no-writes'}
}
redis.register_function{
  function_name = 'laurel_figures_VERSION', callback = figures, flags = {'no-writes'}
}
redis.register_function{
  function_name = 'laurel_members_VERSION', callback = members, flags = {'no-writes'}
}
