-- Writes a user's record at a login and indexes the browser session that is about to be written. Slot: {U}.
-- Guarantees: nothing is written when a deletion came at or after the login's beginning, both by the store's
-- clock, nor while this person is blocked, nor over the record of a user other than the one the caller read; the
-- generation returned is the one that held at that moment.
-- KEYS: user, generation, user_browsers, block
-- ARGV: id of the user that the caller read or "", new record, when the login began by the store's clock us, H,
--       life of the session's record ms, life of the generation ms
local block = redis.call('GET', KEYS[4])
if block then
  return {'blocked', block}
end
local known = redis.call('HMGET', KEYS[2], 'generation', 'at')
if known[2] and tonumber(known[2]) >= tonumber(ARGV[3]) then
  return {'overtaken'}
end
local standing = redis.call('GET', KEYS[1])
if (standing and cmsgpack.unpack(string.sub(standing, 3))[1] or '') ~= ARGV[1] then
  return {'changed'}
end
redis.call('SET', KEYS[1], ARGV[2])
if known[1] then
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
redis.call('ZADD', KEYS[3], now + life, ARGV[4])
if redis.call('PTTL', KEYS[3]) < life then
  redis.call('PEXPIRE', KEYS[3], life)
end
return {'written', known[1] or '0'}
