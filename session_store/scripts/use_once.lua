-- Notes that something was used which is good until a given time. Slot: that of the one key.
-- Guarantees: of all callers one is told 1, whatever their clocks say: until that time by the store's clock the
-- note stands, and from then on nobody is.
-- KEYS: used
-- ARGV: until when by Unix time ms
local time = redis.call('TIME')
if tonumber(ARGV[1]) <= time[1] * 1000 + time[2] / 1000 then
  return 0
end
return redis.call('SET', KEYS[1], '', 'NX', 'PXAT', ARGV[1]) and 1 or 0
