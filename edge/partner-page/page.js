// The partner page: explains a request, checks a secret, builds a signed sample, shows the reference of a source.
// Token and secret are read from their fields when they are needed and kept nowhere else. The secret only signs, here.

const find = (id) => document.getElementById(id);
const text = (id) => find(id).value;
const bytes = (string) => new TextEncoder().encode(string);

class Trouble extends Error {}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

const code = (value) => make("code", {}, String(value));
const prose = (sentence) => sentence.split("`").map((part, index) => (index % 2 ? code(part) : part));

// Asking

async function ask(path, { method = "GET", headers = {}, body } = {}) {
  const token = text("token").trim();
  const authorization = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(path, {
    method, body, headers: { Accept: "application/json", ...headers, ...authorization },
    cache: "no-store", credentials: "omit", redirect: "error",
  }).catch(() => {
    throw new Trouble("The sandbox cannot be reached. Check your connection, then try again.");
  });
  const answer = { http: response.status, body: await response.text(), fields: {} };
  answer.retryAfter = response.headers.get("Retry-After") || "1";
  try {
    answer.fields = Object(JSON.parse(answer.body));
  } catch { /* a network's own answer, as its source wants it */ }
  return answer;
}

const deliver = ({ path, ...options }) => ask(path, options);

// What an answer says if it holds nothing of what was asked for.
function troubleOf({ http, fields, retryAfter }) {
  const why = fields.cause || fields.reason || "no reason";
  const known = {
    400: `This cannot be read as a request: ${why}.`,
    401: "The token does not open this source. Check both, or ask the operator for a new token.",
    403: "Your address may not send for this source. Give the token, or tell the operator your address.",
    404: "The sandbox does not know this. Check the name of the source.",
    413: "That is too long. Paste one request.",
    429: `Too fast. Wait ${retryAfter} s, then try again.`,
    503: "The sandbox does not run at the moment. Try again in a minute. Production is not affected.",
  };
  return new Trouble(known[http] || `It was not taken: ${http} ${why}.`);
}

async function askFor(path, options) {
  const answer = await ask(path, options);
  if (answer.http >= 300) throw troubleOf(answer);
  return answer.fields;
}

function insist(id, message) {
  if (text(id).trim()) return;
  find(id).focus();
  throw new Trouble(message);
}

function sourceName() {
  const slug = text("source").trim();
  if (/^[a-z0-9-]{1,40}$/.test(slug)) return slug;
  find("source").focus();
  throw new Trouble("Enter the name of your source. It is the end of your postback address.");
}

// Showing

function show(id, verdict, ...details) {
  const [status, rest] = find(id).children;
  status.replaceChildren(verdict);
  rest.replaceChildren(...details.filter(Boolean));
  find(id).scrollIntoView({ block: "nearest" });
}

function verdictOf(mood, next, ...answer) {
  const line = answer.length ? make("p", { class: "answer" }, ...answer) : null;
  return make("div", { class: `verdict ${mood}` }, make("p", { class: "next" }, prose(next)), line);
}

