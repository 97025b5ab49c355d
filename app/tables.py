"""Imports every `models.py`: a flush or a migration must know all tables."""

from app.access import models as access
from app.alarms import models as alarms
from app.applications import models as applications
from app.assessment import models as assessment
from app.backtests import models as backtests
from app.calendar_changes import models as calendar_changes
from app.calendars import models as calendars
from app.departments import models as departments
from app.feeds import models as feeds
from app.findings import models as findings
from app.items import models as items
from app.kit import idempotency, now, sealing
from app.kit.columns import Base
from app.lookup import models as lookup
from app.outbox import models as outbox
from app.proof import models as proof
from app.supervision import models as supervision

__all__ = [
    "access",
    "alarms",
    "applications",
    "assessment",
    "backtests",
    "calendar_changes",
    "calendars",
    "departments",
    "feeds",
    "findings",
    "idempotency",
    "items",
    "lookup",
    "metadata",
    "now",
    "outbox",
    "proof",
    "sealing",
    "supervision",
]

metadata = Base.metadata
