-- Notes that a provider ends what has this name, and reads what to end. Slot: {N}.
-- Guarantees: the time of the end, by the store's clock, is noted in the step that reads, so that a login begun
-- before is either read here or refused when it wants to be entered; the time only ever rises.
-- KEYS: named_browsers, named_end
-- ARGV: how long the end is remembered ms, how many to read
-- Returns H and score in turn
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.call('GET', KEYS[2])
if known and tonumber(known) > now then
  now = tonumber(known)
end
redis.call('SET', KEYS[2], string.format('%.0f', now), 'PX', ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, ARGV[2] - 1, 'WITHSCORES')
