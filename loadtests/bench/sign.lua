-- What wrk sends: a postback that no run has sent before, signed as a source would sign it, for every single request.
-- With BENCH_REPEATS_AFTER, an odd number, each second request repeats the one that its thread sent that many requests before, to
-- the byte; it is signed again, so that it costs wrk the same. With BENCH_SOURCES the requests come from that many sources at random.
-- Settings come by the environment, because a command line shows the secret to everybody on the machine.

local ffi = require("ffi")

ffi.cdef([[
    const void *EVP_sha256(void);
    unsigned char *HMAC(const void *digest, const void *key, int key_length,
                        const char *message, size_t length, unsigned char *out, unsigned int *out_length);
]])

-- wrk is linked with OpenSSL; where it was linked statically without HMAC, the shared library is as good.
local crypto = pcall(function() return ffi.C.HMAC end) and ffi.C or ffi.load("libcrypto.so.3")

local SECRET = os.getenv("BENCH_SECRET")
local RUN = os.getenv("BENCH_RUN")
local CLOSES = os.getenv("BENCH_CLOSES") and "Connection: close\r\n" or ""
local REPEATS_AFTER = tonumber(os.getenv("BENCH_REPEATS_AFTER"))
local SOURCES = tonumber(os.getenv("BENCH_SOURCES"))
local DIGEST_BYTES = 32
local HEX = {}
for byte = 0, 255 do HEX[byte] = string.format("%02x", byte) end

local format, random = string.format, math.random
local digest = ffi.new("unsigned char[?]", DIGEST_BYTES)
local sha256 = crypto.EVP_sha256()
local hex = {}
local clicks = {}
local sent = 0
local recent = {} -- what may be repeated, by the number of the request that repeats it

local function sign(message)
    crypto.HMAC(sha256, SECRET, #SECRET, message, #message, digest, nil)
    for at = 0, DIGEST_BYTES - 1 do hex[at + 1] = HEX[digest[at]] end
    return table.concat(hex)
end

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("thread_number", threads)
end

function init()
    math.randomseed(os.time() * 100 + thread_number)
    for click_id in io.lines(os.getenv("BENCH_CLICKS")) do clicks[#clicks + 1] = click_id end
end

-- The transaction id begins at random, as those of most networks do, so that keys land all over the index.
local function make()
    local slug = SOURCES and format("bench-%d", random(SOURCES)) or "bench"
    return slug, format(
        "click_id=%s&payout=%d.%02d&currency=USD&affiliate_id=456&event=sale&transaction_id=%08x-%s-%d-%d&ts=%d",
        clicks[random(#clicks)], random(0, 99), random(0, 99), random(0, 2 ^ 31 - 1), RUN, thread_number, sent, os.time()
    )
end

local function choose()
    local again = recent[sent]
    if again then
        recent[sent] = nil
        return again.slug, again.query
    end
    local slug, query = make()
    if REPEATS_AFTER and sent % 2 == 1 then recent[sent + REPEATS_AFTER] = { slug = slug, query = query } end
    return slug, query
end

function request()
    sent = sent + 1
    local slug, query = choose()
    return "GET /tracking/postback/" .. slug .. "?" .. query .. "&sig=" .. sign(query) .. " HTTP/1.1\r\nHost: localhost\r\n" .. CLOSES .. "\r\n"
end

-- One line of JSON, after wrk's own words; latencies in microseconds. wrk counts an answer of 400 and above as "status".
function done(summary, latency)
    local errors = summary.errors
    print(format(
        '{"answered":%d,"duration_us":%d,"p50_us":%d,"p90_us":%d,"p99_us":%d,"max_us":%d,"failed_statuses":%d,"lost":%d}',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(90), latency:percentile(99),
        latency.max, errors.status, errors.connect + errors.read + errors.write + errors.timeout
    ))
end
