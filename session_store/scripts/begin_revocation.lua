-- Begins the deletion of a user: raises the generation. Slot: {U}.
-- Guarantees: nothing happens unless the record that stands is of the user named; from here on a login that
-- began before is refused, and what was begun under the old generation takes its records back.
-- KEYS: user, generation
-- ARGV: user id, now ms, author, life of the generation ms
local record = redis.call('GET', KEYS[1])
if not record or cmsgpack.unpack(string.sub(record, 3))[1] ~= ARGV[1] then
  return 0
end
redis.call('HINCRBY', KEYS[2], 'generation', 1)
redis.call('HSET', KEYS[2], 'at', ARGV[2], 'by', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
