-- Marks an access of an application session with what deserves a look about it. Slot: {H}.
-- Guarantees: the session keeps the mark whatever comes after; the access has it while it is the latest.
-- KEYS: activity
-- ARGV: what tells this access from others, its flags, their names
-- Returns 1 done, 0 the session is gone
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
if redis.call('HGET', KEYS[1], 'access') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'flags', ARGV[2])
end
local names = redis.call('HGET', KEYS[1], 'flagged') or ''
for name in string.gmatch(ARGV[3], '%S+') do
  if not string.find(' ' .. names .. ' ', ' ' .. name .. ' ', 1, true) then
    names = names == '' and name or names .. ' ' .. name
  end
end
redis.call('HSET', KEYS[1], 'flagged', names)
return 1
