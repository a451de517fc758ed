-- Starts the application session of a live browser session at one endpoint, once. Slot: {H}.
-- Guarantees: a record is written only where neither a record nor a tombstone stands, only while the browser
-- session is live and its record is the one that this one was made from, and never a second time at an endpoint
-- whose session has ended or gone idle.
-- KEYS: browser, application, endpoints, activity
-- ARGV: endpoint id, session id, record, its life ms, created_at ms, expires_at ms, context,
--       browser session's record as read, what tells this access from others, its flags, their names
local browser = redis.call('GET', KEYS[1])
if not browser then
  return {'none'}
end
if string.sub(browser, 1, 1) ~= 'B' then
  return {'ended', browser}
end
local standing = redis.call('GET', KEYS[2])
if standing then
  return {'standing', standing}
end
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then
  return {'idle', redis.call('HGET', KEYS[4], 'last_active') or ARGV[5]}
end
if browser ~= ARGV[8] then
  return {'changed', browser}
end
local life = math.max(redis.call('PTTL', KEYS[1]), 1)
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[3], life)
redis.call('HSET', KEYS[4], 'last_active', ARGV[5], 'requests', 0, 'ends', ARGV[6], 'context', ARGV[7], 'since', ARGV[5],
  'access', ARGV[9])
if ARGV[11] ~= '' then
  redis.call('HSET', KEYS[4], 'flags', ARGV[10], 'flagged', ARGV[11])
end
redis.call('PEXPIRE', KEYS[4], life)
return {'started'}
