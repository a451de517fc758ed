-- Notes activity of a live application session and prolongs its idle limit. Slot: {H}.
-- Guarantees: touches only where a live record stands (an ended or idle one stays so), only ever prolongs, and
-- never past the absolute end; the latest context stays, in whatever order touches come.
-- KEYS: application, activity
-- ARGV: at ms, requests, life that the idle limit leaves ms or 0, grace after the end ms, context or "",
--   context at ms
if redis.call('GETRANGE', KEYS[1], 0, 0) ~= 'A' then
  return 0
end
local known = redis.call('HMGET', KEYS[2], 'last_active', 'ends', 'context_at')
if not known[1] or tonumber(ARGV[1]) > tonumber(known[1]) then
  redis.call('HSET', KEYS[2], 'last_active', ARGV[1])
end
redis.call('HINCRBY', KEYS[2], 'requests', ARGV[2])
if ARGV[5] ~= '' and (not known[3] or tonumber(ARGV[6]) >= tonumber(known[3])) then
  redis.call('HSET', KEYS[2], 'context', ARGV[5], 'context_at', ARGV[6])
end
local life = tonumber(ARGV[3])
if life > 0 and known[2] then
  life = math.min(life, tonumber(known[2]) + tonumber(ARGV[4]) - tonumber(ARGV[1]))
  if life > redis.call('PTTL', KEYS[1]) then
    redis.call('PEXPIRE', KEYS[1], life)
  end
end
return 1
