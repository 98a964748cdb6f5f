-- Counts the TLS greetings that get no handshake because of the name in them. nginx refuses those by itself, before
-- there is a request: without this they would be in no log and no metric. It only counts; nginx decides.

local clienthello = require("ngx.ssl.clienthello")
local counters = require("postledger.counters")

local _M = {}

local find, gsub, lower, match, sub = string.find, string.gsub, string.lower, string.match, string.sub

local ours, has_address = {}, false

-- As script/edge-config writes them: one a line, in lower case, "*.example" for all names below it.
function _M.load()
    ours, has_address = {}, false
    for name in io.lines(ngx.config.prefix() .. "conf/runtime/names") do
        ours[name] = true
        has_address = has_address or match(name, "^[%d.]+$") ~= nil or find(name, ":", 1, true) ~= nil
    end
end

local function is_ours(name)
    if ours[name] then return true end
    local dot = find(name, ".", 2, true)
    while dot do
        if ours["*" .. sub(name, dot)] then return true end
        dot = find(name, ".", dot + 1, true)
    end
    return false
end

-- Why a greeting with this name, nil for none, is refused; nil when it is not.
function _M.reason(name)
    if not name then return not has_address and "no_name" or nil end
    return not is_ours(lower((gsub(name, "%.$", "")))) and "unknown_name" or nil
end

-- Phase ssl_client_hello, for each new connection.
function _M.look()
    local reason = _M.reason((clienthello.get_client_hello_server_name()))
    if reason then counters.count("greetings|" .. reason) end
end

return _M
