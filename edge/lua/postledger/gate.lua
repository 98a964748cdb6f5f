-- Who may come in: the one decision that the edge makes before the backend is asked. First who, then how fast, so that
-- a stranger never uses up a quota.

local address = require("postledger.address")
local allowlist = require("postledger.allowlist")
local certificate = require("postledger.certificate")
local clicks = require("postledger.clicks")
local counters = require("postledger.counters")
local entry = require("postledger.entry")
local fields = require("postledger.fields")
local pace = require("postledger.pace")
local policy = require("postledger.policy")
local pressure = require("postledger.pressure")
local quota = require("postledger.quota")
local routes = require("postledger.routes")
local source = require("postledger.source")

local _M = {}

local find, refuse = string.find, pace.refuse
local pass_on, receive = entry.pass_on, entry.receive
local UNREADABLE = "[^\33\34\36-\126\128-\255]"    -- as in snippets/readable.conf; a path of a source is ASCII

local numbers = ngx.shared.postledger_quota

-- The answers themselves are in snippets/refusals.conf, one place for each status.
local STATUS = { ip_not_allowed = 403, client_certificate = 495, rate_limited = 429 }

local function take_quota(one, bytes)
    local passes, wait_s, trouble, used_ratio = quota.take(numbers, one.slug, bytes, one.rate, one.burst, ngx.now())
    if used_ratio then pressure.note(one.slug, used_ratio) end
    if trouble == "evicted" then
        counters.count("evictions|quota")
    elseif trouble then
        counters.count("evictions|quota")
        ngx.log(ngx.ERR, "quota: the dictionary took no more: ", trouble)
    end
    return passes, wait_s
end

-- The first reason against the request, or nil; and how long to wait where waiting helps.
local function refusal_of(one, bytes)
    if not allowlist.allows(one.allow, bytes) then return "ip_not_allowed" end
    if one.client_ca and not certificate.is_from(one.client_ca) then return "client_certificate" end

    local passes, wait_s = take_quota(one, bytes)
    if not passes then return "rate_limited", wait_s end
end

-- In observe mode every reason is noted, not only the first: the list is what the operator would have to mend.
local function observe(one, bytes)
    local reasons = {}
    if not allowlist.allows(one.allow, bytes) then reasons[#reasons + 1] = "ip_not_allowed" end
    if one.client_ca and not certificate.is_from(one.client_ca) then reasons[#reasons + 1] = "client_certificate" end
    if not take_quota(one, bytes) then reasons[#reasons + 1] = "rate_limited" end
    for _, reason in ipairs(reasons) do counters.count("observed|" .. one.slug .. "|" .. reason) end
    ngx.var.observed = table.concat(reasons, ",")
end

-- Phase access of the routes that belong to nobody: the backend must see the path that nginx judged.
function _M.require_plain_path()
    local var = ngx.var
    local path, arguments = receive(var)
    if not source.slug(path, arguments, var.uri) then return refuse(var, 404) end
    if not fields.are_readable() then return refuse(var, 400) end
    return pass_on(policy.current())
end

-- Phase access of a click link. It may hold any bytes: the backend gets the path that nginx judged, and the query.
function _M.admit_click()
    local var = ngx.var
    local path, arguments = receive(var)
    if not clicks.is_plain(path, var.uri) then return ngx.exit(404) end

    local current = policy.current()
    if ngx.req.get_method() == "GET" and clicks.is_over_rate(current, var.uri, var.binary_remote_addr) then
        pace.click(var)
    end
    var.click_target = clicks.target(var.uri, arguments)
    return pass_on(current, "@farewell_click")
end

-- May this source be spoken for by this client? Ends the request where it may not. By a copy from the disk that is not
-- for the edge alone to say: the backend judges only if its own policy has that version.
local function judge(current, one, var)
    var.source = one.slug
    if current.copy_of then var.edge_policy = current.copy_of end
    local bytes = address.plain(var.binary_remote_addr)
    if one.observes then return observe(one, bytes) end
    local reason, wait_s = refusal_of(one, bytes)
    if wait_s then var.edge_retry_after = wait_s end
    if reason then return refuse(var, STATUS[reason]) end
end

-- Phase access of the routes that belong to a source.
function _M.admit()
    local var = ngx.var
    local path, arguments = receive(var)
    local is_plain, slug = source.slug(path, arguments, var.uri)
    if not is_plain then return refuse(var, 404) end
    if not fields.are_readable() then return refuse(var, 400) end

    local current = policy.current()
    if not current then return ngx.exit(503) end
    local one = slug and current.sources[slug]
    if one then
        judge(current, one, var)
    else    -- the backend refuses it, with a row in the audit, until its list is here; no quota counts it
        var.edge_policy = "none"
        pace.body(var)
    end
    return pass_on(current)
end

-- Phase access of every other path: 404, unless a source has it for its own. Only then is it looked at whether the
-- backend could read the request, as snippets/readable.conf does for the other routes.
function _M.admit_dialect()
    local var = ngx.var
    local path = receive(var)
    local current = policy.current()
    if not current then return ngx.exit(503) end    -- whether this path is somebody's is not known
    local slug = path == var.uri and routes.find(current.routes, var.host, path)
    if not slug then return refuse(var, 404) end

    var.route = "dialect"
    if var.logged_method == "other" then return refuse(var, 405) end
    if find(var.request_uri, UNREADABLE) or not fields.are_readable() then return refuse(var, 400) end
    judge(current, current.sources[slug], var)
    return pass_on(current)
end

return _M
