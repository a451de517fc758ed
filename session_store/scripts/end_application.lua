-- Ends one application session for good, and the browser session too where no other endpoint of it is live.
-- Slot: {H}.
-- Guarantees: both in one step; the tombstone lives as long as the browser session could have, so that the
-- same cookie never starts anew at this endpoint; what is not live is left as it is. Whoever listens is told
-- in the same step; where nobody may be told, streams are looked after by asking.
-- Whatever is live has an activity; a record without one has expired, and that was noted. What the login left for
-- the browser session's life goes with that. The record stays beside the activity until it is noted as ended; that
-- of the browser session beside those of application sessions that have gone by themselves.
-- KEYS: browser, application, endpoints, applications and activities (prefixes: every key made from them has
--       this slot), memory, activity, history
-- ARGV: tombstone of the application session, tombstone of the browser session, now ms, channel, notice
-- Returns {0 nothing was live, 1 ended, 2 ended with the browser session; then record, activity, history}
local record = redis.call('GET', KEYS[2])
if not record or string.sub(record, 1, 1) ~= 'A' then
  return {0}
end
local activity, history = redis.call('HGETALL', KEYS[7]), redis.call('HGETALL', KEYS[8])
local life = math.max(redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[2]), 1)
redis.call('SET', KEYS[2], ARGV[1], 'PX', life)
redis.call('HSET', KEYS[7], 'record', record)
redis.call('PEXPIRE', KEYS[7], life)
redis.pcall('PUBLISH', ARGV[4], ARGV[5])
for _, endpoint in ipairs(redis.call('HKEYS', KEYS[3])) do
  if redis.call('GETRANGE', KEYS[4] .. endpoint, 0, 0) == 'A' then
    local ends = redis.call('HGET', KEYS[5] .. endpoint, 'ends')
    if ends and tonumber(ends) > tonumber(ARGV[3]) then
      return {1, record, activity, history}
    end
  end
end
local browser = redis.call('GET', KEYS[1])
if browser and string.sub(browser, 1, 1) == 'B' then
  for _, endpoint in ipairs(redis.call('HKEYS', KEYS[3])) do
    if redis.call('EXISTS', KEYS[4] .. endpoint) == 0 and redis.call('EXISTS', KEYS[5] .. endpoint) == 1 then
      redis.call('HSET', KEYS[5] .. endpoint, 'browser', browser)
    end
  end
  redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
  redis.call('DEL', KEYS[6])
end
return {2, record, activity, history}
