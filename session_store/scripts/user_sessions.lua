-- Reads some of the browser sessions of a user that is being deleted. Slot: {U}.
-- Guarantees: they belong to the user named, not to one who signed in anew after another deletion ended.
-- KEYS: user, user_browsers
-- ARGV: user id, how many
-- Returns false when that user's record is gone, else H and score in turn
local record = redis.call('GET', KEYS[1])
if not record or cmsgpack.unpack(string.sub(record, 3))[1] ~= ARGV[1] then
  return false
end
return redis.call('ZRANGE', KEYS[2], 0, ARGV[2] - 1, 'WITHSCORES')
