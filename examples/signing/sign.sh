#!/usr/bin/env bash
# Sends one signed postback with openssl and curl.
#
#   POSTBACK_SECRET=… ./sign.sh get  https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT
#   POSTBACK_SECRET=… ./sign.sh post https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT
#
# openssl takes a key only as an argument, so for a moment it stands in the process list: on a machine that you share
# with others, use one of the other languages. Ids with other characters than A-Z a-z 0-9 _ . - need encoding first.
set -euo pipefail
method=$1 url=$2 click_id=$3 transaction_id=$4 payout=$5
now=$(date +%s)

to_hex() { od -An -v -tx1 | tr -d ' \n'; }
hmac_sha256() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary; }

if [[ $method == get ]]; then
    key=$(printf %s "$POSTBACK_SECRET" | to_hex)
    query="click_id=$click_id&transaction_id=$transaction_id&event=sale&payout=$payout&currency=USD&ts=$now"
    sig=$(printf %s "$query" | hmac_sha256 "$key" | to_hex)
    curl --silent --show-error --fail-with-body "$url?$query&sig=$sig"
else
    case $POSTBACK_SECRET in
        whsec_*) key=$(printf %s "${POSTBACK_SECRET#whsec_}" | base64 --decode | to_hex) ;;
        *) key=$(printf %s "$POSTBACK_SECRET" | to_hex) ;;
    esac
    id=msg_$(openssl rand -hex 16)
    body='{"click_id":"'$click_id'","transaction_id":"'$transaction_id'","event":"sale","payout":"'$payout'","currency":"USD"}'
    sig=v1,$(printf %s "$id.$now.$body" | hmac_sha256 "$key" | openssl base64 -A)
    curl --silent --show-error --fail-with-body --header 'Content-Type: application/json' \
        --header "webhook-id: $id" --header "webhook-timestamp: $now" --header "webhook-signature: $sig" \
        --data-binary "$body" "$url"
fi
echo
