-- Gives an application session that has been written its turn among its user's, and reads the others. Slot: {U}.
-- Guarantees: of any two that come to a limited endpoint, the later one finds the earlier one here, and never the
-- other way round; what is in no index any more is dropped; the order outlives what it names.
-- KEYS: user_order, user_applications
-- ARGV: session id, life of its record ms
-- Returns {ids that have had their turn, ids of all the user's application sessions}
for _, entry in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if not redis.call('ZSCORE', KEYS[2], entry) then
    redis.call('ZREM', KEYS[1], entry)
  end
end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('ZADD', KEYS[1], (tonumber(last[2]) or 0) + 1, ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return {redis.call('ZRANGE', KEYS[1], 0, -1), redis.call('ZRANGE', KEYS[2], 0, -1)}