function tool(trigger, event, result, work) {
  const button = trigger.querySelector("button") || trigger;
  trigger.addEventListener(event, async (happened) => {
    happened.preventDefault();
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      show(result, ...(await work()));
    } catch (error) {
      show(result, verdictOf("bad", error instanceof Trouble ? error.message : "This page has a fault. Tell the operator."));
      if (!(error instanceof Trouble)) throw error;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

function list(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return make("dl", {}, known.map(([name, value, mark]) => [make("dt", {}, name), make("dd", {}, mark ? make("b", {}, value) : value)]));
}

const joined = (values) => values.flatMap((value, index) => (index ? [", ", code(value)] : [code(value)]));
const entry = (values) => make("span", {}, values.length ? joined(values) : "none");

function table(caption, heads, rows) {
  return make("table", { class: "cards" }, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, rows.map(([first, ...others]) => make("tr", {},
      make("th", { scope: "row" }, first), others.map((cell, index) => make("td", { "data-head": heads[index + 1] }, cell))))));
}

// 1. The explanation

const EDGE = ["ip_not_allowed", "client_certificate", "rate_limited"];
const SIGNATURE = ["missing_signature", "bad_signature", "stale_timestamp", "future_timestamp"];

function stepAtFault({ verdict, reason, mapped, read }) {
  if (verdict !== "refused") return null;
  if (EDGE.includes(reason)) return "Edge";
  if (SIGNATURE.includes(reason)) return "Signature";
  if (reason === "conflict") return "Ledger";
  return reason === "unknown_click" ? "Identity" : "Read";
}

function edgeRow({ address, allowed, by, quota }) {
  const pace = quota && `${quota.rate} per second, ${quota.burst} at once`;
  const used = quota && quota.used !== null && quota.used !== undefined ? `; ${quota.used} used` : "";
  return list([["Address", address ? code(address) : "unknown: it is not in the request"], ["Allowed", address && (allowed ? "yes" : "no")], ["By", by && code(by)], ["Pace", pace && pace + used]]);
}

function clockOf({ ts, skew_s: skew, tolerance_s: [past, future] }) {
  const off = skew === null ? "" : ` is ${Math.abs(skew)} s ${skew < 0 ? "ago" : "ahead"},`;
  return make("span", {}, code(ts), `${off} allowed: ${Math.abs(past)} s ago to ${future} s ahead`);
}

function signatureRow(step) {
  const matches = step.would_match && step.would_match.length ? step.would_match.join("; and ") : null;
  const tried = step.tried && !matches ? `None of ${step.tried} usual mistakes explains it.` : null;
  return list([
    ["Right if", matches, true], ["Tried", tried],
    ["Scheme", step.scheme], ["Found in", step.place], ["Key", step.key], ["Decoding", step.decoding],
    ["Signed string", step.signed_string === null ? null : make("code", {}, step.signed_string)],
    ["Clock", step.clock && clockOf(step.clock)],
    ["Covers", step.covers.length ? entry(step.covers) : null], ["Not covered", step.unsigned.length ? entry(step.unsigned) : null],
  ]);
}

function readRow(parameters, reason, parameter) {
  const fault = parameter ? [[make("span", {}, code(parameter)), reason, true]] : [];
  return list([...fault, ...parameters.map(({ sent, as, value, note }) => [
    code(sent), make("span", {}, code(value), as === sent ? null : [" as ", code(as)], note ? ` (${note})` : null),
  ])]);
}

function mappedRow({ status, payout, currency }) {
  const say = (value) => value && value.means !== null ? make("span", {},
    value.sent === null ? null : [code(value.sent), " means "], code(value.means), value.by ? ` (${value.by})` : null) : null;
  return list([["Status", say(status)], ["Payout", say(payout)], ["Currency", say(currency)]]);
}

function dedupRow({ by, parts, known, first }) {
  return list([["Identified by", by], ["Parts", entry(parts)], ["Known", known ? "yes" : "no, this is the first"], ["First receipt", first && code(first)]]);
}

function explain(explanation) {
  const e = explanation;
  const fault = stepAtFault(e);
  const narrowed = e.parameter && fault === "Read";
  const steps = [
    ["Edge", e.edge && edgeRow(e.edge)],
    ["Signature", e.signature && signatureRow(e.signature)],
    ["Read", (e.read.length || narrowed) && readRow(e.read, e.reason, narrowed ? e.parameter : null)],
    ["Meaning", e.mapped && mappedRow(e.mapped)],
    ["Identity", e.dedup && dedupRow(e.dedup)],
    ["Ledger", e.fold && list([["Was", e.fold.was], ["This says", e.fold.says], ["Rule", e.fold.rule]])],
    ["Ignored", e.ignored.length ? entry(e.ignored) : null],
    ["Masked", e.masked.length ? entry(e.masked) : null],
    ["Answer", e.body && code(e.body)],
  ].filter(([name, cell]) => cell || name === fault);
  steps.sort(([a], [b]) => (b === fault) - (a === fault));
  const rows = steps.map(([name, cell]) => [[name, name === fault ? [make("br"), "✕ refused"] : null], cell || code(e.reason)]);
  const shown = table("Step by step", ["Step", "What was found"], rows);
  shown.classList.add("steps");
  if (fault) shown.tBodies[0].rows[0].className = "bad";
  const answer = ["Production would answer ", make("b", {}, `${e.http} ${e.verdict}`), e.reason ? [" · ", code(e.reason)] : null, e.parameter ? [" · ", code(e.parameter)] : null];
  return [
    verdictOf(fault ? "bad" : "good", e.next, ...answer.flat()),
    shown,
  ];
}

async function explainPasted() {
  const slug = sourceName();
  insist("token", "Enter the partner token. Explanations are for its holder only.");
  insist("pasted", "Paste a request first.");
  return explain(await explanationOf(slug, text("pasted")));
}

async function explanationOf(slug, body) {
  return (await askFor(`/sandbox/explain/${slug}`, { method: "POST", body, headers: { "Content-Type": "text/plain; charset=utf-8" } })).explanation;
}

// Signing, with WebCrypto; MD5, which it does not have, by hand, because some networks sign with it.

const HASHES = { sha1: "SHA-1", sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" };
const together = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
};

function md5(data) {
  const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
  const padded = new Uint8Array(((data.length + 8 >> 6) + 1) * 64);
  padded.set(data);
  padded[data.length] = 128;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, data.length << 3, true);
  view.setUint32(padded.length - 4, data.length >>> 29, true);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < padded.length; block += 64) {
    let [a, b, c, d] = state;
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mixed = [b & c | ~b & d, d & b | ~d & c, b ^ c ^ d, c ^ (b | ~d)][round];
      const word = [i, 5 * i + 1, 3 * i + 5, 7 * i][round] % 16;
      const sum = a + mixed + Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) + view.getUint32(block + word * 4, true) | 0;
      const by = shifts[round * 4 + i % 4];
      [a, d, c, b] = [d, c, b, b + (sum << by | sum >>> 32 - by) | 0];
    }
    [a, b, c, d].forEach((value, index) => { state[index] = state[index] + value | 0; });
  }
  const out = new DataView(new ArrayBuffer(16));
  state.forEach((value, index) => out.setUint32(index * 4, value, true));
  return new Uint8Array(out.buffer);
}

