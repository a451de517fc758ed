-- Deletes a user's record once no browser session is indexed any more. Slot: {U}.
-- Guarantees: index empty, record gone, generation raised and the time of it noted by the store's clock are one
-- step, so that a login is either in the index and was ended, or is refused, or began after the deletion and
-- makes a new user. Until then nothing is changed.
-- KEYS: user, generation, user_browsers, user_applications, last_active, user_order, known
-- ARGV: user id, author, life of the generation ms
-- Returns 0 the index is not empty, 1 another deletion was faster, or the record that was deleted
local record = redis.call('GET', KEYS[1])
if not record or cmsgpack.unpack(string.sub(record, 3))[1] ~= ARGV[1] then
  return 1
end
if redis.call('ZCARD', KEYS[3]) > 0 then
  return 0
end
local time = redis.call('TIME')
redis.call('DEL', KEYS[1], KEYS[4], KEYS[5], KEYS[6], KEYS[7])
redis.call('HINCRBY', KEYS[2], 'generation', 1)
redis.call('HSET', KEYS[2], 'at', time[1] * 1000000 + time[2], 'by', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return record
