"""Matches the lines of a bank account with bills and receivables.

Passes run from the surest to the least sure one, each over every line, until none of them matches anything. The order
in which lines and items are given changes nothing. What remains is proposed, with reasons.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from postledger.reconciliation.rules.matching.board import Board
from postledger.reconciliation.rules.matching.by_number import match_named, match_overpaid
from postledger.reconciliation.rules.matching.by_payee import (
    match_all,
    match_near,
    match_only_item,
    match_singles,
    match_subset,
)
from postledger.reconciliation.rules.matching.proposals import Proposer
from postledger.reconciliation.rules.matching.returned import match_returned
from postledger.reconciliation.rules.matching.returned_in_part import match_returned_in_part
from postledger.reconciliation.rules.matching.subjects import Item, Line, Match, Outcome, Payee, Settled, Terms

_Pass = Callable[[Board, Sequence[Line]], Iterator[tuple[Line, Match]]]
_MatchOne = Callable[[Board, Line], Match | None]
OnProgress = Callable[[float, float | None], None]


def match_lines(
    lines: Iterable[Line],
    items: Sequence[Item],
    payees: Sequence[Payee] = (),
    settled: Iterable[Settled] = (),
    terms: Terms | None = None,
) -> list[Outcome]:
    """Return what becomes of each line, the oldest first.

    `settled`: lines that are matched already and stay so. What they pay is counted in `Item.paid`.
    """
    board = Board(lines, items, payees, settled, terms or Terms())
    _match_all_passes(board)
    proposer = Proposer(board)
    return [_conclude(board, proposer, line) for line in board.lines]


def _match_all_passes(board: Board) -> None:
    step = 0
    while step < len(_STEPS):
        # A bill that was returned, say, may be paid again by a later line, so the surest passes have their turn again.
        step = 0 if _run(board, _STEPS[step]) else step + 1


def _run(board: Board, passes: Iterable[_Pass]) -> bool:
    before = len(board.done)
    for match_some in passes:
        for line, match in match_some(board, board.list_waiting()):
            board.settle(line, match)
    return len(board.done) > before


def _one_by_one(match_one: _MatchOne) -> _Pass:
    def match_some(board: Board, lines: Sequence[Line]) -> Iterator[tuple[Line, Match]]:
        for line in lines:
            if match := match_one(board, line):
                yield line, match

    return match_some


def _of_payee(match_some: _Pass) -> _Pass:
    """Let lines that may pay for a payee have their turn, those whose account says so first."""

    def match_in_order(board: Board, lines: Sequence[Line]) -> Iterator[tuple[Line, Match]]:
        unnamed = [line for line in lines if not line.reversal and not board.named(line).items]
        yield from match_some(board, [line for line in unnamed if board.who(line).reason is None])
        yield from match_some(board, [line for line in unnamed if board.is_name_enough(line)])

    return match_in_order


_STEPS: tuple[tuple[_Pass, ...], ...] = (
    (
        _one_by_one(match_named),
        _of_payee(match_singles),
        _of_payee(_one_by_one(match_all)),
        _of_payee(_one_by_one(match_subset)),
        _of_payee(_one_by_one(match_near)),
    ),
    (_one_by_one(match_returned),),
    (_one_by_one(match_returned_in_part),),
    (_one_by_one(match_overpaid), _of_payee(_one_by_one(match_only_item))),
)


def _conclude(board: Board, proposer: Proposer, line: Line) -> Outcome:
    if match := board.done.get(line.key):
        return Outcome(line, match)
    return proposer.propose(line, _find_undone(board, line) if line.undone else None)


def _find_undone(board: Board, line: Line) -> Match | None:
    for passes in _STEPS:
        for match_some in passes:
            for _, match in match_some(board, [line]):
                return match
    return None
