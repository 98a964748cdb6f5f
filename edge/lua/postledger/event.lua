-- The last moment of a request: what the log line needs and nginx cannot say, and the counting.
-- Everything that goes into the line from here is of our own making: it is written without escaping.

local address = require("postledger.address")
local counters = require("postledger.counters")
local lost = require("postledger.lost")
local parameters = require("postledger.parameters")
local policy = require("postledger.policy")
local query = require("postledger.query")
local receipt = require("postledger.receipt")
local routes = require("postledger.routes")
local source = require("postledger.source")

local _M = {}

local byte, format, match, sub = string.byte, string.format, string.match, string.sub

local ROUTES = {
    postback = true, click = true, healthz = true, dialect = true, schemas = true, sandbox = true, receipts = true,
    page = true,
}
local NOT_OF_SOURCES = { sandbox = true, receipts = true, page = true }    -- what a partner tries must not alert anyone
local TRUNCATES = os.getenv("POSTLEDGER_LOG_IP") == "truncate"
local STATUSES = {}
for status = 100, 599 do STATUSES[status] = tostring(status) end

-- The network of an address that may not be kept whole: /24, or /48.
local function network(bytes)
    if #bytes == 4 then return format("%d.%d.%d.0", byte(bytes, 1, 3)) end
    if #bytes ~= 16 then return "" end
    local a, b, c, d, e, f = byte(sub(bytes, 1, 6), 1, 6)
    return format("%x:%x:%x::", a * 256 + b, c * 256 + d, e * 256 + f)
end

-- A connection is counted with its first request. Keys as they are, because one glued for each would be made anew.
local HANDSHAKES = {
    ["TLSv1.2"] = { ["."] = "tls|TLSv1.2|full", r = "tls|TLSv1.2|resumed" },
    ["TLSv1.3"] = { ["."] = "tls|TLSv1.3|full", r = "tls|TLSv1.3|resumed" },
}

local function count_handshake(var)
    local kinds = HANDSHAKES[var.ssl_protocol]
    local kind = kinds and kinds[var.ssl_session_reused]
    if kind then counters.count(kind) end
end

local function count_refusal(var, route)
    local reason = var.edge_reason
    if not reason or reason == "" or NOT_OF_SOURCES[route] then return end

    local slug = var.source
    if not slug or slug == "" or slug == source.SELFTEST then slug = "unknown" end
    counters.count("refusals|" .. slug .. "|" .. reason)
end

local function count(var, route)
    local status = ngx.status
    counters.observe(route, STATUSES[status] or "other", ngx.now() - ngx.req.start_time())
    local upstream_s = tonumber(var.logged_upstream_duration)
    if upstream_s then counters.observe_upstream(route, upstream_s) end
    if var.connection_requests == "1" then count_handshake(var) end
    if status >= 300 then
        count_refusal(var, route)
        lost.note(var, route, status)
    end
    if ngx.worker.exiting() then counters.flush() end    -- there is no later
end

-- Route and source of a request that never came to its location, by its first line, as far as that goes.
local function read_line(var)
    local target, current = match(var.request or "", "^%S+ (%S+)"), policy.current()
    if not target or not current then return end

    local path, arguments = query.split(target)
    local _, slug = source.slug(path, arguments, path)
    if slug and current.sources[slug] then
        var.source = slug
    elseif not slug then
        slug = routes.find(current.routes, var.host, path)
        if slug then var.route, var.source = "dialect", slug end
    end
end

-- What the gate gives to every request, for one that never came to it.
local function complete(var)
    if (var.receipt or "") == "" then var.receipt = receipt.of_request() end
    local _, arguments = query.split(var.request_uri or "")
    var.known_parameters = parameters.known_names(arguments)
    if (var.route or "") == "" then read_line(var) end
end

-- Phase log. What operators and people at the console ask is logged and not counted: the numbers are those of senders.
function _M.write()
    local var = ngx.var
    if (var.known_parameters or "") == "" then complete(var) end
    if TRUNCATES then var.logged_network = network(address.plain(var.binary_remote_addr)) end

    local route = var.logged_route
    if route ~= "ops" and route ~= "console" then count(var, ROUTES[route] and route or "other") end
end

return _M
