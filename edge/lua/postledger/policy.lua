-- The policy in force. Its text lies in a shared dictionary under a serial number; each worker compiles a copy of its
-- own when that number has changed: a request sees one policy from start to end. A second number, "turn", counts all
-- that a worker must take note of, so that asking costs one look-up.

local snapshot = require("postledger.snapshot")

local _M = {}

local format = string.format

local AT_A_TIME = 1000           -- networks read or merged: a few milliseconds
local LONG_BYTES = 100 * 1024    -- some thousands of networks
local LOOK_EVERY_S = 0.25

local shared = ngx.shared.postledger_policy
local compiled, compiled_serial, looked_at_s, seen_turn = nil, nil, nil, nil
local generation = nil    -- of this worker: one more with each reload
local steps = 0

-- `copy_of` is the version of a policy that came from the disk: it may be days old, until the backend has spoken.
-- Of two that were compiled at a time the newer one stays.
local function keep(policy, serial)
    if compiled_serial and serial < compiled_serial then return end
    policy.copy_of = shared:get("copy_serial") == serial and format("%d", policy.version) or nil
    policy.is_handed_over = shared:get("generation") ~= generation
    compiled, compiled_serial = policy, serial
    ngx.update_time()    -- or a quota would be judged by the clock of before
end

-- A hundred thousand networks take half a second: in a timer the worker's requests get their turn meanwhile. They would
-- not after a sleep of nothing, which is over before nginx has looked at its connections.
local function breathe()
    steps = steps + 1
    if steps % AT_A_TIME == 0 then ngx.sleep(0.001) end
end

local function compile(text)
    return snapshot.compile(text, ngx.get_phase() == "timer" and breathe or nil)
end

-- Gone when it was replaced in this very moment; then the next turn brings the newer one.
local function text_of(serial)
    return serial and shared:get("text:" .. serial)
end

local function take(is_ending, serial)
    local text = not is_ending and text_of(serial)
    if text then keep(compile(text), serial) end
end

local function look()
    local turn = shared:get("turn")
    if turn == seen_turn then return end

    seen_turn = turn
    if compiled then compiled.is_handed_over = shared:get("generation") ~= generation end
    local serial = shared:get("serial")
    local text = serial ~= compiled_serial and text_of(serial)
    if not text then return end
    -- A long one is compiled beside the requests, which go by the policy that they had until that is done; at once when
    -- nginx has no timer left: nobody would come back to it.
    local is_taken = compiled and #text > LONG_BYTES and ngx.timer.at(0, take, serial)
    if not is_taken then keep(compile(text), serial) end
end

-- In the master, each time that it reads its configuration: the workers that it starts inherit the number.
function _M.begin()
    generation = (shared:get("generation") or 0) + 1
end

-- In a new worker. nginx gives those that it replaces another tenth of a second before they hang up on whoever is
-- between two requests: time for them to tell the senders.
function _M.take_over()
    shared:set("generation", generation)
    shared:incr("turn", 1, 0)
end

-- The policy that holds now, or nil: nobody may speak when it is not known who may. Looked at once for each round of
-- nginx's events, whose clock stands still meanwhile. Its `is_handed_over` is true when other workers have taken over.
function _M.current()
    local now_s = ngx.now()
    if now_s ~= looked_at_s then
        looked_at_s = now_s
        look()
    end
    return compiled
end

-- In each worker, which nobody may ask for an hour: its next request would be judged by the policy of then, for as long
-- as the new one takes to compile.
function _M.start()
    ngx.timer.every(LOOK_EVERY_S, function (is_ending)
        if not is_ending then _M.current() end
    end)
end

-- Puts a text in force at all workers. Returns true; or nil and the fault, and all stays as it was: the old text is
-- dropped only when the new one is complete, and never to make room for it.
function _M.install(text, is_copy)
    local policy, fault = compile(text)
    if not policy then return nil, fault end

    local old = shared:get("serial") or 0
    if not shared:safe_set("text:" .. old + 1, text) then return nil, "too_large" end
    if is_copy then shared:set("copy_serial", old + 1) end
    shared:set("serial", old + 1)
    shared:incr("turn", 1, 0)
    shared:delete("text:" .. old)
    keep(policy, old + 1)
    return true
end

-- Called when the backend gives out what cannot be taken: a copy from the disk is then the last good one, and no doubt
-- is left that could end.
function _M.stand_by()
    local serial = shared:get("serial")
    if serial and shared:get("copy_serial") == serial then _M.install(shared:get("text:" .. serial)) end
end

-- Called when the backend has said that this policy is still its own (or `at_s` ago, for a copy from the disk).
function _M.confirm(at_s)
    shared:set("confirmed_at_s", at_s)
end

-- How long ago the policy was known to be the backend's; infinite when there is none. Never negative: each worker reads
-- the clock once for each round of events, and the one that has confirmed may be a round ahead.
function _M.age_s(now_s)
    local confirmed_at_s = shared:get("confirmed_at_s")
    return confirmed_at_s and math.max(0, now_s - confirmed_at_s) or math.huge
end

return _M
