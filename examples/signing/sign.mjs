#!/usr/bin/env node
// Sends one signed postback, with nothing but Node itself (18 or later).
//
//   POSTBACK_SECRET=… ./sign.mjs get  https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT
//   POSTBACK_SECRET=… ./sign.mjs post https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT

import { createHmac, randomUUID } from "node:crypto";

const unixSeconds = () => Math.floor(Date.now() / 1000).toString();

// The signature covers the query exactly as it is sent, so it is appended to that very string.
function signGet(url, secret, parameters) {
  const query = new URLSearchParams({ ...parameters, ts: unixSeconds() }).toString();
  const sig = createHmac("sha256", secret).update(query).digest("hex");
  return [`${url}?${query}&sig=${sig}`, {}];
}

// Standard Webhooks: three headers over the exact bytes of the body.
function signPost(url, secret, parameters) {
  const body = JSON.stringify(parameters);
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
  const id = `msg_${randomUUID()}`;
  const timestamp = unixSeconds();
  const signature = "v1," + createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers = {
    "Content-Type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  };
  return [url, { method: "POST", headers, body }];
}

const [method, url, click_id, transaction_id, payout] = process.argv.slice(2);
const parameters = { click_id, transaction_id, event: "sale", payout, currency: "USD" };
const sign = method === "get" ? signGet : signPost;
const answer = await fetch(...sign(url, process.env.POSTBACK_SECRET, parameters));
console.log(await answer.text());
process.exitCode = answer.ok ? 0 : 1;
