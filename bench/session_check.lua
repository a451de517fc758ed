-- A session check as one writes it for nginx: hash the cookie, GET the session from Redis over a pooled
-- cosocket, compare, tell the upstream who is there. Knows one format, which bench/session.py writes.

local ffi = require "ffi"

ffi.cdef "unsigned char *SHA256(const unsigned char *data, size_t length, unsigned char *digest);"

local DIGEST_BYTES = 32
local TIMEOUT_MS = 500
local IDLE_MS = 60000
local MOST_IDLE = 128
local FIELDS = "^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)$"

local digest = ffi.new("unsigned char[?]", DIGEST_BYTES)

local check = {}

-- The value at a key, nil where nothing stands; nil and false when the store did not answer.
local function get(key)
  local socket = ngx.socket.tcp()
  socket:settimeout(TIMEOUT_MS)
  if not socket:connect(check.store) then
    return nil, false
  end
  socket:send({ "*2\r\n$3\r\nGET\r\n$", #key, "\r\n", key, "\r\n" })
  local head = socket:receive()
  local size = head and tonumber(head:match("^%$(%-?%d+)$"))
  if not size then
    socket:close()
    return nil, false
  end
  local value
  if size >= 0 then
    value = socket:receive(size + 2)
    if not value then
      socket:close()
      return nil, false
    end
    value = value:sub(1, size)
  end
  socket:setkeepalive(IDLE_MS, MOST_IDLE)
  return value, true
end

function check.run()
  local cookie = ngx.var.cookie_outerward
  if not cookie then
    return ngx.exit(401)
  end
  ffi.C.SHA256(cookie, #cookie, digest)
  local hash = ngx.encode_base64(ffi.string(digest, DIGEST_BYTES))
  local value, answered = get("bench:" .. hash)
  if not answered then
    return ngx.exit(503)
  end
  if not value then
    return ngx.exit(401)
  end
  local owner, expires_at, user, email, username, session = value:match(FIELDS)
  if owner ~= hash or ngx.now() * 1000 >= tonumber(expires_at) then
    return ngx.exit(401)
  end
  ngx.req.set_header("X-Forwarded-User", user)
  ngx.req.set_header("X-Forwarded-Email", email)
  ngx.req.set_header("X-Forwarded-Preferred-Username", username)
  ngx.req.set_header("X-Outerward-Session", session)
end

return check
