<?php
// Sends one signed postback, with nothing but PHP itself.
//
//   POSTBACK_SECRET=… php sign.php get  https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT
//   POSTBACK_SECRET=… php sign.php post https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT

declare(strict_types=1);

// The signature covers the query exactly as it is sent, so it is appended to that very string.
function sign_get(string $url, string $secret, array $parameters): array
{
    $query = http_build_query([...$parameters, 'ts' => time()]);
    $sig = hash_hmac('sha256', $query, $secret);
    return ["$url?$query&sig=$sig", ['method' => 'GET']];
}

// Standard Webhooks: three headers over the exact bytes of the body.
function sign_post(string $url, string $secret, array $parameters): array
{
    $body = json_encode($parameters, JSON_THROW_ON_ERROR);
    $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6), true) : $secret;
    $id = 'msg_' . bin2hex(random_bytes(16));
    $timestamp = time();
    $signature = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    $headers = [
        'Content-Type: application/json',
        "webhook-id: $id",
        "webhook-timestamp: $timestamp",
        "webhook-signature: $signature",
    ];
    return [$url, ['method' => 'POST', 'header' => $headers, 'content' => $body]];
}

[, $method, $url, $click_id, $transaction_id, $payout] = $argv;
$parameters = [
    'click_id' => $click_id,
    'transaction_id' => $transaction_id,
    'event' => 'sale',
    'payout' => $payout,    // a text: a float would lose cents
    'currency' => 'USD',
];
$sign = $method === 'get' ? 'sign_get' : 'sign_post';
[$address, $http] = $sign($url, getenv('POSTBACK_SECRET'), $parameters);
$context = stream_context_create(['http' => $http + ['ignore_errors' => true, 'timeout' => 10]]);
$answer = file_get_contents($address, false, $context);
echo $answer, PHP_EOL;
exit(preg_match('#^HTTP/\S+ 2#', $http_response_header[0] ?? '') ? 0 : 1);
