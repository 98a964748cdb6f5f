"""The closed list of usual mistakes in signing, and the search for those that explain a wrong signature.

No oracle: every comparison is of a whole digest in constant time, every key depends on the whole secret, and the number
of tries is bounded by the lengths of the messages alone. The caller asks only for the holder of a partner token.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, product
from typing import TypeVar

import msgspec

from postledger.signatures.examination import Examined, list_attempts
from postledger.signatures.mistake import KEY, Message, Mistake
from postledger.signatures.mistaken_codes import Code, list_codes
from postledger.signatures.mistaken_keys import KeyVariant, list_keys
from postledger.signatures.mistaken_strings import list_strings
from postledger.signatures.secret_key import Key

MAX_WORK = 3000
"""How much is tried, in units of one MAC of a short message: about 7 ms of CPU, or 16 ms on a busy machine."""
WORK_BETWEEN_RESTS = 100
"""About 0.3 ms of CPU."""
MAX_TEXT_BYTES = 3 * 512 * 1024
_BYTES_PER_UNIT = 2048
_ASYMMETRIC_UNITS = 100


class Diagnosis(msgspec.Struct, frozen=True):
    """The shortest list of mistakes that explains the signature, empty if none does; how many variants were tried."""

    mistakes: tuple[Mistake, ...]
    tried: int


def diagnose(
    examined: Examined, keys: Sequence[Key], retired: Sequence[str], known: Sequence[str], rest: Callable[[], None]
) -> Diagnosis:
    """Find the mistakes that explain a signature. `retired` are secrets of the same source.

    `known` are texts that the sender may have used as a key by mistake, such as its slug. They are no secrets. `rest`
    is called after each `WORK_BETWEEN_RESTS`, so that other work goes on meanwhile.
    """
    codes = list_codes(examined)
    if not codes:
        return Diagnosis((), 0)
    variants = list_keys(examined.scheme, keys, retired, known)
    messages = chain.from_iterable(map(list_strings, list_attempts(examined)))
    return _search(_order(_drop_equal(_take(messages)), variants, codes), rest)


def _take(messages: Iterable[Message]) -> Iterator[Message]:
    """Take messages while they are not too much text: to write those of a long request costs more than to try them."""
    length = 0
    for message in messages:
        length += len(message.text)
        if length > MAX_TEXT_BYTES:
            return
        yield message


def _drop_equal(messages: Iterable[Message]) -> list[Message]:
    """Keep the first of equal messages: it has the simplest name, and its length decides what can be tried."""
    found: dict[bytes, Message] = {}
    for message in messages:
        known = found.get(message.text)
        if known is None or len(message.mistakes) < len(known.mistakes):
            found[message.text] = message
    return list(found.values())


_Combination = tuple[Message, KeyVariant, Code]
_Variant = TypeVar("_Variant", Message, KeyVariant, Code)
_ALL, _USUAL = False, True
_PLAN = (
    ((1, _ALL), (0, _ALL), (0, _ALL)), ((0, _ALL), (1, _ALL), (0, _ALL)), ((0, _ALL), (0, _ALL), (1, _ALL)),
    ((1, _ALL), (0, _ALL), (1, _ALL)), ((0, _ALL), (1, _ALL), (1, _ALL)), ((0, _ALL), (2, _ALL), (0, _ALL)),
    ((1, _USUAL), (1, _USUAL), (0, _ALL)), ((0, _ALL), (0, _ALL), (2, _ALL)), ((2, _ALL), (0, _ALL), (0, _ALL)),
    ((1, _USUAL), (1, _ALL), (0, _ALL)), ((1, _ALL), (1, _USUAL), (0, _ALL)),
    ((1, _USUAL), (1, _USUAL), (1, _USUAL)), ((2, _ALL), (0, _ALL), (1, _USUAL)), ((1, _USUAL), (2, _USUAL), (0, _ALL)),
    ((0, _ALL), (1, _ALL), (2, _USUAL)), ((1, _USUAL), (0, _ALL), (2, _USUAL)), ((0, _ALL), (2, _ALL), (1, _USUAL)),
    ((2, _ALL), (1, _USUAL), (0, _ALL)), ((1, _USUAL), (1, _ALL), (1, _USUAL)), ((1, _USUAL), (1, _USUAL), (2, _USUAL)),
    ((1, _USUAL), (2, _USUAL), (1, _USUAL)), ((1, _ALL), (1, _ALL), (0, _ALL)), ((1, _ALL), (1, _USUAL), (1, _USUAL)),
    ((1, _ALL), (1, _ALL), (1, _USUAL)),
)  # fmt: skip
"""How many mistakes are in the string, in the key and in the code, and whether only usual ones count."""


def _order(messages: Sequence[Message], keys: Sequence[KeyVariant], codes: Sequence[Code]) -> Iterator[_Combination]:
    for in_string, in_key, in_code in _PLAN:
        yield from product(_choose(messages, *in_string), _choose(keys, *in_key), _choose(codes, *in_code))


def _choose(variants: Sequence[_Variant], count: int, is_usual: bool) -> list[_Variant]:
    return [one for one in variants if len(one.mistakes) == count and (one.is_usual or not is_usual)]


def _search(combinations: Iterable[_Combination], rest: Callable[[], None]) -> Diagnosis:
    tried, work, rest_at = 0, 0, WORK_BETWEEN_RESTS
    for message, key, code in combinations:
        work += _ASYMMETRIC_UNITS if code.is_asymmetric else 1 + len(message.text) // _BYTES_PER_UNIT
        if work > MAX_WORK:
            break
        if work > rest_at:
            rest()
            rest_at = work + WORK_BETWEEN_RESTS
        tried += 1
        text = (
            message.text.replace(KEY, key.material)
            if message.has_key and isinstance(key.material, bytes)
            else message.text
        )
        if code.matches(key.material, text):
            return Diagnosis((*message.mistakes, *key.mistakes, *code.mistakes), tried)
    return Diagnosis((), tried)
