-- Enters a browser session that is about to be written under a name by which its provider may end it.
-- Slot: {N}.
-- Guarantees: nothing is entered when the provider ended what has this name at or after the login's beginning,
-- both by the store's clock, nor when the login began so long ago that such an end may be forgotten; the index
-- outlives every record that it names.
-- KEYS: named_browsers, named_end
-- ARGV: H, life of the session's record ms, when the login began by the store's clock us, how long an end is
--       remembered ms
-- Returns 1 entered, 0 overtaken
local time = redis.call('TIME')
local begun = tonumber(ARGV[3])
local ended = redis.call('GET', KEYS[2])
if ended and tonumber(ended) >= begun then
  return 0
end
if time[1] * 1000000 + time[2] >= begun + tonumber(ARGV[4]) * 1000 then
  return 0
end
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + life, ARGV[1])
if redis.call('PTTL', KEYS[1]) < life then
  redis.call('PEXPIRE', KEYS[1], life)
end
return 1
