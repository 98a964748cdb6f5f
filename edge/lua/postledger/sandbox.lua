-- What may come to the sandbox, a process of its own: postbacks that are tried, and what partners look up. It is
-- checked as in production, but counted nowhere: no number of a source may move because its partner tries something.

local address = require("postledger.address")
local allowlist = require("postledger.allowlist")
local certificate = require("postledger.certificate")
local entry = require("postledger.entry")
local fields = require("postledger.fields")
local lost = require("postledger.lost")
local pace = require("postledger.pace")
local policy = require("postledger.policy")
local query = require("postledger.query")
local quota = require("postledger.quota")
local routes = require("postledger.routes")
local sandbox_rate = require("postledger.sandbox_rate")

local _M = {}

local concat, find, format, lower = table.concat, string.find, string.format, string.lower
local match, sub = string.match, string.sub
local pass_on, receive, refuse = entry.pass_on, entry.receive, pace.refuse

local of_production = ngx.shared.postledger_quota
local IS_OFF = os.getenv("POSTLEDGER_SANDBOX") == "off"
local PREFIX, RECEIPTS = "/sandbox", "/receipts/"
local FAREWELL = "@farewell_sandbox"
local TOKEN = "plt_" .. string.rep("[%w_-]", 43)
local STATUS = { ip_not_allowed = 403, client_certificate = 495 }

local function clock() return ngx.now() end

-- The partner token of a request, or nil. Whether it is valid only the sandbox knows, which answers 401 to any other.
local function token_of(var)
    return match(var.http_authorization or "", "^[Bb][Ee][Aa][Rr][Ee][Rr] +(plt_[%w_-]+) *$")
end

-- The path of production that a path of the sandbox stands for; nil if nginx came here by rewriting the path.
local function production_path(path, normalized)
    if path ~= normalized and query.unescape(path) ~= normalized then return nil end
    return query.without_last_slash(sub(normalized, #PREFIX + 1))
end

local function slug_of(path, arguments, kind)
    if path == kind then return query.only(arguments, "source") or "" end
    local start = kind .. "/"
    if sub(path, 1, #start) ~= start then return nil end
    local slug = sub(path, #start + 1)
    return slug ~= "" and not find(slug, "/", 1, true) and slug or nil
end

-- Whether the sandbox has a route for this path, and the source that it belongs to, if that is one of ours. As in
-- production, a path of a source's own is compared as it was sent.
local function find_source(current, path, arguments, var, is_as_sent)
    for _, kind in ipairs({ "/explain", "/reference", "/samples" }) do
        local slug = slug_of(path, "", kind)
        if slug then return true, current.sources[slug] end
    end
    local slug = slug_of(path, arguments, "/postback")
    local one = current.sources[slug or ""]
    if not one and is_as_sent and path ~= "" and path ~= "/click" then    -- which belongs to clicks in production
        one = current.sources[routes.find(current.routes, var.host, path) or ""]
    end
    return slug ~= nil or one ~= nil, one
end

local function unmet(one, var)
    local bytes, reasons = address.plain(var.binary_remote_addr), {}
    if not allowlist.allows(one.allow, bytes) then reasons[#reasons + 1] = "ip_not_allowed" end
    if one.client_ca and not certificate.is_from(one.client_ca) then reasons[#reasons + 1] = "client_certificate" end
    return reasons
end

-- How much of production's burst this address has used, for the explanation. A request to the sandbox uses none of it.
local function quota_used(one, var, now_s)
    local bytes = address.plain(var.binary_remote_addr)
    return format("%.2f", quota.used(of_production, one.slug, bytes, one.rate, one.burst, now_s))
end

-- For a token, what production would refuse is explained and not enforced: a partner tests from any address.
local function judge(current, one, var, token, now_s)
    var.source = one.slug
    var.quota_used = quota_used(one, var, now_s)
    if current.copy_of then var.edge_policy = current.copy_of end
    local reasons = unmet(one, var)
    if #reasons == 0 then return end
    if not token and not one.observes then return refuse(var, STATUS[reasons[1]]) end
    var.observed = concat(reasons, ",")
end

local function limit(var, subject, token, now_s)
    local passes, wait_s = sandbox_rate.take(subject, address.plain(var.binary_remote_addr), token, now_s)
    if passes then return end
    var.edge_retry_after = wait_s
    return refuse(var, 429)
end

-- Phase access of /sandbox/….
function _M.admit()
    local var = ngx.var
    local path, arguments = receive(var)
    local wanted = not IS_OFF and production_path(path, var.uri)
    if not wanted then return refuse(var, 404) end
    if not fields.are_readable() then return refuse(var, 400) end
    local current = policy.current()
    if not current then return ngx.exit(503) end
    local has_route, one = find_source(current, wanted, arguments, var, path == var.uri)
    if not has_route and not find(wanted, TOKEN) then return refuse(var, 404) end    -- the sandbox names a leak one

    local token, now_s = token_of(var), clock()
    if one then judge(current, one, var, token, now_s) else var.edge_policy = "none" end
    limit(var, one and one.slug or "", token, now_s)
    return pass_on(current, FAREWELL)
end

-- Phase access of /receipts/….
function _M.admit_receipt()
    local var = ngx.var
    local path = receive(var)
    if path ~= var.uri then return refuse(var, 404) end
    if not fields.are_readable() then return refuse(var, 400) end
    limit(var, "receipts", token_of(var), clock())
    var.edge_answered = lost.status_of(lower(sub(path, #RECEIPTS + 1))) or ""
    return pass_on(policy.current(), FAREWELL)
end

-- Phase access of the files of the partner page.
function _M.admit_page()
    receive(ngx.var)
    if IS_OFF then return refuse(ngx.var, 404) end
end

-- Phase header filter: the sandbox says that the token of this request is valid.
function _M.learn()
    local var = ngx.var
    local token = var.upstream_http_x_postledger_token == "valid" and token_of(var)
    if token then sandbox_rate.remember(token) end
end

return _M
