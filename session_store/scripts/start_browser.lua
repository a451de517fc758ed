-- Writes the browser session of a login and what the login leaves for its life. Slot: {H}.
-- Guarantees: written only where neither a record nor a tombstone stands; the memory comes in the step that writes
-- the record, so that an end, which removes it, finds both or prevents both; it lives no longer than the record.
-- KEYS: browser, memory
-- ARGV: record, its life ms, memory or "", its life ms
-- Returns 1 written, 0 something stands there
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 0
end
if ARGV[3] ~= '' then
  redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
end
return 1
