-- Notes activity of a live application session, prolongs its idle limit, and begins another access where the
-- visitor comes from elsewhere or with something else. Slot: {H}.
-- Guarantees: touches only where a live record stands (an ended or idle one stays so) and its end was not noted, so
-- that nothing of it comes back; only ever prolongs, and never past the absolute end; the latest context stays, in
-- whatever order touches come; the history holds so many accesses at most, and drops those seen longest ago.
-- KEYS: application, activity, history
-- ARGV: at ms, requests, life that the idle limit leaves ms or 0, grace after the end ms, context or "",
--   context at ms, what tells this access from others, accesses kept at most, seen before this ms are dropped,
--   changes told in an hour at most
-- Returns {0 not live or 1; where the context changed: the one before, 1 or 0 whether it is to be told,
--          1 or 0 whether this access was never seen here}
if redis.call('GETRANGE', KEYS[1], 0, 0) ~= 'A' then
  return {0}
end
local known = redis.call('HMGET', KEYS[2], 'last_active', 'ends', 'context_at', 'access')
if not known[2] then
  return {0}
end
if not known[1] or tonumber(ARGV[1]) > tonumber(known[1]) then
  redis.call('HSET', KEYS[2], 'last_active', ARGV[1])
end
local life = tonumber(ARGV[3])
if life > 0 then
  life = math.min(life, tonumber(known[2]) + tonumber(ARGV[4]) - tonumber(ARGV[1]))
  if life > redis.call('PTTL', KEYS[1]) then
    redis.call('PEXPIRE', KEYS[1], life)
  end
end
redis.call('HINCRBY', KEYS[2], 'requests', ARGV[2])
local latest = ARGV[5] ~= '' and (not known[3] or tonumber(ARGV[6]) >= tonumber(known[3]))
if not latest or known[4] == ARGV[7] or not known[4] then
  redis.call('HINCRBY', KEYS[2], 'seen', ARGV[2])
  if not latest then
    return {1}
  end
  local placed = redis.call('HGET', KEYS[2], 'context') or ''
  redis.call('HSET', KEYS[2], 'context', ARGV[5], 'context_at', ARGV[6], 'access', ARGV[7])
  return placed == ARGV[5] and {1} or {1, placed, 0, 0}
end
local before = redis.call('HMGET', KEYS[2], 'since', 'seen', 'flags', 'context', 'told', 'told_at')
local flags, context = before[3] or '', before[4] or ''
if tonumber(ARGV[8]) > 0 then
  local row = string.format('%s %s %s %d\n', before[1] or '0', known[3] or before[1] or '0', before[2] or '0', #flags)
  redis.call('HSET', KEYS[3], known[4], row .. flags .. context)
end
local back = redis.call('HGET', KEYS[3], ARGV[7])
local since, seen, kept = ARGV[6], '0', ''
if back then
  local first, _, requests, length, from = string.match(back, '^(%d+) (%d+) (%d+) (%d+)\n()')
  since, seen, kept = first, requests, string.sub(back, from, from + length - 1)
  redis.call('HDEL', KEYS[3], ARGV[7])
end
local oldest, last = nil, nil
for i, value in ipairs(redis.call('HGETALL', KEYS[3])) do
  if i % 2 == 1 then
    last = value
  else
    local at = tonumber(string.match(value, '^%d+ (%d+)'))
    if at < tonumber(ARGV[9]) then
      redis.call('HDEL', KEYS[3], last)
    elseif not oldest or at < oldest[2] then
      oldest = {last, at}
    end
  end
end
if oldest and redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[8]) then
  redis.call('HDEL', KEYS[3], oldest[1])
end
redis.call('PEXPIRE', KEYS[3], math.max(redis.call('PTTL', KEYS[2]), 1))
local told, told_at = tonumber(before[5] or '0'), tonumber(before[6] or '0')
if tonumber(ARGV[1]) - told_at > 3600000 then
  told, told_at = 0, tonumber(ARGV[1])
end
redis.call('HSET', KEYS[2], 'context', ARGV[5], 'context_at', ARGV[6], 'access', ARGV[7], 'since', since, 'seen',
  seen + ARGV[2], 'flags', kept, 'told', told + 1, 'told_at', string.format('%.0f', told_at))
return {1, context, told < tonumber(ARGV[10]) and 1 or 0, back and 0 or 1}
