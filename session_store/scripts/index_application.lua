-- Enters an application session in its user's index and drops entries whose records are over. Slot: {U}.
-- Guarantees: the index outlives every record that it names, by the store's own clock.
-- KEYS: user_applications
-- ARGV: session id, life of its record ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + life, ARGV[1])
if redis.call('PTTL', KEYS[1]) < life then
  redis.call('PEXPIRE', KEYS[1], life)
end
return 1
