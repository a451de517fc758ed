-- Counts one more within a window that begins with the first. Slot: that of the one key.
-- Guarantees: a counter never stands without an end.
-- KEYS: failures
-- ARGV: window ms
local count = redis.call('INCR', KEYS[1])
if count == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return count
