-- Reading boards. Nothing here writes, and each answer is of one moment.
-- ARGV of each begins with the board's name and msgpack of the numbers of today's day, week and month.

-- What one point of a board's scores is worth today, as a text; false where scores do not decay. Those
-- that do are kept as what they are worth at the board's landmark: `factor per landmark`, `0.9 day 20089`.
local function worth_today(decays, board, today)
  local row = redis.call('HGET', decays, board)
  if not row then return false end
  local factor, per, landmark = string.match(row, '^(%S+) (%S+) (%S+)$')
  local now = cmsgpack.unpack(today)[per]
  if not now then error({err = 'LAUREL scores of ' .. board .. ' decay: say of which day they are'}) end
  return string.format('%.17g', tonumber(factor) ^ (now - landmark))
end

-- Rows of a board from `first` up to `last`, counted from 0, as {first, how many stand on a better score
-- than the first row's, {member, score, ...}}.
local function rows(scores, first, last)
  if last < 0 then return {first, 0, {}} end
  local found = redis.call('ZRANGE', scores, first, last, 'WITHSCORES')
  local better = found[2] and redis.call('ZCOUNT', scores, '-inf', '(' .. found[2]) or 0
  return {first, better, found}
end

-- KEYS: scores, decays. ARGV: board, today, first, last. Returns {worth of a point, rows}.
local function slice(keys, args)
  local worth = worth_today(keys[2], args[1], args[2])
  return {worth, rows(keys[1], tonumber(args[3]), tonumber(args[4]))}
end

-- KEYS: scores, ties, hidden, decays. ARGV: board, today, user, field of the user among the hidden, how
-- many rows on either side, 'shared' or 'ordinal', then ranks to strive for, the best one first.
-- Returns {worth of a point, participants, rank, rows around, row of the next rank, row of the nearest of
-- the ranks}, or {'hidden'} or {'unknown'}.
local function rank(keys, args)
  local scores, user, around = keys[1], args[3], tonumber(args[5])
  local tie = redis.call('HGET', keys[2], user)
  if not tie then return {redis.call('HEXISTS', keys[3], args[4]) == 1 and 'hidden' or 'unknown'} end
  local worth = worth_today(keys[4], args[1], args[2])
  local at = redis.call('ZRANK', scores, tie .. user)
  local own = at + 1
  if args[6] == 'shared' then
    own = redis.call('ZCOUNT', scores, '-inf', '(' .. redis.call('ZSCORE', scores, tie .. user)) + 1
  end
  local milestone = 0
  for i = 7, #args do
    local wanted = tonumber(args[i])
    if wanted < own then milestone = wanted end
  end
  return {worth, redis.call('ZCARD', scores), at + 1, rows(scores, math.max(0, at - around), at + around),
          rows(scores, own - 2, own - 2), rows(scores, milestone - 1, milestone - 1)}
end

-- A bound as a score at the landmark, moved outwards by what doubles may have lost.
local function at_landmark(bound, worth, outwards)
  local score = tonumber(bound) / worth
  if math.abs(score) == math.huge then return bound end
  return string.format('%.17g', score + outwards * math.abs(score))
end

-- KEYS: scores, decays. ARGV: board, today, then minus the highest and minus the lowest score to count.
local function count(keys, args)
  local worth, from, to = worth_today(keys[2], args[1], args[2]), args[3], args[4]
  if worth then from, to = at_landmark(from, worth, -1e-12), at_landmark(to, worth, 1e-12) end
  return redis.call('ZCOUNT', keys[1], from, to)
end

local function register(name, callback)
  redis.register_function{
    function_name = 'laurel_' .. name .. '_VERSION', callback = callback, flags = {'no-writes'}
  }
end

register('slice', slice)
register('rank', rank)
register('count', count)
