-- Which source answers on a path that is not one of ours, as a tracker had it whose addresses are still in use? By its
-- host name, by the key in the path, or because nobody else claims it. Where two do, nobody: `apply` refuses that.

local query = require("postledger.query")

local _M = {}

local byte, char, find, gsub, hmac, match, sub =
    string.byte, string.char, string.find, string.gsub, ngx.hmac_sha1, string.match, string.sub

local SLASH = byte("/")
local ANY_KEY = ""    -- no digest is empty

local function byte_of(hex)
    return char(tonumber(hex, 16))
end

local function bytes_of(hex)
    return (gsub(hex, "%x%x", byte_of))
end

-- `entries` holds by path, or by a key's digest, the slug for each host name and the one for all others; `false` is
-- nobody's.
local function claim(entries, name, hosts, slug)
    local entry = entries[name]
    if not entry then
        entry = { hosts = {} }
        entries[name] = entry
    end
    if #hosts == 0 then
        entry.others = entry.others == nil and slug
        return
    end
    for _, host in ipairs(hosts) do
        entry.hosts[host] = entry.hosts[host] == nil and slug
    end
end

local function find_keyed(index, before, after)
    for _, keyed in ipairs(index.keyed) do
        if keyed.before == before and keyed.after == after then return keyed end
    end
    local keyed = { before = before, after = after, entries = {} }
    index.keyed[#index.keyed + 1] = keyed
    return keyed
end

-- An index of what the sources claim: each has `paths`, `hosts` and `keys` (HMAC-SHA1 under the salt, both in hex).
-- With `any_key` it is asked whenever a key is nobody's: nobody knows what its own are, and 404 would be final.
function _M.compile(sources, salt)
    local index = { exact = {}, keyed = {}, salt = bytes_of(salt) }
    for slug, source in pairs(sources) do
        for _, listed in ipairs(source.paths) do
            local path = query.without_last_slash(listed)
            local before, after = match(path, "^(.-){key}(.*)$")
            if not before then
                claim(index.exact, path, source.hosts, slug)
            else
                local keyed = find_keyed(index, before, after)
                for _, key in ipairs(source.keys) do
                    claim(keyed.entries, bytes_of(key), source.hosts, slug)
                end
                if source.any_key then claim(keyed.entries, ANY_KEY, source.hosts, slug) end
            end
        end
    end
    return index
end

local function choose(entry, host)
    if not entry then return nil end
    local own = entry.hosts[host]
    if own == nil then own = entry.others end
    return own or nil
end

-- What stands in the path where the key would, or nil.
local function key_in(path, before, after)
    if #path <= #before + #after or sub(path, 1, #before) ~= before then return nil end
    if after ~= "" and sub(path, -#after) ~= after then return nil end
    local key = sub(path, #before + 1, #path - #after)
    return not find(key, "/", 1, true) and key or nil
end

-- The slug of the source that answers on this path under this host name, or nil. A key is looked up by its digest, so
-- that the time taken says nothing of how much of it was right; the backend compares it then.
function _M.find(index, host, path)
    if byte(path) ~= SLASH or sub(path, 1, 9) == "/internal" then return nil end
    path = query.without_last_slash(path)
    local slug = choose(index.exact[path], host)
    if slug then return slug end

    local unknown
    for _, keyed in ipairs(index.keyed) do
        local key = key_in(path, keyed.before, keyed.after)
        slug = key and choose(keyed.entries[hmac(index.salt, key)], host)
        if slug then return slug end
        unknown = unknown or key and choose(keyed.entries[ANY_KEY], host)
    end
    return unknown or nil
end

return _M
