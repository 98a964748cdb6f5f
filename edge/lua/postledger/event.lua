-- The last moment of a request: what the log line needs and nginx cannot say, and the counting.
-- Everything that goes into the line from here is of our own making: it is written without escaping.

local address = require("postledger.address")
local counters = require("postledger.counters")
local parameters = require("postledger.parameters")
local policy = require("postledger.policy")
local query = require("postledger.query")
local receipt = require("postledger.receipt")
local routes = require("postledger.routes")
local source = require("postledger.source")

local _M = {}

local byte, format, match, sub = string.byte, string.format, string.match, string.sub

local ROUTES = { postback = true, sandbox = true, click = true, healthz = true, dialect = true, schemas = true }
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

local function count(var, route)
    counters.observe(route, STATUSES[ngx.status] or "other", tonumber(var.request_time) or 0)
    local upstream_s = tonumber(var.upstream_response_time)
    if upstream_s then counters.observe_upstream(route, upstream_s) end
    if var.connection_requests == "1" then count_handshake(var) end
    local reason = var.edge_reason
    if reason and reason ~= "" then
        local slug = var.source
        if not slug or slug == "" then slug = "unknown" end
        counters.count("refusals|" .. slug .. "|" .. reason)
    end
    if ngx.worker.exiting() then counters.flush() end    -- there is no later
end

-- Route and source of a request that never came to its location, by its first line, as far as that goes.
local function read_line(var)
    local target, current = match(var.request or "", "^%S+ (%S+)"), policy.current()
    if not target or not current then return end

    local path = query.split(target)
    local _, slug = source.slug(target, path)
    if slug and current.sources[slug] then
        var.source = slug
    elseif not slug then
        slug = routes.find(current.routes, var.host, path)
        if slug then var.route, var.source = "dialect", slug end
    end
end

-- Phase log. What operators ask is logged and not counted.
function _M.write()
    local var = ngx.var
    -- A request that ended while it was read never came to the rewrite phase.
    if (var.receipt or "") == "" then var.receipt = receipt.of_request() end

    local target = var.request_uri
    if target then
        local _, arguments = query.split(target)
        var.known_parameters = parameters.known_names(arguments)
    end
    if TRUNCATES then var.logged_network = network(address.plain(var.binary_remote_addr)) end

    local route = var.route
    if (route or "") == "" then
        read_line(var)
        route = var.logged_route
    end
    if route ~= "ops" then count(var, ROUTES[route] and route or "other") end
end

return _M
