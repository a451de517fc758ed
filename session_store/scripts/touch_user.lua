-- Notes a user's last request. Slot: {U}.
-- Guarantees: nothing is written for a user whose record is gone; the time only ever rises.
-- KEYS: user, last_active
-- ARGV: at ms
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local known = redis.call('GET', KEYS[2])
if not known or tonumber(ARGV[1]) > tonumber(known) then
  redis.call('SET', KEYS[2], ARGV[1])
end
return 1
