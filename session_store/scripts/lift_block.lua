-- Ends a block, if it still is the one that was read. Slot: {U}.
-- Guarantees: a block that was written meanwhile, for the same person under a newer id, stays.
-- KEYS: block
-- ARGV: block as read
-- Returns 1 ended, 0 another stands, or none
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
