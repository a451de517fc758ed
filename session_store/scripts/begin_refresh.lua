-- Takes the turn to ask the provider again about a browser session. Slot: {H}.
-- Guarantees: of all who ask while a turn stands, its holder alone has it; a turn, and a time in which nobody
-- should ask, never stands without an end.
-- KEYS: refresh_turn
-- ARGV: holder, life of the turn ms
-- Returns yours, under_way (another's), put_off (nobody's for now)
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 'yours'
end
local holder = redis.call('GET', KEYS[1])
if holder == '' then
  return 'put_off'
end
if holder ~= ARGV[1] then
  return 'under_way'
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'yours'
