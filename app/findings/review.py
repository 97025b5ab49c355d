"""A person's verdict on a finding: only added, linked, never by those whom the finding is about."""

from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit, rulebook
from app.access.actor import Actor
from app.access.scope import within
from app.applications.events import private_of
from app.domain.chain import Json
from app.findings import queries
from app.findings.models import Finding, FindingReview, FindingReviewPrivate
from app.findings.queries import Row
from app.findings.schemas import ReviewIn
from app.kit.problems import Problem
from app.kit.sealing import Sealer

__all__ = ["not_found", "review_finding", "sealed_name"]


def not_found() -> Problem:
    """One answer for a finding that does not exist and for one that the actor may not see."""
    return Problem(404, "not_found", "there is no such finding")


def sealed_name(finding: str, seq: int) -> bytes:
    """The place for which the private part of a review is sealed."""
    return f"finding_review/{finding}/{seq}".encode()


async def review_finding(
    tx: AsyncConnection, actor: Actor, id_: str, asked: ReviewIn, *, sealer: Sealer, now: datetime
) -> Row:
    """Add a review to a finding. Two at once: the later one gets 409, as it did not know of the first."""
    row = await queries.one(tx, id_, scope=within(actor, Finding.department), lock=True)
    if row is None:
        raise not_found()
    name = asked.actor or actor.name
    await refuse_concerned(tx, actor, row, name)
    if asked.corrects != (row.reviews or None):
        detail = (
            f"It was reviewed already: a correction names review {row.reviews}."
            if row.reviews
            else "It was not reviewed yet: there is nothing to correct."
        )
        raise Problem(409, "finding_reviewed", detail, extra={"current": {"reviews": row.reviews}})
    seq = row.reviews + 1
    private: dict[str, Json] = {"note": asked.note}
    if name:
        private["actor"] = name
    commitments, salted = private_of(private)
    values = {
        "finding": id_,
        "seq": seq,
        "verdict": asked.verdict,
        "corrects": asked.corrects,
        "reviewed_at": now,
        "reviewed_by": actor.credential,
        "role": str(actor.role),
        "commitments": commitments,
    }
    await tx.execute(insert(FindingReview), values)
    sealed = sealer.seal(salted, sealed_name(id_, seq))
    await tx.execute(insert(FindingReviewPrivate), {"finding": id_, "seq": seq, "sealed": sealed})
    await tx.execute(update(Finding).where(Finding.id == id_).values(reviews=seq))
    await rulebook.link_row(tx, FindingReview, FindingReview.finding == id_, FindingReview.seq == seq, now=now)
    await audit.record(tx, actor, "review_finding", id_, at=now, detail={"verdict": asked.verdict, "seq": seq})
    return row._replace(reviews=seq)


async def refuse_concerned(tx: AsyncConnection, actor: Actor, row: Row, name: str) -> None:
    """403 for the officer of a finding, for the officers of the section, and for a key of the department."""
    refusal = Problem(403, "finding_concerns_you", "whom a finding is about, and their section, does not review it")
    if actor.department is not None and actor.department == row.department:
        raise refusal
    named = folded(name)
    if not named:
        return
    for section, code, called in await queries.officers_of(tx, row.department):
        is_own = code == row.officer or (row.section is not None and section == row.section) or row.section is None
        if is_own and named in {folded(code), folded(called)}:
            raise refusal
    if row.officer is not None and named == folded(row.officer):
        raise refusal


def folded(name: str) -> str:
    """A name without what is easily written otherwise."""
    return "".join(name.split()).casefold()
