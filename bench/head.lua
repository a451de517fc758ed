-- The requests of one run. Arguments: the file that holds the head, and "cold" for a head that changes with
-- each request: every @ in the file stands for a number that counts on.

local count = 0
local head
local cold

function init(args)
  local file = assert(io.open(args[1], "rb"))
  head = file:read("*a")
  file:close()
  cold = args[2] == "cold"
  if not cold then
    head = head:gsub("@", "7")
  end
end

function request()
  if not cold then
    return head
  end
  count = count + 1
  return (head:gsub("@", tostring(count)))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "result requests=%d duration_us=%d p50_us=%d p99_us=%d errors=%d\n",
    summary.requests,
    summary.duration,
    latency:percentile(50),
    latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
