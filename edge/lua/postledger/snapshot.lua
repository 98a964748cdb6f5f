-- The policy as text becomes the policy as tables, or is refused as a whole: half a policy would let strangers in.
-- What is said of a refused one comes from a closed list, because the text may be anybody's.

local allowlist = require("postledger.allowlist")
local json = require("cjson.safe")
local routes = require("postledger.routes")

local _M = {}

local floor = math.floor
local match, rep = string.match, string.rep

local MOST_PER_SECOND = 1000000    -- as the configuration's reader has it
local MODES = { enforce = true, observe = true }

local function is_whole(value, least, most)
    return type(value) == "number" and value >= least and value <= most and floor(value) == value
end

-- cjson makes a table of a list and of an object alike; a list has nothing but 1..n.
local function is_list(value)
    if type(value) ~= "table" then return false end
    local count = 0
    for _ in pairs(value) do count = count + 1 end
    return count == #value
end

local function read_certificates(value)
    if value == nil or value == json.null then return true, nil end
    if type(value) ~= "string" or not match(value, "%-%-%-%-%-BEGIN CERTIFICATE%-%-%-%-%-") then return false end
    return true, value
end

-- A list of texts that the pattern fits, empty where there is none.
local function read_texts(value, pattern)
    if value == nil then return {} end
    if not is_list(value) then return nil end
    for _, text in ipairs(value) do
        if type(text) ~= "string" or not match(text, pattern) then return nil end
    end
    return value
end

local function compile_source(entry, breathe)
    if type(entry) ~= "table" then return nil, "entry" end
    local slug = entry.slug
    if type(slug) ~= "string" or #slug > 40 or not match(slug, "^[a-z0-9-]+$") then return nil, "slug" end
    if not is_whole(entry.rate, 1, MOST_PER_SECOND) then return nil, "rate" end
    if not is_whole(entry.burst, 0, MOST_PER_SECOND) then return nil, "burst" end
    if not MODES[entry.mode] then return nil, "mode" end
    if not is_list(entry.allow) then return nil, "allow" end
    local allow = allowlist.compile(entry.allow, breathe)
    if not allow then return nil, "allow" end
    local readable, client_ca = read_certificates(entry.client_ca)
    if not readable then return nil, "client_ca" end
    local paths = read_texts(entry.paths, "^/[%w._~/{}-]*$")
    if not paths then return nil, "paths" end
    local hosts = read_texts(entry.hosts, "^[a-z0-9.-]+$")
    if not hosts then return nil, "hosts" end
    local keys = read_texts(entry.keys, "^" .. rep("%x", 40) .. "$")
    if not keys then return nil, "keys" end

    return {
        slug = slug, rate = entry.rate, burst = entry.burst, observes = entry.mode == "observe",
        allow = allow, client_ca = client_ca, paths = paths, hosts = hosts, keys = keys,
        any_key = entry.any_key == true,
    }
end

-- The limits of clicks by the campaign's slug, none where a backend of the previous release names none; or nil and the
-- fault.
local function read_campaigns(listed)
    if listed == nil then return {} end
    if not is_list(listed) then return nil, "campaigns" end
    local campaigns = {}
    for _, entry in ipairs(listed) do
        if type(entry) ~= "table" or type(entry.slug) ~= "string" then return nil, "campaigns" end
        if not is_whole(entry.click_rate, 1, MOST_PER_SECOND) then return nil, "click_rate" end
        if not is_whole(entry.click_burst, 0, MOST_PER_SECOND) then return nil, "click_burst" end
        campaigns[entry.slug] = { rate = entry.click_rate, burst = entry.click_burst }
    end
    return campaigns
end

-- The sources by slug and the version; or nil and the fault: "json", "version", "empty", "repeated", or the faulty key.
-- `breathe` is called over and over while allowlists are compiled, for who has more to do.
function _M.compile(text, breathe)
    local read = json.decode(text)
    if type(read) ~= "table" then return nil, "json" end
    if not is_whole(read.version, 0, 2 ^ 53) then return nil, "version" end
    if not is_list(read.sources) then return nil, "sources" end
    -- Nobody runs an edge for no source at all; a backend before an emptied database would say so.
    if #read.sources == 0 then return nil, "empty" end

    -- Without a salt, as a backend of the previous release has it, there are no keys either.
    if read.salt ~= nil and (type(read.salt) ~= "string" or not match(read.salt, "^%x%x+$")) then return nil, "salt" end

    local sources, wants_certificates = {}, false
    for _, entry in ipairs(read.sources) do
        local source, fault = compile_source(entry, breathe)
        if not source then return nil, fault end
        if sources[source.slug] then return nil, "repeated" end
        sources[source.slug] = source
        wants_certificates = wants_certificates or source.client_ca ~= nil
    end
    local campaigns, fault = read_campaigns(read.campaigns)
    if not campaigns then return nil, fault end
    return {
        version = read.version, sources = sources, campaigns = campaigns,
        routes = routes.compile(sources, read.salt or ""), wants_certificates = wants_certificates,
    }
end

return _M
