-- What Prometheus reads of the edge: the shared sums as text. Every series of a known source, and of every failure of
-- ours, is there from the start, at zero, or its first increase would never be seen.

local counters = require("postledger.counters")
local policy = require("postledger.policy")
local validity = require("postledger.validity")

local _M = {}

local concat, sort = table.concat, table.sort
local format, match = string.format, string.match

local shared = ngx.shared.postledger_metrics

local REASONS = {
    "client_certificate", "ip_not_allowed", "malformed", "method_not_allowed", "not_found", "payload_too_large",
    "rate_limited", "timeout", "unavailable",
}
local OBSERVED_REASONS = { "client_certificate", "ip_not_allowed", "rate_limited" }
local FAILURES = { 500, 502, 503, 504 }
local ROUTES = { "click", "dialect", "healthz", "other", "postback", "sandbox", "schemas" }

local function head(lines, name, kind, help)
    lines[#lines + 1] = format("# HELP %s %s\n# TYPE %s %s", name, help, name, kind)
end

-- All series of a family, by their two labels: those that were counted, and those that are known beforehand.
local function collect(prefix, zeros)
    local found = zeros
    for _, key in ipairs(shared:get_keys(0)) do
        local first, second = match(key, "^" .. prefix .. "|([^|]+)|([^|]+)$")
        if first then found[first .. "|" .. second] = shared:get(key) or 0 end
    end
    return found
end

local function write_family(lines, name, help, labels, series)
    head(lines, name, "counter", help)
    local written = {}
    for key, value in pairs(series) do
        local first, second = match(key, "^([^|]+)|(.+)$")
        written[#written + 1] = format('%s{%s="%s",%s="%s"} %d', name, labels[1], first, labels[2], second, value)
    end
    sort(written)
    lines[#lines + 1] = #written > 0 and concat(written, "\n") or nil
end

local function zeros(reasons)
    local series = {}
    local current = policy.current()
    for slug in pairs(current and current.sources or {}) do
        for _, reason in ipairs(reasons) do series[slug .. "|" .. reason] = 0 end
    end
    return series
end

local function write_refusals(lines)
    local series = zeros(REASONS)
    for _, reason in ipairs(REASONS) do series["unknown|" .. reason] = 0 end
    write_family(lines, "postledger_edge_refusals_total", "Requests that the edge refused by itself.",
        { "source", "reason" }, collect("refusals", series))
    write_family(lines, "postledger_edge_observed_total", "Requests that it would have refused but for observe mode.",
        { "source", "reason" }, collect("observed", zeros(OBSERVED_REASONS)))
end

local function write_requests(lines)
    local series = {}
    for _, route in ipairs(ROUTES) do
        for _, status in ipairs(FAILURES) do series[route .. "|" .. status] = 0 end
    end
    write_family(lines, "postledger_edge_requests_total", "Requests that the edge has answered.", { "route", "status" },
        collect("requests", series))
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
    head(lines, name, "histogram", "From the first byte of a request to the last of its answer.")
    for _, route in ipairs(ROUTES) do write_histogram(lines, name, route) end
end

-- Mean times are enough here: how they are spread is known of the whole, and of the backend by itself.
local function write_upstreams(lines)
    local name = "postledger_edge_upstream_duration_seconds"
    head(lines, name, "summary", "How much of a request's time the backend took, where it answered.")
    for _, route in ipairs(ROUTES) do
        local key = "upstreams|" .. route
        lines[#lines + 1] = format('%s_count{route="%s"} %d', name, route, shared:get(key .. "|count") or 0)
        lines[#lines + 1] = format('%s_sum{route="%s"} %.3f', name, route, shared:get(key .. "|sum") or 0)
    end
end

local function write_handshakes(lines)
    local series = {}
    for _, version in ipairs({ "TLSv1.2", "TLSv1.3" }) do
        series[version .. "|full"], series[version .. "|resumed"] = 0, 0
    end
    write_family(lines, "postledger_edge_tls_connections_total", "TLS connections on which a request came.",
        { "version", "handshake" }, collect("tls", series))
end

local function write_value(lines, name, kind, help, value, labels)
    head(lines, name, kind, help)
    local text = value == math.huge and "+Inf" or format("%.14g", value)
    lines[#lines + 1] = name .. (labels or "") .. " " .. text
end

local function write_policy(lines)
    local current = policy.current()
    write_value(lines, "postledger_edge_policy_age_seconds", "gauge",
        "Since the backend last said that the policy in force is its own.", policy.age_s(ngx.now()))
    write_value(lines, "postledger_edge_policy_version", "gauge", "Version of the policy in force.",
        current and current.version or 0)
    write_value(lines, "postledger_edge_policy_refused_total", "counter", "Snapshots that were refused.",
        shared:get("policy_refused") or 0)
end

local function write_certificates(lines)
    local name = "postledger_edge_certificate_expiry_timestamp_seconds"
    head(lines, name, "gauge", "End of the certificate that is in use, in unix seconds.")
    for kind, end_s in pairs(validity.ends()) do
        lines[#lines + 1] = format('%s{certificate="%s"} %d', name, kind, end_s)
    end
end

local function write_dictionaries(lines)
    local name = "postledger_edge_dictionary_evictions_total"
    head(lines, name, "counter", "Entries that a full dictionary pushed out before their time, or did not take.")
    for _, dictionary in ipairs({ "metrics", "quota" }) do
        local value = shared:get("evictions|" .. dictionary) or 0
        lines[#lines + 1] = format('%s{dictionary="%s"} %d', name, dictionary, value)
    end
end

local function write_connections(lines)
    head(lines, "postledger_edge_connections", "gauge", "Client connections at this moment, by what they do.")
    for _, state in ipairs({ "reading", "writing", "waiting" }) do
        local value = ngx.var["connections_" .. state]
        lines[#lines + 1] = format('postledger_edge_connections{state="%s"} %d', state, value)
    end
end

-- Phase content of the ops listener's /metrics.
function _M.serve()
    counters.flush()    -- at least what this worker knows; the others are a second behind at most
    local lines = {}
    write_requests(lines)
    write_refusals(lines)
    write_durations(lines)
    write_upstreams(lines)
    write_handshakes(lines)
    write_policy(lines)
    write_certificates(lines)
    write_dictionaries(lines)
    write_connections(lines)
    ngx.print(concat(lines, "\n"), "\n")
end

return _M
