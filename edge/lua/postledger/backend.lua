-- Requests the policy from the backend's operators' socket. The HTTP request is written by hand, because nginx has no
-- client that a timer could use. It reads only what /internal/policy answers.

local _M = {}

local lower, match = string.lower, string.match

local SOCKET = os.getenv("POSTLEDGER_OPERATORS_SOCKET")
local CONNECT_MS, SEND_MS, READ_MS = 500, 500, 2000
local MOST_BYTES = 8 * 1024 * 1024    -- about 300,000 networks; more is a mistake, and would not fit the dictionary

local NO_SUCH_FILE = 2    -- ENOENT

-- nginx calls it critical, each second anew, to connect to a socket that is not there. To open it as a file fails too,
-- but says in silence which of the two it is.
local function is_there()
    local file, _, error_number = io.open(SOCKET)
    if file then file:close() end
    return error_number ~= NO_SUCH_FILE
end

-- The headers that matter, by lower-case name.
local function read_headers(socket)
    local headers = {}
    while true do
        local line = socket:receive("*l")
        if not line then return nil end
        if line == "" then return headers end
        local name, value = match(line, "^([^:]+):%s*(.-)%s*$")
        if name then headers[lower(name)] = value end
    end
end

local function read_answer(socket)
    local line = socket:receive("*l")
    local status = line and match(line, "^HTTP/1%.[01] (%d%d%d)")
    if not status then return nil, "no answer" end
    local headers = read_headers(socket)
    if not headers then return nil, "half an answer" end
    if status ~= "200" then return { status = tonumber(status) } end

    -- Without a length nobody could tell a whole snapshot from the beginning of one.
    local length = tonumber(headers["content-length"])
    if not length or length > MOST_BYTES then return nil, "an answer without a sane length" end
    local text = socket:receive(length)
    if not text then return nil, "half an answer" end
    return { status = 200, etag = headers["etag"], text = text }
end

-- The answer with status, etag and text; or nil and what was missing. With an etag the answer may be 304.
function _M.get_policy(etag)
    if not is_there() then return nil, "no connection" end

    local socket = ngx.socket.tcp()
    socket:settimeouts(CONNECT_MS, SEND_MS, READ_MS)
    if not socket:connect("unix:" .. SOCKET) then return nil, "no connection" end

    local condition = etag and "If-None-Match: " .. etag .. "\r\n" or ""
    local request = "GET /internal/policy HTTP/1.1\r\nHost: postledger\r\nConnection: close\r\n" .. condition .. "\r\n"
    local answer, failure = nil, "no connection"
    if socket:send(request) then answer, failure = read_answer(socket) end
    socket:close()
    return answer, failure
end

return _M
