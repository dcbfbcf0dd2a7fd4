
-- Boards made anew stand beside those there are, under the same names with another beginning, and
-- take their place in one step: no read finds a board missing or half made.

local SWITCHING = 'switching '

local function begins(text, beginning)
  return text and string.sub(text, 1, #beginning) == beginning
end

-- Refuses whoever applies to a program's boards; the epoch to go back to stands behind the word.
-- KEYS: epoch.
local function hold(keys)
  local epoch = redis.call('GET', keys[1])
  if not begins(epoch, SWITCHING) then redis.call('SET', keys[1], SWITCHING .. (epoch or '')) end
  return 1
end

-- Lets a program's boards go on as they are. KEYS: epoch.
local function release(keys)
  local epoch = redis.call('GET', keys[1])
  if not begins(epoch, SWITCHING) then return 0 end
  local before = string.sub(epoch, #SWITCHING + 1)
  if before == '' then redis.call('DEL', keys[1]) else redis.call('SET', keys[1], before) end
  return 1
end

local function replace(old, new)
  redis.call('UNLINK', old)
  if redis.call('EXISTS', new) == 1 then redis.call('RENAME', new, old) end
end

-- The keys of a board by its name in the set of all; `boards` is the key of that set.
local function keys_of(boards, name)
  local stem = string.sub(boards, 1, -7) .. string.gsub(name, '%z', ':')
  return stem .. ':scores', stem .. ':ties'
end

-- Puts rebuilt boards in the place of a program's boards, which stand held, or changes nothing.
-- KEYS: epoch, progress, closed, boards; epoch and boards of the rebuilt ones; then old and new key of
-- all else that changes place. ARGV: the rebuilt boards' epoch, the epoch from now on, then field and
-- position of every partition. Returns 1, or 0 when another rebuild began or let the boards go.
local function switch(keys, args)
  local boards, rebuilt = keys[4], keys[6]
  if redis.call('GET', keys[5]) ~= args[1] then return 0 end
  if not begins(redis.call('GET', keys[1]), SWITCHING) then return 0 end
  for _, name in ipairs(redis.call('SMEMBERS', boards)) do
    redis.call('UNLINK', keys_of(boards, name))
  end
  for _, name in ipairs(redis.call('SMEMBERS', rebuilt)) do
    local scores, ties = keys_of(boards, name)
    local new_scores, new_ties = keys_of(rebuilt, name)
    replace(scores, new_scores)
    replace(ties, new_ties)
    local until_ms = redis.call('HGET', keys[3], name)
    if until_ms then
      redis.call('PEXPIREAT', scores, until_ms)
      redis.call('PEXPIREAT', ties, until_ms)
    end
  end
  replace(boards, rebuilt)
  for i = 7, #keys, 2 do replace(keys[i], keys[i + 1]) end
  redis.call('DEL', keys[2], keys[5])
  if #args > 2 then redis.call('HSET', keys[2], unpack(args, 3)) end
  redis.call('SET', keys[1], args[2])
  return 1
end

redis.register_function('laurel_hold_VERSION', hold)
redis.register_function('laurel_release_VERSION', release)
redis.register_function('laurel_switch_VERSION', switch)
