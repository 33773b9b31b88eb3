"""The table that a kill run prints."""

from collections import Counter
from collections.abc import Iterable

from domain.order import OrderStatus
from onebox.report import say
from trials.kill.books import Books
from trials.kill.client import Diary
from trials.kill.machine import Machine
from trials.kill.offence import Offence
from trials.kill.points import Points
from trials.kill.receiver import Receiver
from trials.kill.verdict import RULES


def say_table(
    books: Books, machine: Machine, diary: Diary, receiver: Receiver, found: list[Offence]
) -> None:
    """Print what happened and the counts that must be zero."""
    statuses = Counter(order.status for order in books.orders.values())
    rows: list[tuple[str, object]] = [
        ("buyers who came", diary.came),
        ("- who gave up", _counted(diary.gave_up)),
        ("orders", len(books.orders)),
        ("- paid", statuses[OrderStatus.PAID]),
        ("- cancelled", statuses[OrderStatus.CANCELLED]),
        ("- given back after they were paid", statuses[OrderStatus.REFUNDED]),
        ("- untouched", statuses[OrderStatus.CREATED]),
        ("payments captured", len(books.captures)),
        ("- given back", sum(not capture.kept_cents for capture in books.captures)),
        ("- set aside", sum(capture.is_set_aside for capture in books.captures)),
        ("refunds asked for", _counted(diary.asked)),
        ("refunds at Stripe", _counted(Counter(refund.status for refund in books.refunds))),
        ("disputes", _counted(Counter(dispute.status for dispute in books.disputes))),
        ("events for other systems", len(books.told)),
        ("- requests until they were taken", receiver.requests),
        ("findings of the reconciler", _actions(books, "drift_found")),
        ("for a person to look at", sum(order.needs_attention for order in books.orders.values())),
        ("processes killed", _counted(machine.killed)),
        ("ended by themselves", _counted(machine.fell)),
        ("what operators did", _counted(diary.pressed)),
        ("strange answers", _counted(diary.strange)),
    ]
    counts = Counter(offence.rule for offence in found)
    rows += [(f"**{rule}**: {meaning}", f"**{counts[rule]}**") for rule, meaning in RULES.items()]
    say("\n| what | how many |\n| --- | --- |")
    for name, value in rows:
        say(f"| {name} | {value} |")


def say_points(points: Points) -> None:
    """Print at how many points a worker died, and which ones nobody came by."""
    missed = set(points.wanted) - points.met()
    say(f"\nA worker died at {len(points.met())} of {len(points.wanted)} points.")
    if missed:
        say(f"None came by: {', '.join(sorted(missed))}.")


def say_duration(whole_seconds: float, settling_seconds: float) -> None:
    """Print how long it all took, and how long until nothing was in flight."""
    say(f"\n{whole_seconds:.0f} seconds, the last {settling_seconds:.0f} of them in calm.")


def say_offence(offence: Offence, story: Iterable[str]) -> None:
    """Print one broken promise and the history that led to it."""
    say(f"\n{offence.rule}: {offence.subject}: {offence.what}")
    for line in story:
        say(f"  {line}")


def _actions(books: Books, action: str) -> int:
    return sum(order.actions.count(action) for order in books.orders.values())


def _counted(counts: Counter[str]) -> str:
    each = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()) if count)
    return f"{counts.total()} ({each})" if each else "0"
