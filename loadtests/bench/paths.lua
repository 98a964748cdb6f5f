-- What wrk sends down the other ways in, one of them a run: each request new, and signed as that network signs.
-- The counting, the clicks' file and the last line are those of sign.lua, which is read first.

dofile(os.getenv("BENCH_SIGN"))

local ffi = require("ffi")

ffi.cdef([[
    const void *EVP_md5(void);
    int EVP_Digest(const void *data, size_t count, unsigned char *out, unsigned int *size, const void *type, void *impl);
    int EVP_EncodeBlock(unsigned char *out, const unsigned char *data, int length);
    void *BIO_new_mem_buf(const void *data, int length);
    void *PEM_read_bio_PrivateKey(void *bio, void *out, void *callback, void *user);
    void *EVP_MD_CTX_new(void);
    void EVP_MD_CTX_free(void *context);
    int EVP_DigestSignInit(void *context, void *key_context, const void *type, void *engine, void *key);
    int EVP_DigestSign(void *context, unsigned char *out, size_t *length, const unsigned char *data, size_t size);
]])

local crypto = pcall(function() return ffi.C.EVP_DigestSign end) and ffi.C or ffi.load("libcrypto.so.3")

local SECRET, RUN, WAY = os.getenv("BENCH_SECRET"), os.getenv("BENCH_RUN"), os.getenv("BENCH_WAY")
local PEM = os.getenv("BENCH_KEY")
local MOST_BYTES = 256

local format, gsub, random, time = string.format, string.gsub, math.random, os.time
local bytes = ffi.new("unsigned char[?]", MOST_BYTES)
local size, length = ffi.new("unsigned int[1]"), ffi.new("size_t[1]")
local md5, sha256 = crypto.EVP_md5(), crypto.EVP_sha256()
local clicks, sent = {}, 0

local function hex(text)
    return (gsub(text, ".", function(one) return format("%02x", one:byte()) end))
end

local function hash(type, text)
    crypto.EVP_Digest(text, #text, bytes, size, type, nil)
    return ffi.string(bytes, size[0])
end

local function hmac(type, text)
    crypto.HMAC(type, SECRET, #SECRET, text, #text, bytes, size)
    return ffi.string(bytes, size[0])
end

local function base64(text)
    return ffi.string(bytes, crypto.EVP_EncodeBlock(bytes, text, #text))
end

local function base64url(text)
    return (gsub(gsub(gsub(base64(text), "+", "-"), "/", "_"), "=", ""))
end

local key = PEM ~= "" and crypto.PEM_read_bio_PrivateKey(crypto.BIO_new_mem_buf(PEM, #PEM), nil, nil, nil) or nil

-- Signs with the private key; `type` is nil for ed25519, which has a digest of its own.
local function sign(type, text)
    local context = crypto.EVP_MD_CTX_new()
    crypto.EVP_DigestSignInit(context, nil, type, nil, key)
    length[0] = MOST_BYTES
    crypto.EVP_DigestSign(context, bytes, length, text, #text)
    crypto.EVP_MD_CTX_free(context)
    return ffi.string(bytes, length[0])
end

local function get(target)
    return "GET " .. target .. " HTTP/1.1\r\nHost: localhost\r\n\r\n"
end

local function post(slug, id, body, version, write)
    local now = tostring(time())
    local signature = base64(write("msg_" .. id .. "." .. now .. "." .. body))
    return "POST /tracking/postback/" .. slug .. " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        .. "webhook-id: msg_" .. id .. "\r\nwebhook-timestamp: " .. now .. "\r\nwebhook-signature: " .. version .. ","
        .. signature .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

local function flat(click, payout, id)
    return format('{"click_id":"%s","payout":"%s","currency":"USD","affiliate_id":"456","event":"sale","transaction_id":"%s"}',
        click, payout, id)
end

local ways = {}

function ways.cpx(click, payout, id)
    return get(format("/tracking/postback/cpx?subid_1=%s&amount_usd=%s&status=1&trans_id=%s&secure_hash=%s",
        click, payout, id, hex(hash(md5, id .. "-" .. SECRET))))
end

function ways.unity(click, _, id)
    local signature = hex(hmac(md5, "oid=" .. id .. ",productid=456,sid=" .. click))
    return get(format("/tracking/postback/unity?productid=456&sid=%s&oid=%s&hmac=%s", click, id, signature))
end

function ways.everflow(click, payout, id)
    return get(format(
        "/tracking/postback/everflow?sub1=%s&payout=%s&currency=USD&status=approved&transaction_id=%s&token=%s",
        click, payout, id, SECRET))
end

function ways.keitaro(click, payout, id)
    return get(format("/%s/postback?subid=%s&payout=%s&currency=USD&status=sale&sale_status=sale,3&tid=%s",
        SECRET, click, payout, id))
end

function ways.flat(click, payout, id)
    return post("flat", id, flat(click, payout, id), "v1", function(text) return hmac(sha256, text) end)
end

function ways.nested(click, payout, id)
    local body = format('{"v":2,"conversion":{"click_id":"%s","transaction_id":"%s","event":"sale"},'
        .. '"amount":{"value":"%s","currency":"USD"},"items":[{"sku":"A-1","quantity":1,"amount":"%s"}],"affiliate_id":"456"}',
        click, id, payout, payout)
    return post("nested", id, body, "v1", function(text) return hmac(sha256, text) end)
end

function ways.v1a(click, payout, id)
    return post("v1a", id, flat(click, payout, id), "v1a", function(text) return sign(nil, text) end)
end

function ways.admob(click, _, id)
    local query = format("ad_network=54&custom_data=%s&reward_amount=1&timestamp=%d000&transaction_id=%s", click, time(), id)
    return get(format("/tracking/postback/admob?%s&signature=%s&key_id=3335741209", query, base64url(sign(sha256, query))))
end

local start, write = init, ways[WAY]

function init(...)
    start(...)
    for click_id in io.lines(os.getenv("BENCH_CLICKS")) do clicks[#clicks + 1] = click_id end
end

function request()
    sent = sent + 1
    local id = format("%08x-%s-%d-%d", random(0, 2 ^ 31 - 1), RUN, thread_number, sent)
    return write(clicks[random(#clicks)], format("%d.%02d", random(0, 99), random(0, 99)), id)
end
