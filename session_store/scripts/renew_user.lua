-- Writes what the provider says now into a user's record. Slot: {U}.
-- Guarantees: written only over the record that was read: a deleted user never comes back, a login under way loses
-- nothing.
-- KEYS: user
-- ARGV: record as read, the new one
-- Returns 1 written, 0 the record has changed or is gone
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
