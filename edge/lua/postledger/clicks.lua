-- How many clicks of a campaign one client network may have recorded, and what is passed on of a click link. A visitor
-- is never refused: a click over the rate is marked, and the backend redirects it without recording it.

local address = require("postledger.address")
local counters = require("postledger.counters")
local query = require("postledger.query")
local quota = require("postledger.quota")

local _M = {}

local byte, format, gsub, sub = string.byte, string.format, string.gsub, string.sub

local numbers = ngx.shared.postledger_click_quota

local PREFIX = "/click/"
local NOT_OF_PATH = "[^%w._~/-]"
local UNREADABLE = "[^\33\34\36-\126]"    -- stricter than snippets/readable.conf: all else is escaped here

-- Every campaign that the policy here does not have, together: a path is a sender's text, and must not fill the
-- dictionary.
local UNKNOWN, DEFAULTS = "?", { rate = 20, burst = 100 }

-- Whether nginx came to this path without taking dot segments out. Double slashes and a fragment are slips of the
-- link's author.
function _M.is_plain(path, normalized)
    local sent = query.unescape((gsub(path, "#.*", "")))
    return gsub(sent, "//+", "/") == normalized
end

local function campaign_of(path)
    return sub(query.without_last_slash(path), #PREFIX + 1)
end

-- Whether the client's network has used up what it may record of this campaign. `path` is without escapes. The network
-- is as for the sources' quota: an IPv4 address, or the /64 of an IPv6 address.
function _M.is_over_rate(policy, path, client)
    local slug = campaign_of(path)
    local limits = policy and policy.campaigns[slug]
    local key = limits and slug or UNKNOWN
    limits = limits or DEFAULTS
    local passes, _, trouble = quota.take(numbers, key, address.plain(client), limits.rate, limits.burst, ngx.now())
    if trouble then counters.count("evictions|clicks") end
    return not passes
end

local function escape(letter)
    return format("%%%02X", byte(letter))
end

-- What the backend is asked: the path as nginx has it, without escapes, and the query as it was sent. All that the
-- backend's HTTP parser does not read is percent-encoded.
function _M.target(path, arguments)
    local target = gsub(path, NOT_OF_PATH, escape)
    if arguments == "" then return target end
    return target .. "?" .. gsub(arguments, UNREADABLE, escape)
end

return _M
