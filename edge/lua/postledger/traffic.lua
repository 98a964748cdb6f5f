-- What Prometheus is told of the senders: what they asked, what was refused, how long it took. Every series of a known
-- source, and of every failure of ours, is there from the start, at zero, or its first increase would never be seen.

local counters = require("postledger.counters")
local policy = require("postledger.policy")
local pressure = require("postledger.pressure")
local series = require("postledger.series")
local source = require("postledger.source")

local _M = {}

local format = string.format

local shared = ngx.shared.postledger_metrics

local REASONS = {
    "client_certificate", "ip_not_allowed", "malformed", "method_not_allowed", "not_found", "payload_too_large",
    "rate_limited", "timeout", "unavailable",
}
local OBSERVED_REASONS = { "client_certificate", "ip_not_allowed", "rate_limited" }
local FAILURES = { 500, 502, 503, 504 }
local ROUTES = { "click", "dialect", "healthz", "other", "page", "postback", "receipts", "sandbox", "schemas" }

local function add_zeros(zeros, firsts, seconds)
    for _, first in ipairs(firsts) do
        for _, second in ipairs(seconds) do zeros[first .. "|" .. second] = 0 end
    end
    return zeros
end

local function known_slugs()
    local current = policy.current()
    local slugs = {}
    for slug in pairs(current and current.sources or {}) do
        if slug ~= source.SELFTEST then slugs[#slugs + 1] = slug end
    end
    return slugs
end

local function write_refusals(lines)
    local slugs = known_slugs()
    local observed = series.collect("observed", add_zeros({}, slugs, OBSERVED_REASONS))
    slugs[#slugs + 1] = "unknown"
    local refused = series.collect("refusals", add_zeros({}, slugs, REASONS))
    series.write_counters(lines, "postledger_edge_refusals_total", "Requests that the edge refused by itself.",
        { "source", "reason" }, refused)
    series.write_counters(lines, "postledger_edge_observed_total",
        "Requests that it would have refused but for observe mode.", { "source", "reason" }, observed)
end

local function write_pressure(lines)
    series.write_labelled(lines, "postledger_edge_quota_used_ratio", "gauge",
        "How much of its burst the address that came nearest to the quota had used, in this minute and the last.",
        "source", known_slugs(), pressure.of)
end

local function write_requests(lines)
    series.write_counters(lines, "postledger_edge_requests_total", "Requests that the edge has answered.",
        { "route", "status" }, series.collect("requests", add_zeros({}, ROUTES, FAILURES)))
end

local function write_histogram(lines, name, route)
    local total = 0
    for index = 1, #counters.BUCKETS_S + 1 do
        total = total + (shared:get("durations|" .. route .. "|" .. index) or 0)
        local upper = counters.BUCKETS_S[index] or "+Inf"
        lines[#lines + 1] = format('%s_bucket{route="%s",le="%s"} %d', name, route, upper, total)
    end
    lines[#lines + 1] = format('%s_count{route="%s"} %d', name, route, total)
    lines[#lines + 1] = format('%s_sum{route="%s"} %.3f', name, route, shared:get("durations|" .. route .. "|sum") or 0)
end

local function write_durations(lines)
    local name = "postledger_edge_request_duration_seconds"
    series.head(lines, name, "histogram", "From the first byte of a request to the last of its answer.")
    for _, route in ipairs(ROUTES) do write_histogram(lines, name, route) end
end

-- Mean times are enough here: how they are spread is known of the whole, and of the backend by itself.
local function write_upstreams(lines)
    local name = "postledger_edge_upstream_duration_seconds"
    series.head(lines, name, "summary", "How much of a request's time the backend took, where it answered.")
    for _, route in ipairs(ROUTES) do
        local key = "upstreams|" .. route
        lines[#lines + 1] = format('%s_count{route="%s"} %d', name, route, shared:get(key .. "|count") or 0)
        lines[#lines + 1] = format('%s_sum{route="%s"} %.3f', name, route, shared:get(key .. "|sum") or 0)
    end
end

local function write_handshakes(lines)
    local zeros = add_zeros({}, { "TLSv1.2", "TLSv1.3" }, { "full", "resumed" })
    series.write_counters(lines, "postledger_edge_tls_connections_total", "TLS connections on which a request came.",
        { "version", "handshake" }, series.collect("tls", zeros))
end

local function write_greetings(lines)
    series.write_labelled(lines, "postledger_edge_tls_refused_total", "counter",
        "TLS greetings that got no handshake, by what was wrong with their name.", "reason",
        { "no_name", "unknown_name" }, function(reason) return shared:get("greetings|" .. reason) or 0 end)
end

function _M.write(lines)
    write_requests(lines)
    write_refusals(lines)
    write_pressure(lines)
    write_durations(lines)
    write_upstreams(lines)
    write_handshakes(lines)
    write_greetings(lines)
end

return _M
