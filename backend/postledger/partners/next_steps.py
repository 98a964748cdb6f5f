"""What a partner should do next: one sentence for each reason, cause and verdict. The list is closed."""

from collections.abc import Mapping, Sequence

from postledger.partners.explanation import EdgeStep
from postledger.signatures.mistake import Mistake
from postledger.vocabulary.refusal import Cause, Reason, Refusal
from postledger.vocabulary.statuses import Verdict

NOT_ALLOWED = "Send from an allowed address: production refuses this one; ask the operator to add it to the allowlist."
BY_VERDICT: Mapping[Verdict, str] = {
    Verdict.ACCEPTED: "Nothing: production would book this conversion.",
    Verdict.UPDATED: "Nothing: production would change the conversion as the postback says.",
    Verdict.DUPLICATE: "Nothing: the conversion is known, and a repeat is a success.",
    Verdict.PARKED: "Wait: an operator decides on this reversal. Do not repeat it.",
    Verdict.SPOOLED: "Nothing: the postback is kept and will be booked.",
}
BY_REASON: Mapping[Reason, str] = {
    Reason.UNKNOWN_SOURCE: "Check the name of the source in the path; the operator knows it.",
    Reason.NOT_FOUND: "Check the path: it is none of this source.",
    Reason.IP_NOT_ALLOWED: NOT_ALLOWED,
    Reason.CLIENT_CERTIFICATE: "Present the client certificate that the operator knows.",
    Reason.RATE_LIMITED: "Pause the whole queue for as long as Retry-After says, then send again.",
    Reason.MISSING_SIGNATURE: "Add the signature in the place that `signature.place` names.",
    Reason.BAD_SIGNATURE: "Compare your string with `signature.signed_string` byte by byte, then check the secret.",
    Reason.STALE_TIMESTAMP: "Sign right before you send, and check the clock of the sender.",
    Reason.FUTURE_TIMESTAMP: "Set the clock of the sender: it is ahead.",
    Reason.UNKNOWN_CLICK: "Send back the click id that came with the visitor; this one is unknown.",
    Reason.CONFLICT: "Use another transaction id for another conversion: this one is known with other values.",
    Reason.METHOD_NOT_ALLOWED: "Send a GET or a POST.",
    Reason.MALFORMED: "Correct the form of the request: `body` names the cause and the place.",
    Reason.MISSING_PARAMETER: "Add the parameter that `parameter` names.",
    Reason.INVALID_PARAMETER: "Correct the value of the parameter that `parameter` names.",
    Reason.DUPLICATE_PARAMETER: "Send the parameter that `parameter` names once.",
    Reason.UNRESOLVED_MACRO: "Fill the macro in the parameter that `parameter` names: it arrived unfilled.",
    Reason.UNSUPPORTED_VERSION: "Use a version of the API that the operator allows, or leave out v.",
    Reason.UNSUPPORTED_MEDIA_TYPE: "Send JSON or a form, with its Content-Type, in UTF-8 and not compressed.",
    Reason.PAYLOAD_TOO_LARGE: "Send a body of at most 64 KiB.",
    Reason.TIMEOUT: "Send the whole request faster.",
    Reason.UNAVAILABLE: "Send the same request again later.",
}
BY_CAUSE: Mapping[Cause, str] = {
    Cause.ENCODING: "Percent-encode the values as UTF-8.",
    Cause.NUL: "Remove the NUL character.",
    Cause.JSON_SYNTAX: "Send valid JSON: `byte_offset` in `body` is where it breaks.",
    Cause.JSON_STRUCTURE: "Send a JSON object at the top level.",
    Cause.JSON_NESTING: "Send a text or a number in place of the list or object.",
    Cause.JSON_DUPLICATE_KEY: "Send each name of the JSON object once.",
    Cause.TOO_MANY_PARAMETERS: "Send fewer than 100 parameters.",
    Cause.TOO_MANY_VALUES: "Send a body with at most 500 values.",
    Cause.BODY_ON_GET: "Send the GET without a body, or send a POST.",
    Cause.PARAMETERS_BESIDE_BODY: "Move the parameters from the query into the body.",
    Cause.SIGNED_TWICE: "Send each signed parameter once.",
    Cause.REQUEST_HEAD: "Send a valid HTTP request.",
    Cause.MEDIA_TYPE: "Send application/json or application/x-www-form-urlencoded, and say so in Content-Type.",
    Cause.CHARSET: "Send UTF-8, and no other charset in Content-Type.",
    Cause.CONTENT_ENCODING: "Send the body without compression.",
    Cause.NOTICE: "Nothing: this is a notice of the network and no conversion.",
    Cause.FUTURE: "Send the time of the event in UTC: it is more than an hour ahead.",
    Cause.NO_VALUE: "Send a real value: this one means that there is none.",
    Cause.OTHER_CLICK: "Send the click id that came with this transaction first.",
    Cause.DAMAGED_NAME: "Correct the name of the parameter: it is nearly one that Postledger knows.",
    Cause.PARTNER_TOKEN: "Send a partner token of this source as Authorization: Bearer plt_….",
    Cause.LEAKED_TOKEN: "Ask the operator for another token: this one was in a URL, which servers log.",
    Cause.PARAMETER_IN_VALUE: "Separate the parameters by &: one of them is inside the value of another.",
}
WRONG_TOKEN = "Check the token: it is no live secret of this source."  # noqa: S105 - a sentence
STATUS_CONFLICT = "Ask the operator: `fold` names the rule. Another transaction id would book a second conversion."
REFUND_CONFLICT = "Correct the refund: `fold` names the rule that it breaks."
SANDBOX_SIGNED = "Sign the address of production before you go live: this signature is for that of the sandbox."


def find_next(
    verdict: Verdict,
    refusal: Refusal | None,
    edge: EdgeStep,
    mistakes: Sequence[Mistake],
    *,
    on_conflict: str | None,
    on_value: str | None,
    is_token: bool,
    is_for_sandbox: bool,
) -> str:
    """Choose the sentence: the first mistake, else the refusal, else what production would still refuse.

    `on_conflict` and `on_value` are the sentences for a conflict and for a refused value, if more is known of it than
    its reason.
    """
    if mistakes:
        return mistakes[0].advice
    if refusal is not None:
        if is_token and refusal.reason is Reason.BAD_SIGNATURE:
            return WRONG_TOKEN
        by_cause = BY_CAUSE.get(refusal.cause) if refusal.cause is not None else None
        by_conflict = on_conflict if refusal.reason is Reason.CONFLICT else None
        return by_cause or by_conflict or on_value or BY_REASON[refusal.reason]
    if not edge.allowed:
        return NOT_ALLOWED
    return SANDBOX_SIGNED if is_for_sandbox else BY_VERDICT[verdict]
