-- Writes what the provider said into a browser session and its application sessions. Slot: {H}.
-- Guarantees: nothing is written unless the browser session's record is still the one that was read, so never over
-- a tombstone nor over what another refresh wrote; record, memory and all application sessions that are still as
-- they were read are one step; no life changes. The holder's own turn ends in that step, another's stays.
-- KEYS: browser, endpoints, applications (a prefix: every key made from it has this slot), memory, refresh_turn
-- ARGV: browser session's record as read, the new one, new memory or "", grace after the end ms, holder, then for
--       each application session: endpoint id, record as read, the new one
-- Returns {0 nothing was written or 1, endpoint ids of live application sessions that were left as they are}
if redis.call('GET', KEYS[5]) == ARGV[5] then
  redis.call('DEL', KEYS[5])
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {0}
end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
if ARGV[3] ~= '' then
  redis.call('SET', KEYS[4], ARGV[3], 'PX', math.max(redis.call('PTTL', KEYS[1]) - tonumber(ARGV[4]), 1))
end
local place = {}
for i = 6, #ARGV, 3 do
  place[ARGV[i]] = i
end
local done = {1}
for _, endpoint in ipairs(redis.call('HKEYS', KEYS[2])) do
  local application, i = KEYS[3] .. endpoint, place[endpoint]
  local standing = redis.call('GET', application)
  if standing and string.sub(standing, 1, 1) == 'A' then
    if i and standing == ARGV[i + 1] then
      redis.call('SET', application, ARGV[i + 2], 'KEEPTTL')
    else
      done[#done + 1] = endpoint
    end
  end
end
return done
