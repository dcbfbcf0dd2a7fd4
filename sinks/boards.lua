#!lua name=laurel_boards_VERSION

-- The boards of one program. A board is a sorted set of
--     score  = minus the member's score, so that ZRANGE begins with the best
--     member = 6 bytes, big-endian: milliseconds at which the score was reached (the tie value),
--              followed by the user's id: equal scores stand by tie value, then by id
-- and beside it a hash from user id to tie value, which is how a member is found.

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

-- Applies a contiguous run of one partition's records, or changes nothing.
-- KEYS: epoch, progress, answers, boards, then scores and ties of every board of the run.
-- ARGV: epoch, field of the partition, the run's from and to, what is asked (kept with the answer),
--       msgpack of [[users, amounts, moments, marks, loud], ...], then the name of every board.
-- Returns {'applied', answer}, {'stale', position} or {'epoch', the epoch here}.
local function apply(keys, args)
  local epoch = redis.call('GET', keys[1])
  if epoch ~= args[1] then return {'epoch', epoch or ''} end
  local field, from = args[2], tonumber(args[3])
  local at = tonumber(redis.call('HGET', keys[2], field) or 0)
  if at ~= from then return {'stale', at} end

  local plans, answer = {}, {}
  for b, board in ipairs(cmsgpack.unpack(args[6])) do
    plans[b] = plan(keys[3 + 2 * b], keys[4 + 2 * b], board)
  end
  for _, p in ipairs(plans) do
    write(p)
    if p.loud > 0 then answer[#answer + 1] = told(p) end
  end
  local packed = cmsgpack.pack(answer)
  if #plans > 0 then redis.call('SADD', keys[4], unpack(args, 7)) end
  redis.call('HSET', keys[2], field, args[4])
  redis.call('HSET', keys[3], field .. ' asked', args[5], field .. ' answer', packed)
  return {'applied', packed}
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

redis.register_function('laurel_apply_VERSION', apply)
redis.register_function('laurel_settle_VERSION', settle)
redis.register_function('laurel_acknowledge_VERSION', acknowledge)
redis.register_function{
  function_name = 'laurel_standing_VERSION', callback = standing, flags = {'no-writes'}
}
