-- Ends one application session for good, and the browser session too where no other endpoint of it is live.
-- Slot: {H}.
-- Guarantees: both in one step; the tombstone lives as long as the browser session could have, so that the
-- same cookie never starts anew at this endpoint; what is not live is left as it is. Whoever listens is told
-- in the same step; where nobody may be told, streams are looked after by asking.
-- What the login left for the browser session's life goes with that.
-- KEYS: browser, application, endpoints, applications and activities (prefixes: every key made from them has
--       this slot), memory
-- ARGV: tombstone of the application session, tombstone of the browser session, now ms, channel, notice
-- Returns 0 nothing was live, 1 ended, 2 ended with the browser session
if redis.call('GETRANGE', KEYS[2], 0, 0) ~= 'A' then
  return 0
end
local life = math.max(redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[2]), 1)
redis.call('SET', KEYS[2], ARGV[1], 'PX', life)
redis.pcall('PUBLISH', ARGV[4], ARGV[5])
for _, endpoint in ipairs(redis.call('HKEYS', KEYS[3])) do
  if redis.call('GETRANGE', KEYS[4] .. endpoint, 0, 0) == 'A' then
    local ends = redis.call('HGET', KEYS[5] .. endpoint, 'ends')
    if not ends or tonumber(ends) > tonumber(ARGV[3]) then
      return 1
    end
  end
end
if redis.call('GETRANGE', KEYS[1], 0, 0) == 'B' then
  redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
  redis.call('DEL', KEYS[6])
end
return 2
