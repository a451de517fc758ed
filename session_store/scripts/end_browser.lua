-- Ends a browser session with all its application sessions, for good. Slot: {H}.
-- Guarantees: tombstones stand in place of every live record before anything is answered, until the absolute
-- end of the browser session and its grace; a tombstone that stands is left as it is. Where no record stands
-- yet and the caller knows when one would end, the tombstone is written all the same, so that none can come.
-- What the login left for the session's life goes in the same step. Each record stays beside its activity until it
-- is noted as ended; the browser session's own beside that of an application session that has gone by itself.
-- KEYS: browser, endpoints, applications (a prefix: every key made from it has this slot), memory, activities and
--       histories (prefixes likewise)
-- ARGV: tombstone of the browser session, tombstone of an application session up to the endpoint id and from
--       it on, end of an unwritten record by the store's clock ms or 0, channel, notice
-- Returns {0 or 1: whether the browser session was live, then {record, activity, history} of each application
--          session that was}
local standing = redis.call('GET', KEYS[1])
if not standing then
  local time = redis.call('TIME')
  local life = tonumber(ARGV[4]) - time[1] * 1000
  if life > 0 then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', life)
  end
  return {0}
end
if string.sub(standing, 1, 1) ~= 'B' then
  return {0}
end
redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
redis.call('DEL', KEYS[4])
local life = math.max(redis.call('PTTL', KEYS[1]), 1)
local ended = {1}
for _, endpoint in ipairs(redis.call('HKEYS', KEYS[2])) do
  local application, activity = KEYS[3] .. endpoint, KEYS[5] .. endpoint
  local record = redis.call('GET', application)
  if record and string.sub(record, 1, 1) == 'A' then
    ended[#ended + 1] = {record, redis.call('HGETALL', activity), redis.call('HGETALL', KEYS[6] .. endpoint)}
    redis.call('SET', application, ARGV[2] .. endpoint .. ARGV[3], 'PX', life)
    redis.call('HSET', activity, 'record', record)
    redis.call('PEXPIRE', activity, life)
  elseif not record and redis.call('EXISTS', activity) == 1 then
    redis.call('HSET', activity, 'browser', standing)
  end
end
redis.pcall('PUBLISH', ARGV[5], ARGV[6])
return ended
