"""Create the record: departments, items, applications with their history, alarms, keys and the audit trail."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.append_only import drop_function, protect

revision: str = "2026_11_25_0900"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"], unique=False)
    op.create_table(
        "calendar_editions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("layer_of", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("stated", sa.JSON(), nullable=False),
        sa.Column("supersedes", sa.Integer(), nullable=True),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_editions"),
    )
    op.create_index("uq_calendar_editions_calendar_edition", "calendar_editions", ["calendar", "edition"], unique=True)
    op.create_table(
        "change_moves",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tracking_number", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("from_at", INSTANT, nullable=True),
        sa.Column("to_at", INSTANT, nullable=True),
        sa.Column("overdue", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run", "place", name="pk_change_moves"),
    )
    op.create_table(
        "change_runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dry", sa.Boolean(), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("held_until", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_change_runs"),
    )
    op.create_index(
        "ix_change_runs_created_at",
        "change_runs",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NULL"),
        sqlite_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "suspensions",
        sa.Column("serial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("clocks", sa.JSON(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_suspensions"),
    )
    op.create_index("ix_suspensions_id", "suspensions", ["id", "serial"], unique=False)
    op.create_table(
        "clock_readings",
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("wall", INSTANT, nullable=False),
        sa.Column("elapsed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("boot", name="pk_clock_readings"),
    )
    op.create_table(
        "departments",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("division", sa.Text(), nullable=True),
        sa.Column("telephone", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("successor", sa.Text(), nullable=True),
        sa.Column("calendar", sa.Text(), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["departments.code"], name="fk_departments_parent_departments"),
        sa.ForeignKeyConstraint(["successor"], ["departments.code"], name="fk_departments_successor_departments"),
        sa.PrimaryKeyConstraint("code", name="pk_departments"),
    )
    op.create_index("ix_departments_parent", "departments", ["parent"], unique=False)
    op.create_table(
        "event_private",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", "seq", name="pk_event_private"),
    )
    op.create_table(
        "external_refs",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "ref", name="pk_external_refs"),
    )
    op.create_index("ix_external_refs_number", "external_refs", ["number"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("place", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "public_views",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_public_views"),
    )
    op.create_table(
        "query_code_tries",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_query_code_tries"),
    )
    op.create_index("ix_query_code_tries_began_at", "query_code_tries", ["began_at"], unique=False)
    op.create_table(
        "secret_check",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name="pk_secret_check"),
    )
    op.create_table(
        "service_clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("clock_start", INSTANT, nullable=True),
        sa.Column("offset_us", sa.BigInteger(), nullable=False),
        sa.Column("high_water", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_service_clock"),
    )
    op.create_table(
        "spans",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("to_at", INSTANT, nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("limit_amount", sa.Integer(), nullable=True),
        sa.Column("limit_unit", sa.Text(), nullable=True),
        sa.Column("extended", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("started_on", sa.Integer(), nullable=True),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("counts_from", sa.BigInteger(), nullable=False),
        sa.Column("used_before", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Integer(), nullable=True),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("latest_due_on", sa.Integer(), nullable=True),
        sa.Column("yellow_at", INSTANT, nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("stopped_at", INSTANT, nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("fixed", sa.Boolean(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=True),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", "clock", "stage", "round", "from_at", name="pk_spans"),
    )
    op.create_index(
        "ix_spans_once_due_at",
        "spans",
        ["due_at", "number", "clock", "stage", "round"],
        unique=False,
        postgresql_where=sa.text("state = 'running' AND (to_at IS NULL OR to_at > due_at)"),
        sqlite_where=sa.text("state = 'running' AND (to_at IS NULL OR to_at > due_at)"),
    )
    op.create_index(
        "ix_spans_stopped_at",
        "spans",
        ["stopped_at", "number"],
        unique=False,
        postgresql_where=sa.text("state IN ('met', 'missed')"),
        sqlite_where=sa.text("state IN ('met', 'missed')"),
    )
    op.create_index(
        "ix_spans_open_due_at",
        "spans",
        ["due_at", "number", "clock", "stage", "round"],
        unique=False,
        postgresql_where=sa.text("open AND party = 'agency'"),
        sqlite_where=sa.text("open AND party = 'agency'"),
    )
    op.create_index(
        "ix_spans_open_to_at",
        "spans",
        ["to_at"],
        unique=False,
        postgresql_where=sa.text("open AND to_at IS NOT NULL"),
        sqlite_where=sa.text("open AND to_at IS NOT NULL"),
    )
    op.create_index(
        "ix_spans_open_yellow_at",
        "spans",
        ["yellow_at", "due_at"],
        unique=False,
        postgresql_where=sa.text("open AND party = 'agency'"),
        sqlite_where=sa.text("open AND party = 'agency'"),
    )
    op.create_table(
        "stretches",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("to_at", INSTANT, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", "from_at", name="pk_stretches"),
    )
    op.create_index("ix_stretches_from_at", "stretches", ["from_at", "number"], unique=False)
    op.create_index("ix_stretches_department", "stretches", ["department", "number"], unique=False)
    op.create_table(
        "sweeps",
        sa.Column("sweeper", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.Column("raised", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sweeper", name="pk_sweeps"),
    )
    op.create_index("ix_sweeps_finished_at", "sweeps", ["finished_at"], unique=False)
    op.create_table(
        "applications",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("project_code", sa.Text(), nullable=True),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("receipt_rule", sa.Text(), nullable=False),
        sa.Column("submitted_at", INSTANT, nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("late_receipt", sa.Boolean(), nullable=False),
        sa.Column("query_code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("odd", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("known_from", INSTANT, nullable=False),
        sa.Column("rewritten_at", INSTANT, nullable=True),
        sa.Column("next_look_at", INSTANT, nullable=True),
        sa.Column("quarantined_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["department"], ["departments.code"], name="fk_applications_department_departments"),
        sa.PrimaryKeyConstraint("number", name="pk_applications"),
    )
    op.create_index("ix_applications_external_ref", "applications", ["external_ref"], unique=False)
    op.create_index(
        "ix_applications_next_look_at",
        "applications",
        ["next_look_at", "number"],
        unique=False,
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_index("ix_applications_project_code", "applications", ["project_code"], unique=False)
    op.create_index("ix_applications_recorded_at", "applications", ["recorded_at", "number"], unique=False)
    op.create_index("ix_applications_received_on", "applications", ["received_on", "number"], unique=False)
    op.create_index("ix_applications_submitted_at", "applications", ["submitted_at", "number"], unique=False)
    op.create_table(
        "department_tree",
        sa.Column("ancestor", sa.Text(), nullable=False),
        sa.Column("descendant", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ancestor"], ["departments.code"], name="fk_department_tree_ancestor_departments"),
        sa.ForeignKeyConstraint(["descendant"], ["departments.code"], name="fk_department_tree_descendant_departments"),
        sa.PrimaryKeyConstraint("ancestor", "descendant", name="pk_department_tree"),
    )
    op.create_index("ix_department_tree_descendant", "department_tree", ["descendant"], unique=False)
    op.create_table(
        "item_versions",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["department"], ["departments.code"], name="fk_item_versions_department_departments"),
        sa.PrimaryKeyConstraint("code", "version", name="pk_item_versions"),
    )
    op.create_index("ix_item_versions_department", "item_versions", ["department"], unique=False)
    op.create_table(
        "officers",
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department"], ["departments.code"], name="fk_officers_department_departments"),
        sa.PrimaryKeyConstraint("department", "section", "code", name="pk_officers"),
    )
    op.create_table(
        "sections",
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department"], ["departments.code"], name="fk_sections_department_departments"),
        sa.PrimaryKeyConstraint("department", "code", name="pk_sections"),
    )
    op.create_table(
        "backtests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("problem", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("beat_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_backtests"),
    )
    op.create_index("ix_backtests_asked_at", "backtests", ["asked_at"], unique=False)
    op.create_table(
        "alarms",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("rung", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("crossed_at", INSTANT, nullable=False),
        sa.Column("detected_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("withdrawn", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["number"], ["applications.number"], name="fk_alarms_number_applications"),
        sa.PrimaryKeyConstraint("number", "clock", "stage", "rung", "revision", name="pk_alarms"),
    )
    op.create_index("ix_alarms_changed_at", "alarms", ["changed_at"], unique=False)
    op.create_index(
        "ix_alarms_crossed_at", "alarms", ["crossed_at", "number", "clock", "stage", "rung", "revision"], unique=False
    )
    op.create_table(
        "feeds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["department"], ["departments.code"], name="fk_feeds_department_departments"),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
    )
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["department"], ["departments.code"], name="fk_subscribers_department_departments"),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_created_at", "messages", ["created_at"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("queued_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", INSTANT, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("delivered_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name="fk_deliveries_message_messages"),
        sa.ForeignKeyConstraint(["subscriber"], ["subscribers.id"], name="fk_deliveries_subscriber_subscribers"),
        sa.PrimaryKeyConstraint("message", "subscriber", name="pk_deliveries"),
    )
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["subscriber", "urgency", "queued_at", "message"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_deliveries_subscriber_queued_at", "deliveries", ["subscriber", "queued_at", "message"], unique=False
    )
    op.create_table(
        "events",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("rewrites_from", INSTANT, nullable=True),
        sa.Column("algorithm", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["applications.number"], name="fk_events_number_applications"),
        sa.PrimaryKeyConstraint("number", "seq", name="pk_events"),
    )
    op.create_index("ix_events_recorded_at", "events", ["recorded_at", "number", "seq"], unique=False)
    op.create_index(
        "ix_events_rewrites_from",
        "events",
        ["recorded_at", "rewrites_from", "number"],
        unique=False,
        postgresql_where=sa.text("rewrites_from IS NOT NULL"),
        sqlite_where=sa.text("rewrites_from IS NOT NULL"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_checkpoints"),
    )
    op.create_table(
        "checkpoint_leaves",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", "seq", name="pk_checkpoint_leaves"),
    )
    op.create_index("ix_checkpoint_leaves_n", "checkpoint_leaves", ["n", "number"], unique=False)
    op.create_table(
        "verifications",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("applications", sa.Integer(), nullable=True),
        sa.Column("events", sa.Integer(), nullable=True),
        sa.Column("broken", sa.Integer(), nullable=True),
        sa.Column("first", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("day", name="pk_verifications"),
    )
    op.create_table(
        "rule_events",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_rule_events"),
    )
    op.create_index("ix_rule_events_kind_key", "rule_events", ["kind", "key", "seq"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=True),
        sa.Column("alarm", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("by_rule", sa.Boolean(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("false_alarm", sa.Boolean(), nullable=False),
        sa.Column("next_look_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["department"], ["departments.code"], name="fk_orders_department_departments"),
        sa.ForeignKeyConstraint(["application"], ["applications.number"], name="fk_orders_application_applications"),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("origin", name="uq_orders_origin"),
    )
    op.create_index("ix_orders_issued_at", "orders", ["issued_at", "id"], unique=False)
    op.create_index("ix_orders_department", "orders", ["department", "issued_at", "id"], unique=False)
    op.create_index("ix_orders_application", "orders", ["application"], unique=False)
    op.create_index("ix_orders_alarm", "orders", ["alarm"], unique=False)
    op.create_index(
        "ix_orders_next_look_at",
        "orders",
        ["next_look_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_table(
        "order_events",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("algorithm", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_events_order_id_orders"),
        sa.PrimaryKeyConstraint("order_id", "seq", name="pk_order_events"),
    )
    op.create_table(
        "order_private",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_private_order_id_orders"),
        sa.PrimaryKeyConstraint("order_id", "seq", name="pk_order_private"),
    )
    op.create_table(
        "cards",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("recommends", sa.Boolean(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("crossed_at", INSTANT, nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("revoked", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_cards_order_id_orders"),
        sa.PrimaryKeyConstraint("id", name="pk_cards"),
    )
    op.create_index("ix_cards_order_id", "cards", ["order_id"], unique=False)
    op.create_index("ix_cards_given_at", "cards", ["given_at", "id"], unique=False)
    op.create_table(
        "supervision_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_supervision_rules"),
    )
    op.create_table(
        "scoring_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_scoring_rules"),
    )
    op.create_table(
        "targets",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["department"], ["departments.code"], name="fk_targets_department_departments"),
        sa.PrimaryKeyConstraint("year", "department", "version", name="pk_targets"),
    )
    op.create_table(
        "inspection_entries",
        sa.Column("inspection", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["department"], ["departments.code"], name="fk_inspection_entries_department_departments"
        ),
        sa.PrimaryKeyConstraint("inspection", "seq", name="pk_inspection_entries"),
    )
    op.create_index(
        "ix_inspection_entries_recorded_at", "inspection_entries", ["recorded_at", "inspection"], unique=False
    )
    op.create_table(
        "inspection_private",
        sa.Column("inspection", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection", "seq"],
            ["inspection_entries.inspection", "inspection_entries.seq"],
            name="fk_inspection_private_inspection_inspection_entries",
        ),
        sa.PrimaryKeyConstraint("inspection", "seq", name="pk_inspection_private"),
    )
    op.create_table(
        "finding_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_finding_rules"),
    )
    op.create_table(
        "findings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=True),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("compared", sa.JSON(), nullable=False),
        sa.Column("follows", sa.Text(), nullable=True),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["application"], ["applications.number"], name="fk_findings_application_applications"),
        sa.ForeignKeyConstraint(["department"], ["departments.code"], name="fk_findings_department_departments"),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
    )
    op.create_index("ix_findings_scope", "findings", ["scope"], unique=False)
    op.create_index("ix_findings_application", "findings", ["application"], unique=False)
    op.create_index("ix_findings_at", "findings", ["at", "id"], unique=False)
    op.create_index("ix_findings_department", "findings", ["department", "at", "id"], unique=False)
    op.create_index("ix_findings_follows", "findings", ["follows"], unique=False)
    op.create_table(
        "finding_stands",
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("to_at", INSTANT, nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["finding"], ["findings.id"], name="fk_finding_stands_finding_findings"),
        sa.PrimaryKeyConstraint("finding", "from_at", name="pk_finding_stands"),
    )
    op.create_table(
        "finding_reviews",
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("corrects", sa.Integer(), nullable=True),
        sa.Column("reviewed_at", INSTANT, nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("commitments", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["finding"], ["findings.id"], name="fk_finding_reviews_finding_findings"),
        sa.PrimaryKeyConstraint("finding", "seq", name="pk_finding_reviews"),
    )
    op.create_table(
        "finding_review_private",
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["finding"], ["findings.id"], name="fk_finding_review_private_finding_findings"),
        sa.PrimaryKeyConstraint("finding", "seq", name="pk_finding_review_private"),
    )
    op.create_table(
        "finding_facts",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("officer", sa.Text(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("received_day", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("timed", sa.Boolean(), nullable=False),
        sa.Column("rest", sa.Boolean(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=True),
        sa.Column("closes", sa.Integer(), nullable=True),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("elapsed", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_finding_facts"),
    )
    op.create_index("ix_finding_facts_day", "finding_facts", ["day", "number"], unique=False)
    op.create_index("ix_finding_facts_item", "finding_facts", ["item", "day", "number"], unique=False)
    op.create_table(
        "finding_periods",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "first", name="pk_finding_periods"),
    )
    op.create_table(
        "finding_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=True),
        sa.Column("reached", sa.Text(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("examined_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_finding_progress"),
    )
    protect("order_events", key=("order_id", "seq"))
    protect("scoring_rules", key=("version",))
    protect("inspection_entries", key=("inspection", "seq"))
    protect("targets", key=("year", "department", "version"))
    protect("finding_rules", key=("version",))
    protect("finding_reviews", key=("finding", "seq"))
    protect("supervision_rules", key=("version",))
    protect("rule_events", key=("seq",))
    protect("events", key=("number", "seq"))
    protect("checkpoints", key=("n",))
    protect("checkpoint_leaves", key=("number", "seq"))
    protect("item_versions", key=("code", "version"))
    protect("audit_entries", key=("id",))
    protect("calendar_editions", key=("id",))
    protect("suspensions", key=("serial",))


def downgrade() -> None:
    op.drop_table("finding_progress")
    op.drop_table("finding_periods")
    op.drop_table("finding_facts")
    op.drop_table("finding_review_private")
    op.drop_table("finding_reviews")
    op.drop_table("finding_stands")
    op.drop_table("findings")
    op.drop_table("finding_rules")
    op.drop_table("inspection_private")
    op.drop_table("inspection_entries")
    op.drop_table("targets")
    op.drop_table("scoring_rules")
    op.drop_table("supervision_rules")
    op.drop_table("cards")
    op.drop_table("order_private")
    op.drop_table("order_events")
    op.drop_table("orders")
    op.drop_table("rule_events")
    op.drop_table("verifications")
    op.drop_table("checkpoint_leaves")
    op.drop_table("checkpoints")
    op.drop_table("deliveries")
    op.drop_table("messages")
    op.drop_table("subscribers")
    op.drop_table("feeds")
    op.drop_table("events")
    op.drop_table("alarms")
    op.drop_table("backtests")
    op.drop_table("sections")
    op.drop_table("officers")
    op.drop_table("item_versions")
    op.drop_table("department_tree")
    op.drop_table("applications")
    op.drop_table("sweeps")
    op.drop_table("stretches")
    op.drop_table("spans")
    op.drop_table("service_clock")
    op.drop_table("secret_check")
    op.drop_table("query_code_tries")
    op.drop_table("public_views")
    op.drop_table("idempotency_keys")
    op.drop_table("external_refs")
    op.drop_table("event_private")
    op.drop_table("departments")
    op.drop_table("clock_readings")
    op.drop_table("suspensions")
    op.drop_table("change_runs")
    op.drop_table("change_moves")
    op.drop_table("calendar_editions")
    op.drop_table("audit_entries")
    op.drop_table("api_keys")
    drop_function()
