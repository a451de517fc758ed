-- Brings one application session to what its browser session's record says. Slot: {H}.
-- Guarantees: written only while both records are still those that were read, so never over a tombstone, nor from
-- a browser session that has ended or was refreshed since; its life stays.
-- KEYS: browser, application
-- ARGV: browser session's record as read, application session's record as read, the new one
-- Returns 1 written, 0 one of them has changed
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[3], 'KEEPTTL')
return 1
