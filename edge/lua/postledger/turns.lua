-- How the kernel schedules a worker follows its load, as platform/server/following_load.py does it for the backend. A
-- busy worker is SCHED_BATCH: it does not interrupt what runs when it becomes ready, so turns are longer and cost less.
-- A calm one gains nothing: it would only wait behind programs that compute.

local _M = {}

local clock, now_s, tonumber = os.clock, ngx.now, tonumber

local SETTING = os.getenv("POSTLEDGER_SCHEDULING")
local NORMAL, BATCH = 0, 3
local LOOK_EVERY_S = 1
local BUSY_CORES, CALM_CORES = 0.10, 0.06    -- it has less to do for a request than the backend

-- The class of a worker that has used so much of a core.
function _M.choose(class, cores)
    if cores >= BUSY_CORES then return BATCH end
    if cores < CALM_CORES then return NORMAL end
    return class
end

local function load_scheduler()
    local ffi = require("ffi")
    ffi.cdef([[
        struct postledger_priority { int priority; };
        int sched_setscheduler(int pid, int policy, const struct postledger_priority *param);
        int sched_getscheduler(int pid);
    ]])
    return ffi.C, ffi.new("struct postledger_priority", 0)
end

-- Only where the settings leave it to the load.
function _M.start()
    if SETTING == "batch" or SETTING == "normal" then return end
    local C, none = load_scheduler()
    local at_s, cpu_s = now_s(), clock()
    ngx.timer.every(LOOK_EVERY_S, function ()
        local then_s, used_s = at_s, cpu_s
        at_s, cpu_s = now_s(), clock()
        local class = tonumber(C.sched_getscheduler(0))
        local chosen = _M.choose(class, (cpu_s - used_s) / (at_s - then_s))
        if chosen ~= class then C.sched_setscheduler(0, chosen, none) end
    end)
end

return _M
