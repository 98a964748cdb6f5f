-- Waits for the body of a request, for as long as a body may take, and answers who is slower. nginx's own time-out is
-- between two reads, so that a byte now and then could hold a connection for ever; and when it ends, nginx hangs up
-- without the answer that the sender could learn from.

local _M = {}

local kill, spawn, wait = ngx.thread.kill, ngx.thread.spawn, ngx.thread.wait
local status = coroutine.status

local WITHIN_S = 5    -- less than client_body_timeout, or nginx would be the first to end it, in silence
local TIMED_OUT = 498    -- a number that nginx has no use for: with its own 408 it hangs up; see snippets/refusals.conf

-- OpenResty 1.25.3 refuses to read one in HTTP/2 that does not tell its length; there it is left to nginx.
local function read()
    pcall(ngx.req.read_body)
end

local function expire()
    ngx.sleep(WITHIN_S)
    return TIMED_OUT
end

-- In HTTP/2 a body need not be announced.
local function may_have_body(var)
    return (var.content_length or "") ~= "" or (var.http_transfer_encoding or "") ~= ""
        or var.server_protocol == "HTTP/2.0"
end

-- Whether a request has a body of more bytes than that, or one whose length is not told.
function _M.is_over(var, bytes)
    if ngx.req.get_method() == "GET" or not may_have_body(var) then return false end
    local length = tonumber(var.content_length)
    return not length or length > bytes
end

-- Phase access, when all else is decided. The body that came with its headers is there at once.
function _M.await()
    if ngx.req.get_method() == "GET" or not may_have_body(ngx.var) then return end

    local reader = spawn(read)
    if status(reader) ~= "running" and status(reader) ~= "suspended" then return end
    local clock = spawn(expire)
    local _, outcome = wait(reader, clock)
    if outcome == TIMED_OUT then return ngx.exit(TIMED_OUT) end
    kill(clock)    -- or the phase would last until it has run down
end

return _M
