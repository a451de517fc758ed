-- Notes with what and from where a user comes, and says what is new about it. Slot: {U}.
-- Guarantees: nothing is noted of a user whose record is gone; the same access is told the same again; what was
-- not seen for long is forgotten; so many of each kind are kept at most.
-- KEYS: user, known
-- ARGV: what tells this access from all others, now ms, seen before this ms is forgotten, life of the note ms, kept
--       at most of a kind, then what is seen: a letter for its kind, ":", its name
-- Returns for each of those: "" nothing new, or the others of its kind, separated by line feeds
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {}
end
local kinds, standing, name = {}, {}, nil
for i, value in ipairs(redis.call('HGETALL', KEYS[2])) do
  if i % 2 == 1 then
    name = value
  else
    local at, by = string.match(value, '^(%d+) (.*)$')
    if tonumber(at) < tonumber(ARGV[3]) then
      redis.call('HDEL', KEYS[2], name)
    else
      local kind = string.sub(name, 1, 1)
      kinds[kind] = kinds[kind] or {}
      table.insert(kinds[kind], {tonumber(at), name})
      standing[name] = by
    end
  end
end
local told = {}
for i = 6, #ARGV do
  local asked = ARGV[i]
  local others = kinds[string.sub(asked, 1, 1)] or {}
  table.sort(others, function(a, b) return a[1] > b[1] end)
  local names = {}
  for _, other in ipairs(others) do
    if other[2] ~= asked then
      names[#names + 1] = string.sub(other[2], 3)
    end
  end
  local by = standing[asked]
  local is_new = #names > 0 and (not by or by == ARGV[1])
  told[#told + 1] = is_new and table.concat(names, '\n') or ''
  if not by and #others >= tonumber(ARGV[5]) then
    redis.call('HDEL', KEYS[2], others[#others][2])
  end
  redis.call('HSET', KEYS[2], asked, ARGV[2] .. ' ' .. (by or ARGV[1]))
end
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return told
