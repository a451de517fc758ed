-- Takes or keeps the turn to deliver events to a webhook, and notes how far they have come. Slot: that of the one key.
-- Guarantees: one holder has the turn at a time, by the store's clock; nobody else moves the position, and whoever
-- lost the turn must take it anew, and goes on from where the other came to.
-- KEYS: webhook
-- ARGV: holder, turn ms (0 gives it back), position ('' takes the turn, and moves nothing), life ms
-- Returns the position, '' where there is none yet; nil where the turn is another's
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local standing = redis.call('HMGET', KEYS[1], 'holder', 'till')
local mine = standing[1] == ARGV[1]
if not mine and (ARGV[3] ~= '' or (standing[2] and now < tonumber(standing[2]))) then
  return false
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'till', string.format('%.0f', now + ARGV[2]))
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'position', ARGV[3])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return redis.call('HGET', KEYS[1], 'position') or ''
