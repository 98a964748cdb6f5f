-- What Prometheus is told of the edge itself: how old its policy is, when its certificates end, whether its memory is
-- large enough, and how many connections it holds.

local policy = require("postledger.policy")
local series = require("postledger.series")
local validity = require("postledger.validity")

local _M = {}

local shared = ngx.shared.postledger_metrics

local function write_policy(lines)
    local current = policy.current()
    series.write_value(lines, "postledger_edge_policy_age_seconds", "gauge",
        "Since the backend last said that the policy in force is its own.", policy.age_s(ngx.now()))
    series.write_value(lines, "postledger_edge_policy_version", "gauge", "Version of the policy in force.",
        current and current.version or 0)
    series.write_value(lines, "postledger_edge_policy_refused_total", "counter", "Snapshots that were refused.",
        shared:get("policy_refused") or 0)
end

local function write_certificates(lines)
    local ends, kinds = validity.ends(), {}
    for kind in pairs(ends) do kinds[#kinds + 1] = kind end
    series.write_labelled(lines, "postledger_edge_certificate_expiry_timestamp_seconds", "gauge",
        "End of the certificate that is in use, in unix seconds.", "certificate", kinds,
        function(kind) return ends[kind] end)
end

local function write_dictionaries(lines)
    series.write_labelled(lines, "postledger_edge_dictionary_evictions_total", "counter",
        "Entries that a full dictionary pushed out before their time, or did not take.", "dictionary",
        { "clicks", "metrics", "quota" }, function(name) return shared:get("evictions|" .. name) or 0 end)
end

local function write_connections(lines)
    series.write_labelled(lines, "postledger_edge_connections", "gauge",
        "Client connections at this moment, by what they do.", "state", { "reading", "writing", "waiting" },
        function(state) return ngx.var["connections_" .. state] end)
end

function _M.write(lines)
    write_policy(lines)
    write_certificates(lines)
    write_dictionaries(lines)
    write_connections(lines)
end

return _M
