-- What nginx gives to Lua, for tests of the shipped modules in a plain interpreter: shared dictionaries, timers, a log,
-- and a clock. Time passes only where a test sets it.

local _M = { log = {}, prefix = "", slept_s = 0 }

local now_s, timers = 0, {}

-- A shared dictionary. `room` limits its entries: then `set` pushes the oldest one out, and `safe_set` stores nothing.
local function new_dictionary(room)
    local values, ends_s, order, dictionary = {}, {}, {}, {}

    local function store(key, value)
        if values[key] == nil then order[#order + 1] = key end
        values[key] = value
    end
    function dictionary.expire(_, key, after_s)
        ends_s[key] = after_s and now_s + after_s
        return true
    end
    local function read(key)
        if now_s < (ends_s[key] or math.huge) then return values[key] end
    end
    function dictionary.get(_, key) return read(key) end
    function dictionary.set(_, key, value, after_s)
        store(key, value)
        dictionary:expire(key, after_s)
        if #order <= room then return true, nil, false end
        values[table.remove(order, 1)] = nil
        return true, nil, true
    end
    function dictionary.safe_set(_, key, value, after_s)
        if values[key] == nil and #order >= room then return nil, "no memory" end
        store(key, value)
        return dictionary:expire(key, after_s)
    end
    function dictionary.incr(_, key, by, first)
        local before = read(key) or first
        if not before then return nil, "not found" end
        store(key, before + by)
        return values[key]
    end
    function dictionary.delete(_, key)
        values[key] = nil
        for index, stored in ipairs(order) do
            if stored == key then table.remove(order, index) end
        end
    end
    function dictionary.limit(_, to) room = to end
    return dictionary
end
_M.new_dictionary = new_dictionary

_G.ngx = {
    ERR = "error", NOTICE = "notice",
    shared = {
        postledger_policy = new_dictionary(math.huge),
        postledger_quota = new_dictionary(math.huge),
        postledger_click_quota = new_dictionary(math.huge),
        postledger_metrics = new_dictionary(math.huge),
    },
    config = { prefix = function() return _M.prefix end },
    worker = { id = function() return 0 end, exiting = function() return false end },
    timer = {
        every = function(_, call) timers[#timers + 1] = call end,
        at = function(_, call, ...)
            local arguments = { ... }
            timers[#timers + 1] = function(is_ending)
                if arguments then call(is_ending, unpack(arguments)) end
                arguments = nil
            end
            return true
        end,
    },
    now = function() return now_s end,
    update_time = function() end,
    thread = {},
    sleep = function(for_s) _M.slept_s = _M.slept_s + for_s end,
    get_phase = function() return "timer" end,
    hmac_sha1 = function() return "" end,
    log = function(level, ...) _M.log[#_M.log + 1] = level .. ": " .. table.concat({ ... }) end,
}

function _M.set_clock(to_s)
    now_s = to_s
end

-- Calls every timer that was started, as nginx does when it is due.
function _M.fire_timers()
    for _, call in ipairs(timers) do call(false) end
end

-- A module as another worker of nginx has it: all variables of its own, the dictionaries shared.
function _M.load_again(name)
    for loaded in pairs(package.loaded) do
        if loaded:find("^postledger%.") then package.loaded[loaded] = nil end
    end
    return require("postledger." .. name)
end

return _M
