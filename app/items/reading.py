"""From the document of an item to what the law of time needs of it."""

from collections.abc import Sequence

from app.domain.items import (
    DEFAULT_WARN,
    ClockRule,
    Count,
    DueTime,
    EndRule,
    Extension,
    Item,
    OnExpiry,
    Party,
    ReceiptRule,
    Stage,
    StartRule,
    Warn,
    WarnKind,
)
from app.domain.units import Unit
from app.items.schemas import ClockDocument, CountDocument, ExtensionDocument, ItemDocument, StageDocument, WarnDocument

__all__ = ["count_of", "item_of"]

STAGE_CLOCK = "stage"


def item_of(document: ItemDocument, version: int) -> Item:
    """The item that a document orders; `rules.faults` has found nothing in it.

    A stage's clock starts with its `start_stage` and stops with its `complete_stage`; without `pauses_for` it has
    those of the promise, else of the statutory clock.
    """
    inherited = inherited_grounds(document.clocks)
    return Item.build(
        document.code or "",
        version,
        document.department or "",
        clocks=tuple(clock_of(clock) for clock in document.clocks),
        stages=tuple(stage_of(stage, inherited) for stage in document.stages),
        late_entry_limit=None if document.late_entry_limit is None else document.late_entry_limit.limit(),
        receipt_rule=ReceiptRule(document.receipt_rule),
    )


def inherited_grounds(clocks: Sequence[ClockDocument]) -> frozenset[str]:
    """The grounds that stop a stage which names none."""
    by_kind = {clock.kind: clock for clock in clocks}
    model = by_kind.get("promise") or by_kind.get("statutory")
    return frozenset() if model is None else frozenset(model.pauses_for)


def clock_of(clock: ClockDocument) -> ClockRule:
    """One clock of the whole item."""
    limit = clock.limit.limit()
    return ClockRule(
        kind=clock.kind,
        starts=clock.starts,
        stops=frozenset(clock.stops),
        limit=limit,
        count=count_of(clock.count, limit.unit),
        pauses_for=frozenset(clock.pauses_for),
        extension=extension_of(clock.extension),
        warn=warn_of(clock.warn),
        legal_basis=clock.legal_basis,
        party=Party(clock.party),
        on_expiry=OnExpiry(clock.on_expiry),
        restarts_on=frozenset(clock.restarts_on),
    )


def stage_of(stage: StageDocument, inherited: frozenset[str]) -> Stage:
    """One stage, with its clock where it has a limit."""
    clock = None
    if stage.limit is not None:
        limit = stage.limit.limit()
        clock = ClockRule(
            kind=STAGE_CLOCK,
            stage=stage.code,
            starts=f"started:{stage.code}",
            stops=frozenset({f"completed:{stage.code}"}),
            limit=limit,
            count=count_of(stage.count, limit.unit),
            pauses_for=inherited if stage.pauses_for is None else frozenset(stage.pauses_for),
            extension=extension_of(stage.extension),
            warn=warn_of(stage.warn),
            legal_basis=stage.legal_basis,
        )
    return Stage(
        stage.code,
        stage.name or stage.code,
        department=stage.department,
        section=stage.section,
        before_acceptance=stage.before_acceptance,
        clock=clock,
    )


def count_of(count: CountDocument | None, unit: Unit) -> Count:
    """The counting rule, what is left out by the unit's default; the end at the `same_time` stays where it is."""
    rule = Count.default(unit)
    if count is None:
        return rule
    due_time = rule.due_time if count.due_time is None else DueTime(count.due_time)
    end_rule = EndRule.KEEP if due_time is DueTime.SAME_TIME else rule.end_rule
    return Count(
        rule.start_rule if count.start_rule is None else StartRule(count.start_rule),
        end_rule if count.end_rule is None else EndRule(count.end_rule),
        due_time,
    )


def extension_of(extension: ExtensionDocument | None) -> Extension | None:
    """How far and how often the limit may be extended."""
    return None if extension is None else Extension(extension.amount, extension.times)


def warn_of(rungs: Sequence[WarnDocument] | None) -> tuple[Warn, ...]:
    """The rungs in their order; one working day before where nothing is said."""
    return DEFAULT_WARN if rungs is None else tuple(rung_of(rung) for rung in rungs)


def rung_of(rung: WarnDocument) -> Warn:
    """One rung; the share in thousandths, so that 0.8 of 5 days is 4 days and not 4.000…1."""
    if rung.before is not None:
        return Warn(WarnKind.BEFORE, rung.before.limit())
    if rung.after is not None:
        return Warn(WarnKind.AFTER, rung.after.limit())
    return Warn(WarnKind.AT_SHARE, share_thousandths=round((rung.at_share or 0) * 1000))
