-- Keeps the policy in step with the backend's: one worker asks every second and puts in force what is new and good.
-- Whatever goes wrong, the policy that is in force stays.

local backend = require("postledger.backend")
local counters = require("postledger.counters")
local disk = require("postledger.disk")
local policy = require("postledger.policy")

local _M = {}

local match = string.match

local EVERY_S = 1
-- The backend's processes learn of a change one after the other, and any of them may answer: an older version is taken
-- only when nobody has known the newer one for this long, as after a restore of the ledger.
local STRAGGLER_S = 10

local etag = nil
local asking = false
local complaint = nil
local unsaved = nil    -- the text in force, until it is on the disk too

-- Once for each new trouble, not once a second.
local function complain(words)
    if words ~= complaint and words then
        local then_what = policy.current() and "the last good one stays" or "there is none, and everything is refused"
        ngx.log(ngx.ERR, "policy: ", words, "; ", then_what)
    end
    if complaint and not words then ngx.log(ngx.NOTICE, "policy: in step with the backend again") end
    complaint = words
end

local function is_straggler(answer, now_s)
    local version, known = tonumber(match(answer.etag or "", "%d+")), tonumber(match(etag or "", "%d+"))
    return version and known and version < known and policy.age_s(now_s) < STRAGGLER_S
end

-- A disk that is full now may not be so later, and nobody would bring the text a second time.
local function save(now_s)
    if unsaved and disk.save(unsaved, now_s) then unsaved = nil end
    complain(unsaved and "its copy could not be written to the disk" or nil)
end

local function take(answer, now_s)
    local installed, fault = policy.install(answer.text)
    if not installed then
        counters.count("policy_refused")
        policy.stand_by()
        return complain("a snapshot was refused: " .. fault)
    end
    etag = answer.etag
    policy.confirm(now_s)
    unsaved = answer.text
    save(now_s)
end

local function ask()
    local answer, failure = backend.get_policy(etag)
    local now_s = ngx.now()
    if not answer then return complain("the backend gave " .. failure) end

    if answer.status == 304 then
        policy.confirm(now_s)
        save(now_s)
    elseif answer.status ~= 200 then
        complain("the backend answered " .. answer.status)
    elseif not is_straggler(answer, now_s) then
        take(answer, now_s)
    end
end

-- Slower than the interval: wait for the answer instead of asking a second time.
local function tick(is_ending)
    if is_ending or asking then return end
    asking = true
    local done, failure = pcall(ask)
    asking = false
    if not done then ngx.log(ngx.ERR, "policy: ", failure) end
end

-- From the copy on disk, before there are workers. After a reload the dictionary still has the policy.
function _M.load()
    if policy.current() then return end
    local text, at_s = disk.load()
    if not text then return end

    local installed, fault = policy.install(text, true)
    if installed then
        policy.confirm(at_s)
    else
        counters.count_in_master("policy_refused")
        ngx.log(ngx.ERR, "policy: the copy on disk was refused: ", fault)
    end
end

-- By one worker for all; nginx gives its number to the successor when it dies.
function _M.start()
    if ngx.worker.id() ~= 0 then return end
    ngx.timer.at(0, tick)
    ngx.timer.every(EVERY_S, tick)
end

return _M
