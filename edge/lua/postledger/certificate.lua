-- Mutual TLS for sources that have a `client_ca`: did that authority issue the certificate which the client has shown?
-- The client is asked for a certificate, and OpenSSL has it prove that it owns the key; nginx cannot hold authorities
-- for each source, so the chain is judged here. Whatever cannot be judged is refused.

local ffi = require("ffi")
local lrucache = require("resty.lrucache")
local policy = require("postledger.policy")
local ssl = require("ngx.ssl")

local _M = {}

ffi.cdef([[
    typedef struct bio_st BIO;
    typedef struct x509_st X509;
    typedef struct x509_store_st X509_STORE;
    typedef struct x509_store_ctx_st X509_STORE_CTX;
    BIO *BIO_new_mem_buf(const void *text, int length);
    int BIO_free(BIO *bio);
    X509 *PEM_read_bio_X509(BIO *bio, void *, void *, void *);
    void X509_free(X509 *certificate);
    X509_STORE *X509_STORE_new(void);
    void X509_STORE_free(X509_STORE *store);
    int X509_STORE_add_cert(X509_STORE *store, X509 *certificate);
    int X509_STORE_set_flags(X509_STORE *store, unsigned long flags);
    X509_STORE_CTX *X509_STORE_CTX_new(void);
    void X509_STORE_CTX_free(X509_STORE_CTX *context);
    int X509_STORE_CTX_init(X509_STORE_CTX *context, X509_STORE *store, X509 *certificate, void *untrusted);
    int X509_STORE_CTX_set_default(X509_STORE_CTX *context, const char *purpose);
    int X509_verify_cert(X509_STORE_CTX *context);
    void ERR_clear_error(void);
]])
local C = ffi.C

local PARTIAL_CHAIN = 0x80000    -- an intermediate in `client_ca` is trusted without its root
local REMEMBER_S = 60            -- what was good may have expired a minute later

local judged = lrucache.new(1000)
local stores = lrucache.new(200)

-- All certificates of a PEM text; each is freed with its Lua object.
function _M.read_pem(text)
    local bio = ffi.gc(C.BIO_new_mem_buf(text, #text), C.BIO_free)
    local certificates = {}
    while true do
        local certificate = C.PEM_read_bio_X509(bio, nil, nil, nil)
        if certificate == nil then break end
        certificates[#certificates + 1] = ffi.gc(certificate, C.X509_free)
    end
    C.ERR_clear_error()    -- the end of the text is an error to OpenSSL, and nginx would find it in its next handshake
    return certificates
end

local function store_of(client_ca)
    local store = stores:get(client_ca)
    if store then return store end

    store = ffi.gc(C.X509_STORE_new(), C.X509_STORE_free)
    C.X509_STORE_set_flags(store, PARTIAL_CHAIN)
    for _, certificate in ipairs(_M.read_pem(client_ca)) do C.X509_STORE_add_cert(store, certificate) end
    stores:set(client_ca, store)
    return store
end

local function verify(store, certificate)
    local context = ffi.gc(C.X509_STORE_CTX_new(), C.X509_STORE_CTX_free)
    if C.X509_STORE_CTX_init(context, store, certificate, nil) ~= 1 then return false end
    if C.X509_STORE_CTX_set_default(context, "ssl_client") ~= 1 then return false end
    local is_good = C.X509_verify_cert(context) == 1
    C.ERR_clear_error()
    return is_good
end

-- Phase ssl_certificate of each new session. None is refused here, not even a broken one: the connection may be for a
-- source that wants none.
function _M.ask()
    ssl.verify_client()
end

-- The same, while a source of the policy in force has a `client_ca`. Nobody else is asked: a visitor's browser that has
-- a certificate asks its user which one to show.
function _M.ask_where_wanted()
    local current = policy.current()
    if current and current.wants_certificates then _M.ask() end
end

-- True when the certificate of this connection was issued under `client_ca` (PEM) for clients, and is in date.
function _M.is_from(client_ca)
    local shown = ngx.var.ssl_client_raw_cert
    if not shown or shown == "" then return false end

    local key = client_ca .. shown
    local known = judged:get(key)
    if known ~= nil then return known end

    local certificate = _M.read_pem(shown)[1]
    local is_good = certificate ~= nil and verify(store_of(client_ca), certificate)
    judged:set(key, is_good, REMEMBER_S)
    return is_good
end

return _M