async function hash(name, data) {
  return name === "md5" ? md5(data) : new Uint8Array(await crypto.subtle.digest(HASHES[name], data));
}

async function hmac(name, key, data) {
  if (name === "md5") {
    const block = together(key.length > 64 ? md5(key) : key, new Uint8Array(64)).slice(0, 64);
    const xor = (value) => block.map((byte) => byte ^ value);
    return md5(together(xor(0x5c), md5(together(xor(0x36), data))));
  }
  // WebCrypto refuses an empty key. HMAC fills a key up with zeros, so one zero is the same key.
  const raw = key.length ? key : new Uint8Array(1);
  const imported = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: HASHES[name] }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

const hex = (data) => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (data) => btoa(String.fromCharCode(...data));
const base64url = (data) => base64(data).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function unbase64(value) {
  try {
    return Uint8Array.from(atob(value.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

const unhex = (value) => (/^([0-9a-f]{2})+$/i.test(value) ? Uint8Array.from(value.match(/../g), (pair) => parseInt(pair, 16)) : null);

function webhookKey(secret) {
  if (!secret.startsWith("whsec_")) return bytes(secret);
  const key = unbase64(secret.slice(6));
  if (!key) throw new Trouble("The secret begins with whsec_, but what follows is not base64. Copy it again.");
  return key;
}

const escaped = (value) => encodeURIComponent(value).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
const unixSeconds = () => String(Math.floor(Date.now() / 1000));

async function signGet(path, secret, parameters) {
  const pairs = [...Object.entries(parameters), ["ts", unixSeconds()]];
  const query = pairs.map(([name, value]) => `${name}=${escaped(value)}`).join("&");
  return { path: `${path}?${query}&sig=${hex(await hmac("sha256", bytes(secret), bytes(query)))}`, method: "GET", headers: {} };
}

async function signPost(path, secret, parameters) {
  const body = JSON.stringify(parameters);
  const id = `msg_${crypto.randomUUID()}`;
  const timestamp = unixSeconds();
  const mac = await hmac("sha256", webhookKey(secret), bytes(`${id}.${timestamp}.${body}`));
  const headers = {
    "Content-Type": "application/json", "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${base64(mac)}`,
  };
  return { path, method: "POST", headers, body };
}

// 2. Is it my secret or my code?

const UNANSWERED = ["unknown_source", "not_found", "ip_not_allowed", "rate_limited", "client_certificate", "unavailable"];

// A source that knows no signed query is asked by a signed body.
async function isLive(slug, secret) {
  for (const sign of [signGet, signPost]) {
    const answer = await deliver(await sign(`/sandbox/postback/${slug}`, secret, {
      click_id: "sandbox-check", transaction_id: crypto.randomUUID(), event: "sale", payout: "1.00", currency: "USD",
    }));
    const { reason, cause, status, explanation } = answer.fields;
    if (UNANSWERED.includes(reason) || cause === "partner_token" || !(status || explanation)) throw troubleOf(answer);
    if (reason !== "missing_signature") return reason !== "bad_signature";
  }
  return isLiveElsewhere(slug, secret);
}

// Any other source: a sample of the sandbox is signed again here, as its explanation says, and sent.
async function isLiveElsewhere(slug, secret) {
  insist("token", `Enter the partner token: ${slug} signs in a way of its own.`);
  const { samples: [sample] } = await askFor(`/sandbox/samples/${slug}?kind=valid`);
  const path = pathOf(sample.url);
  const { signature } = await explanationOf(slug, curlOf({ ...sample, path }));
  const { scheme, place, signed_string: string } = signature || { scheme: "a token in the path" };
  const [, how, name] = scheme.match(/^(hmac|hash)-(\w+)/) || [];
  if (!how) throw new Trouble(`A browser cannot sign as ${slug} does: ${scheme}.`);
  const [, write] = FORMS.find(([label]) => scheme.endsWith(` ${label}`)) || FORMS[1];
  const bare = secret.replace(/^whsec_/, "");
  const field = place.split(" ").pop();
  for (const key of [bytes(secret), unbase64(bare), unhex(bare)].filter(Boolean)) {
    const mac = write(await macOf(how, name, key, bytes(string.replaceAll("{key}", secret))));
    const headers = { ...sample.headers };
    if (headers[field]) headers[field] = headers[field].replace(/[\w+/-]{20,}=*$/, mac);
    const signed = path.replace(new RegExp(`(?<=[?&]${field}=)[^&]*`), encodeURIComponent(mac));
    const { fields } = await deliver({ method: sample.method, path: signed, headers, body: sample.body || undefined });
    if (!/_signature$/.test((fields.explanation || fields).reason)) return true;
  }
  return false;
}

// A URL, a curl line or a raw request, as far as a signature needs it.
function readRequest(pasted) {
  const [address] = pasted.match(/https?:\/\/[^\s'"]+/) || pasted.match(/\/\S*\?[^\s'"]+|\/[^\s'"]+/) || [""];
  const headers = {};
  for (const [, name, value] of pasted.matchAll(/(?:^|-H\s+['"]|--header\s+['"])([A-Za-z-]+):\s*([^'"\r\n]+)/gm)) headers[name.toLowerCase()] = value.trim();
  const data = pasted.match(/(?:-d|--data(?:-raw|-binary|-ascii)?)[ =]+'((?:[^']|'\\'')*)'/);
  const blank = pasted.match(/\r?\n\r?\n([^]*)$/);
  const body = data ? data[1].replace(/'\\''/g, "'") : blank ? blank[1] : "";
  const [path, query = ""] = pathOf(address).split("?");
  return { address, path, query, headers, body };
}

function tryOr(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

function queryStrings({ address, path }, own) {
  const pairs = own.split("&");
  const nameOf = (pair) => pair.split("=")[0];
  const valueOf = (pair) => pair.slice(nameOf(pair).length + 1);
  const decoded = tryOr(() => decodeURIComponent(own));
  const spaced = tryOr(() => decodeURIComponent(own.replace(/\+/g, " ")));
  const sorted = [...pairs].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const without = (name) => pairs.filter((pair) => nameOf(pair) !== name);
  const time = pairs.filter((pair) => nameOf(pair) === "ts");
  const origin = address.split(path)[0];
  return [
    [null, own],
    ["a line break is behind the string (echo instead of printf)", `${own}\n`],
    ["a question mark is before the string", `?${own}`],
    ["the path is before the string", `${path}?${own}`],
    ["the whole address is signed", `${origin}${path}?${own}`],
    ["the whole address of production is signed", `${origin}${path.replace(/^\/sandbox\/postback/, "/tracking/postback")}?${own}`],
    ["a & is behind the string", `${own}&`],
    ["&sig= is behind the string", `${own}&sig=`],
    ["the string is decoded before it is signed", decoded],
    ["the string is decoded as a form before it is signed", spaced],
    ["the parameters are sorted by name", sorted.join("&")],
    ["a blank is signed as + and sent as %20", own.replace(/%20/g, "+")],
    ["a blank is signed as %20 and sent as +", own.replace(/\+/g, "%20")],
    ["escapes are signed in lower case", own.replace(/%[0-9A-F]{2}/gi, (found) => found.toLowerCase())],
    ["escapes are signed in upper case", own.replace(/%[0-9A-F]{2}/gi, (found) => found.toUpperCase())],
    ["& is signed as &amp;", own.replace(/&/g, "&amp;")],
    ["only the values are signed", pairs.map(valueOf).join("")],
    ["only the values are signed, sorted by name", sorted.map(valueOf).join("")],
    ["ts is signed first and sent elsewhere", [...time, ...without("ts")].join("&")],
    ["ts is signed last and sent elsewhere", [...without("ts"), ...time].join("&")],
    ...[...new Set(pairs.map(nameOf))].map((name) => [`${name} is added after signing`, without(name).join("&")]),
  ];
}

function bodyStrings({ headers, body }) {
  const of = (name) => headers[`webhook-${name}`] || headers[`svix-${name}`] || "";
  const [id, ts] = [of("id"), of("timestamp")];
  const parsed = tryOr(() => JSON.parse(body));
  const written = (blanks) => parsed && JSON.stringify(parsed, null, blanks);
  const spaced = parsed && written(1).replace(/\n\s*/g, " ").replace(/([{[]) | ([}\]])/g, "$1$2");
  const bodies = [
    [null, body], ["a line break is behind the body", `${body}\n`], ["the body is signed without its last line break", body.trimEnd()],
    ["the body is signed with CRLF", body.replace(/\r?\n/g, "\r\n")], ["the body is signed with LF", body.replace(/\r\n/g, "\n")],
    ["the body is written again as compact JSON", written(0)], ["the body is written again as JSON with blanks", spaced],
    ["the body is written again as JSON with indents", written(2)], ["the body is signed as empty", ""],
  ].filter(([, value]) => value !== null);
  return [
    ...bodies.map(([label, value]) => [label, `${id}.${ts}.${value}`]),
    ["only the body is signed", body], ["webhook-id is not signed", `${ts}.${body}`], ["id and time are swapped", `${ts}.${id}.${body}`],
  ];
}

function keysOf(secret, right) {
  const bare = secret.replace(/^whsec_/, "");
  return [
    [null, right],
    ["a line break is behind the secret", bytes(`${secret}\n`)],
    ["a blank is behind the secret", bytes(`${secret} `)], ["the secret has quotes around it", bytes(`"${secret}"`)],
    ["the secret is used as it is written", bytes(secret)],
    ["the secret is used without whsec_ and not decoded", bytes(bare)], ["the secret is decoded from base64", unbase64(bare)],
    ["the secret is decoded from hex", unhex(bare)], ["the key is the hex of the secret", bytes(hex(bytes(secret)))],
    ["the key is the base64 of the secret", bytes(base64(bytes(secret)))], ["the key is empty", new Uint8Array(0)],
  ].filter(([, key]) => key);
}

const CODES = [
  [null, "hmac", "sha256"], ["it is an HMAC with SHA-1", "hmac", "sha1"], ["it is an HMAC with SHA-512", "hmac", "sha512"],
  ["it is an HMAC with SHA-384", "hmac", "sha384"], ["it is an HMAC with MD5", "hmac", "md5"],
  ...["sha256", "sha1", "sha512", "md5"].flatMap((name) => [
    [`it is a plain ${name} of secret and string`, "before", name], [`it is a plain ${name} of string and secret`, "after", name],
  ]),
];
const FORMS = [
  ["hex", hex], ["hex in capitals", (mac) => hex(mac).toUpperCase()], ["base64", base64], ["base64url", base64url],
  ["base64 of the hex", (mac) => base64(bytes(hex(mac)))],
];

async function macOf(how, name, key, data) {
  if (how === "hmac") return hmac(name, key, data);
  return hash(name, how === "hash" ? data : how === "before" ? together(key, data) : together(data, key));
}

// The shortest list of mistakes that explains the signature, or null.
async function findMistakes(strings, keys, sent, form) {
  const given = sent.replace(/^(sha\d+=|v1[=,])/, "");
  let best = null;
  let tried = 0;
  for (const [string, value] of strings) {
    if (value === null) continue;
    for (const [secret, key] of keys) {
      if (string && secret && best) continue;
      for (const [algorithm, how, name] of CODES) {
        const labels = [string, secret, algorithm].filter(Boolean);
        if (labels.length > 2 || (best && best.length <= labels.length)) continue;
        const mac = await macOf(how, name, key, bytes(value));
        tried++;
        for (const [label, write] of FORMS) {
          if (write(mac) !== given) continue;
          const all = label === form ? labels : [...labels, `it is sent as ${label}`];
          if (!best || all.length < best.length) best = all;
        }
      }
    }
  }
  return { best, tried };
}

async function mistakesOf(pasted, secret) {
  const request = readRequest(pasted);
  const listed = request.headers["webhook-signature"] || request.headers["svix-signature"];
  if (listed) return findMistakes(bodyStrings(request), keysOf(secret, webhookKey(secret)), listed.split(" ")[0], "base64");
  const pairs = request.query.split("&");
  const at = pairs.findIndex((pair) => pair.startsWith("sig="));
  if (at < 0) throw new Trouble("The secret is right. Explain this request above: it has neither sig nor webhook-signature.");
  const own = pairs.filter((_, index) => index !== at).join("&");
  const sent = tryOr(() => decodeURIComponent(pairs[at].slice(4))) || "";
  return findMistakes(queryStrings(request, own), keysOf(secret, bytes(secret)), sent, "hex");
}

async function checkSecret() {
  const slug = sourceName();
  insist("secret", "Enter the signing secret. It signs here and is never sent.");
  const secret = text("secret");
  if (!(await isLive(slug, secret))) {
    const blanks = secret !== secret.trim() ? " It has a blank at one of its ends: remove it." : "";
    return [verdictOf("bad", `This is not a live secret of ${slug}.${blanks}`, "A sample that this page signed with it was refused. Compare it with what the operator gave you.")];
  }
  if (!text("refused").trim()) {
    return [verdictOf("good", "The secret is right, your string is not.", "A sample that this page signed was verified. Paste a request that was refused, and the page looks for the difference.")];
  }
  const { best, tried } = await mistakesOf(text("refused"), secret);
  if (!best) return [verdictOf("good", "The secret is right, your string is not.", `None of ${tried} usual mistakes explains this signature. Sign with one of the programs below and compare the two strings.`)];
  if (!best.length) return [verdictOf("good", "Secret and signature are right.", "If this request was refused, then for another reason. Explain it above.")];
  const found = verdictOf("bad", best.join("; and "), "Your signature would be right without this.");
  return [make("div", { class: "stack" }, verdictOf("good", "The secret is right, your code is not."), found)];
}

// 3. The sample

const originals = new Map();
const shell = (value) => (/^[\w.:/@%+-]+$/.test(value) ? value : `'${value.replace(/'/g, "'\\''")}'`);
const NAMES = ["click_id", "transaction_id", "event", "payout", "currency"];
const pathOf = (url) => url.replace(/^https?:\/\/[^/]*/, "");
const parametersOf = () => Object.fromEntries(NAMES.map((name) => [name, text(name)]).filter(([, value]) => value));

function curlOf({ path, method, headers, body }) {
  const options = Object.entries(headers).map(([name, value]) => ` \\\n  --header ${shell(`${name}: ${value}`)}`).join("");
  const data = body ? ` \\\n  --data-binary ${shell(body)}` : "";
  const verb = method === "GET" || (body && method === "POST") ? "" : ` --request ${method}`;
  return `curl${verb} ${shell(location.origin + path)}${options}${data}`;
}

function refreshExamples() {
  const address = `${location.origin}/sandbox/postback/${text("source").trim() || "SOURCE"}`;
  const values = [text("method"), address, text("click_id"), text("transaction_id"), text("payout")].map(shell).join(" ");
  for (const line of document.querySelectorAll("[id^=run-]")) line.textContent = originals.get(line.id).replace(/ get .*$/, () => ` ${values}`);
  for (const file of document.querySelectorAll("[id^=file-]")) {
    const filled = originals.get(file.id).replaceAll("sale", () => text("event") || "conversion").replaceAll("USD", () => text("currency"));
    file.textContent = filled;
  }
}

async function signSample() {
  const slug = sourceName();
  insist("secret", "Enter the signing secret above. It signs here and is never sent.");
  const sign = text("method") === "get" ? signGet : signPost;
  const sample = await sign(`/sandbox/postback/${slug}`, text("secret"), parametersOf());
  find("signed").textContent = curlOf(sample);
  find("signed").closest(".code").hidden = false;
  find("as-curl").checked = true;
  return sample;
}

async function sendSample() {
  if (!find("build-form").reportValidity()) throw new Trouble("Correct the marked field first.");
  const answer = await deliver(await signSample());
  if (answer.fields.explanation) return explain(answer.fields.explanation);
  if (!answer.fields.status || answer.http === 503) throw troubleOf(answer);
  const { status, reason, parameter, id } = answer.fields;
  const mood = answer.http < 300 ? "good" : "bad";
  const next = mood === "good" ? "Production would take it." : `Production would refuse it: ${reason}.`;
  return [verdictOf(mood, next, make("b", {}, `${answer.http} ${status}`), parameter ? ` · ${parameter}` : "", " · receipt ", code(id))];
}

async function showSamples() {
  const slug = sourceName();
  insist("token", "Enter the partner token. Samples are for its holder only.");
  const { samples } = await askFor(`/sandbox/samples/${slug}?kind=all`);
  const rows = samples.map(({ kind, method, url, headers, body, expect, why }) => {
    const line = body.length > 4000 ? `A body of ${body.length} bytes.` : curlOf({ path: pathOf(url), method, headers, body });
    return [code(kind), `${expect.http} ${expect.status || ""}`, why, make("details", {}, make("summary", {}, "curl"), make("pre", { class: "wrap" }, code(line)))];
  });
  return [verdictOf("", `${rows.length} samples of ${slug}`, "Each with the answer to expect."), table("Samples", ["Kind", "Answer", "Why", "Send it"], rows)];
}

async function copy(button) {
  const block = find(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(block.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(block);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

// 4. The reference of a source

async function showReference() {
  const slug = sourceName();
  insist("token", "Enter the partner token. What is special about a source is for its holder only.");
  const own = await askFor(`/sandbox/reference/${slug}`);
  const namesOf = (listed) => Object.entries(listed).map(([name, words]) => [code(name), entry(words)]);
  const names = own.parameters.map(({ name, sent_as: sentAs, required }) => [code(name), entry(sentAs), required ? "yes" : "no"]);
  const schemes = own.schemes.map(({ methods, place, mac, message }) => [entry(methods), place, code(mac), message ? code(message) : "nothing: it is a token"]);
  const pace = `${own.rate} requests per second and address, ${own.burst} at once. Currency: ${own.currency}. `;
  const time = `A signed time is good for ${own.timestamp_tolerance_s / 60} minutes. `;
  const refusals = [...document.querySelectorAll("#refusals tbody tr")].filter((row) => own.refusals.includes(row.cells[0].textContent));
  const ownRefusals = table(`Refusals that ${slug} can get`, ["Reason", "HTTP", "What it means", "What to do"], []);
  ownRefusals.tBodies[0].append(...refusals.map((row) => row.cloneNode(true)));
  return [
    verdictOf("", `What ${slug} sends`, pace, own.schemes.length ? time : "It does not sign. ", own.click === "required" ? "The click must be known." : "The click may be unknown."),
    table("Names", ["Parameter", "You may send it as", "Required"], names),
    table("Status words, in any case", ["Status", "Words"], namesOf(own.statuses)),
    Object.keys(own.events).length ? table("Event names", ["Event", "Names"], namesOf(own.events)) : null,
    schemes.length ? table("Signature, the first that was sent decides", ["Method", "Found in", "Algorithm", "What is signed"], schemes) : null,
    ownRefusals,
  ];
}

function start() {
  for (const hidden of document.querySelectorAll("section[hidden], form[hidden], button[hidden]")) hidden.hidden = false;
  for (const block of document.querySelectorAll("[id^=run-], [id^=file-]")) originals.set(block.id, block.textContent);
  for (const button of document.querySelectorAll("[data-copies]")) button.addEventListener("click", () => copy(button));
  for (const form of [find("build-form"), find("access")]) form.addEventListener("input", refreshExamples);
  tool(find("explain-form"), "submit", "explained", explainPasted);
  tool(find("check-form"), "submit", "checked", checkSecret);
  tool(find("build-form"), "submit", "sent", async () => (await signSample(), [verdictOf("good", "Signed. It is good for half an hour.")]));
  tool(find("send"), "click", "sent", sendSample);
  tool(find("samples"), "click", "sampled", showSamples);
  tool(find("load"), "click", "own", showReference);
  refreshExamples();
}

start();
