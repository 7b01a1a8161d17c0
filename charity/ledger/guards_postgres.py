"""The ledger's functions, triggers and grants on PostgreSQL.

Tables belong to the owner; the application's role may read them and insert, nothing more. What
must change (totals, heads) changes in SECURITY DEFINER functions with a fixed ``search_path``.
Triggers are ``ENABLE ALWAYS``. Totals move once for each statement, grouped, in account order (a
row trigger needs two hundred times as long on one hot book).

Their plans are made once for a connection, when it may know little of the tables: they follow the
fresh rows into the indexes (no hash or merge join), or they would read whole tables at each batch.
For the same reason they count instead of asking EXISTS, which looks for a quick first row where
there is none to be found.
"""

# ruff: noqa: S608 - the SQL below is constant; only our own names are put into it

from __future__ import annotations

from sqlalchemy import Connection, text

_SET = {
    "search_path": "{schema}, pg_temp",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_DEFINER = "LANGUAGE plpgsql SECURITY DEFINER" + "".join(
    f" SET {name} = {value}" for name, value in _SET.items()
)
_ERROR = "USING ERRCODE = 'check_violation'"

FUNCTIONS: dict[str, str] = {
    "guard_append_only()": f"""RETURNS trigger {_DEFINER} AS $$ BEGIN
        RAISE EXCEPTION 'guard: append-only %', TG_TABLE_NAME {_ERROR};
        END $$""",
    "guard_account_born_empty()": f"""RETURNS trigger {_DEFINER} AS $$ BEGIN
        IF NEW.debits <> 0 OR NEW.credits <> 0 THEN
          RAISE EXCEPTION 'guard: account born with money' {_ERROR};
        END IF;
        RETURN NEW; END $$""",
    "guard_account_only_totals()": f"""RETURNS trigger {_DEFINER} AS $$ BEGIN
        IF (NEW.id, NEW.book_id, NEW.book_kind, NEW.code, NEW.kind, NEW.side, NEW.floored)
           IS DISTINCT FROM
           (OLD.id, OLD.book_id, OLD.book_kind, OLD.code, OLD.kind, OLD.side, OLD.floored) THEN
          RAISE EXCEPTION 'guard: append-only ledger_account' {_ERROR};
        END IF;
        RETURN NEW; END $$""",
    "guard_book_gets_head()": f"""RETURNS trigger {_DEFINER} AS $$ BEGIN
        INSERT INTO ledger_book_head (book_id, last_no) VALUES (NEW.id, 0);
        INSERT INTO ledger_numbered_head (book_id, last_no) VALUES (NEW.id, 0);
        RETURN NULL; END $$""",
    "guard_entries_in_order()": f"""RETURNS trigger {_DEFINER} AS $$
        DECLARE books bigint; moved bigint; BEGIN
        IF EXISTS (SELECT 1 FROM fresh f JOIN ledger_closed_period c USING (period)) THEN
          RAISE EXCEPTION 'guard: period closed' {_ERROR};
        END IF;
        IF EXISTS (SELECT kind, authorized, mode FROM fresh
                   EXCEPT SELECT k.code, k.authorized, d.mode
                     FROM ledger_kind k CROSS JOIN ledger_database d) THEN
          RAISE EXCEPTION 'guard: no such kind in this database' {_ERROR};
        END IF;
        IF EXISTS (SELECT 1 FROM fresh f WHERE f.corrects IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM ledger_entry e WHERE e.id = f.corrects AND e.book_id = f.book_id
               AND e.counts_as = f.counts_as AND e.amount_fen = f.amount_fen)) THEN
          RAISE EXCEPTION 'guard: correction does not mirror' {_ERROR};
        END IF;
        IF EXISTS (SELECT 1 FROM fresh f WHERE f.period !~ '^[0-9]{{4}}-(0[1-9]|1[0-2])$'
                   OR f.period < to_char(f.occurred_on, 'YYYY-MM')) THEN
          RAISE EXCEPTION 'guard: no such period' {_ERROR};
        END IF;
        WITH per AS (SELECT book_id, count(*) AS c, min(book_no) AS lo, max(book_no) AS hi
                     FROM fresh GROUP BY book_id),
        stepped AS (UPDATE ledger_book_head h SET last_no = per.hi FROM per
                    WHERE h.book_id = per.book_id AND per.lo = h.last_no + 1
                      AND per.hi = h.last_no + per.c RETURNING 1)
        SELECT (SELECT count(*) FROM per), (SELECT count(*) FROM stepped) INTO books, moved;
        IF books <> moved THEN
          RAISE EXCEPTION 'guard: book_no out of order' {_ERROR};
        END IF;
        RETURN NULL; END $$""",
    "guard_postings_whole()": f"""RETURNS trigger {_DEFINER} AS $$ BEGIN
        IF (
          SELECT count(*) FROM (SELECT entry_id, count(*) AS c, max(line) AS hi,
                                sum(amount_fen) AS s
                         FROM fresh GROUP BY entry_id) f
          JOIN ledger_entry e ON e.id = f.entry_id
          WHERE f.c <> e.posting_count OR f.hi <> e.posting_count OR f.s <> e.amount_fen) > 0 THEN
          RAISE EXCEPTION 'guard: posting does not fit its entry' {_ERROR};
        END IF;
        IF EXISTS (
          SELECT e.counts_as, e.kind = 'correction', d.book_kind, d.kind, c.kind
            FROM fresh f JOIN ledger_entry e ON e.id = f.entry_id
            JOIN ledger_account d ON d.id = f.debit_account_id
            JOIN ledger_account c ON c.id = f.credit_account_id
          EXCEPT SELECT kind, correction, book_kind, debit, credit FROM ledger_kind_pair) THEN
          RAISE EXCEPTION 'guard: kind does not post this' {_ERROR};
        END IF;
        UPDATE ledger_account a SET debits = a.debits + s.debits, credits = a.credits + s.credits
          FROM (SELECT account_id, sum(debits) AS debits, sum(credits) AS credits FROM (
                  SELECT debit_account_id AS account_id, amount_fen AS debits, 0 AS credits
                    FROM fresh
                  UNION ALL SELECT credit_account_id, 0, amount_fen FROM fresh) legs
                GROUP BY account_id ORDER BY account_id) s
          WHERE a.id = s.account_id;
        RETURN NULL; END $$""",
    "guard_numbers_in_order()": f"""RETURNS trigger {_DEFINER} AS $$
        DECLARE books bigint; moved bigint; BEGIN
        UPDATE ledger_head SET n = f.hi
          FROM (SELECT count(*) AS c, min(n) AS lo, max(n) AS hi FROM fresh) f
          WHERE f.lo = ledger_head.n + 1 AND f.hi = ledger_head.n + f.c;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'guard: number out of order' {_ERROR};
        END IF;
        IF (SELECT count(*) FROM (
             SELECT e.book_no, h.last_no + row_number() OVER (PARTITION BY e.book_id ORDER BY f.n)
                    AS expected
             FROM fresh f JOIN ledger_entry e ON e.id = f.entry_id
             JOIN ledger_numbered_head h ON h.book_id = e.book_id) o
           WHERE o.book_no <> o.expected) > 0 THEN
          RAISE EXCEPTION 'guard: number out of the order of its book' {_ERROR};
        END IF;
        UPDATE ledger_numbered_head h SET last_no = h.last_no + per.c
          FROM (SELECT e.book_id, count(*) AS c FROM fresh f
                JOIN ledger_entry e ON e.id = f.entry_id GROUP BY e.book_id) per
          WHERE h.book_id = per.book_id;
        INSERT INTO ledger_numbered_total AS t (book_id, kind, account_id, debits, credits, entries)
          SELECT m.book_id, m.counts_as, m.account_id, sum(m.debits), sum(m.credits),
                 sum(sign(m.debits - m.credits))
          FROM (
            SELECT e.id, e.book_id, e.counts_as, legs.account_id, sum(legs.debits) AS debits,
                   sum(legs.credits) AS credits
            FROM fresh f JOIN ledger_entry e ON e.id = f.entry_id
            JOIN ledger_posting p ON p.entry_id = e.id
            CROSS JOIN LATERAL (VALUES (p.debit_account_id, p.amount_fen, 0),
              (p.credit_account_id, 0, p.amount_fen)) AS legs (account_id, debits, credits)
            GROUP BY 1, 2, 3, 4) m
          GROUP BY 1, 2, 3
          ON CONFLICT (book_id, kind, account_id) DO UPDATE SET
            debits = t.debits + excluded.debits, credits = t.credits + excluded.credits,
            entries = t.entries + excluded.entries;
        RETURN NULL; END $$""",
    "ledger_lock(ids bigint[])": f"""RETURNS void {_DEFINER} AS $$ BEGIN
        PERFORM 1 FROM ledger_book_head WHERE book_id = ANY(ids) ORDER BY book_id FOR UPDATE;
        END $$""",
    "ledger_open_book(id bigint, kind text, currency text, campaign text, unit text,"
    " matching boolean, opened_at timestamptz)": f"""RETURNS void {_DEFINER} AS $$ BEGIN
        INSERT INTO ledger_book (id, kind, currency, campaign, unit, matching, opened_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7);
        END $$""",
    "ledger_open_account(id bigint, book_id bigint, code text)": f"""RETURNS void {_DEFINER} AS $$
        BEGIN
        INSERT INTO ledger_account (id, book_id, book_kind, code, kind, side, floored)
          SELECT $1, b.id, b.kind, $3, c.kind, c.side, c.floored
          FROM ledger_book b, ledger_chart c
          WHERE b.id = $2 AND c.kind = split_part($3, ':', 1)
          ON CONFLICT ON CONSTRAINT uq_ledger_account_book_id_code DO NOTHING;
        END $$""",
    "ledger_close_period(period text, closed_at timestamptz, actor_id text)": f"""RETURNS void
        {_DEFINER} AS $$ BEGIN
        LOCK TABLE ledger_entry IN SHARE MODE;
        INSERT INTO ledger_closed_period (period, closed_at, actor_id) VALUES ($1, $2, $3);
        END $$""",
}

TRIGGERS: dict[str, str] = {
    "ledger_account_born_empty": """BEFORE INSERT ON ledger_account
        FOR EACH ROW EXECUTE FUNCTION guard_account_born_empty()""",
    "ledger_account_only_totals": """BEFORE UPDATE ON ledger_account
        FOR EACH ROW EXECUTE FUNCTION guard_account_only_totals()""",
    "ledger_account_stays": """BEFORE DELETE OR TRUNCATE ON ledger_account
        FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only()""",
    "ledger_book_gets_head": """AFTER INSERT ON ledger_book
        FOR EACH ROW EXECUTE FUNCTION guard_book_gets_head()""",
    "ledger_entry_in_order": """AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION guard_entries_in_order()""",
    "ledger_posting_whole": """AFTER INSERT ON ledger_posting REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION guard_postings_whole()""",
    "ledger_number_in_order": """AFTER INSERT ON ledger_number REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION guard_numbers_in_order()""",
}


def _wanted_triggers(tables: list[str]) -> dict[str, str]:
    wanted = {
        f"{table}_append_only": f"BEFORE DELETE OR UPDATE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only()"
        for table in tables
    }
    return {**TRIGGERS, **wanted}


def _run(conn: Connection, statement: str) -> None:
    """Run a statement without parameters: the driver would read a lone % as one."""
    conn.exec_driver_sql(statement.replace("%", "%%"))


def _table_of(body: str) -> str:
    return body.split(" ON ", 1)[1].split(maxsplit=1)[0]


def install(conn: Connection, tables: list[str]) -> None:
    """Make every function and trigger anew, triggers ``ENABLE ALWAYS``."""
    schema = conn.scalar(text("SELECT current_schema()"))
    for signature, body in FUNCTIONS.items():
        statement = f"CREATE OR REPLACE FUNCTION {signature} {body}"
        _run(conn, statement.replace("{schema}", f'"{schema}"'))
        # Definer functions are for the application's role alone (granted below).
        name = signature.split("(", 1)[0]
        _run(conn, f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    for name, body in _wanted_triggers(tables).items():
        table = _table_of(body)
        _run(conn, f"DROP TRIGGER IF EXISTS {name} ON {table}")
        _run(conn, f"CREATE TRIGGER {name} {body}")
        _run(conn, f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def grant(
    conn: Connection, role: str, *, append_only: list[str], read_only: tuple[str, ...]
) -> None:
    """Grant the application's role what it needs; take back everything else."""
    quoted = conn.dialect.identifier_preparer.quote(role)
    schema = conn.dialect.identifier_preparer.quote(conn.scalar(text("SELECT current_schema()")))
    _run(conn, f"GRANT USAGE ON SCHEMA {schema} TO {quoted}")
    _run(conn, f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {quoted}")
    # A temporary table would stand in a table's place for all that its connection reads later.
    # Only who owns the database can take this right back; elsewhere its administrator does.
    owns = text(
        "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
    )
    if conn.scalar(owns):
        database = conn.dialect.identifier_preparer.quote(
            conn.scalar(text("SELECT current_database()"))
        )
        _run(conn, f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")
    names = conn.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    ).all()
    for name in names:
        if name in read_only or name == "alembic_version":
            rights = "SELECT"
        elif name in append_only:
            rights = "SELECT, INSERT"
        else:
            rights = "SELECT, INSERT, UPDATE, DELETE"
        _run(conn, f"GRANT {rights} ON {name} TO {quoted}")
    for signature in FUNCTIONS:
        name = signature.split("(", 1)[0]
        if name.startswith("ledger_"):
            _run(conn, f"GRANT EXECUTE ON FUNCTION {name} TO {quoted}")


def missing(conn: Connection, tables: list[str]) -> list[str]:
    """Triggers and functions that are gone, switched off, changed, or not of our list."""
    rows = conn.execute(
        text(
            "SELECT t.tgname, t.tgenabled, pg_get_triggerdef(t.oid), c.relnamespace::regnamespace"
            " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
        )
    )
    standing = {
        name: (enabled, " ".join(definition.replace(f" ON {schema}.", " ON ").split()))
        for name, enabled, definition, schema in rows
    }
    wanted = {
        name: ("A", " ".join(f"CREATE TRIGGER {name} {body}".split()))
        for name, body in _wanted_triggers(tables).items()
    }
    gone = [name for name, made in wanted.items() if standing.get(name) != made]
    gone += [name for name in standing if name not in wanted]
    return sorted(gone + _changed_functions(conn))


def _changed_functions(conn: Connection) -> list[str]:
    """Functions whose text, rights or settings are not as ``install`` makes them."""
    rows = conn.execute(
        text(
            "SELECT proname, prosrc, prosecdef, proconfig FROM pg_proc"
            " WHERE pronamespace = current_schema()::regnamespace"
        )
    )
    standing = {
        name: (" ".join(source.split()), definer, {each.replace('"', "") for each in made or ()})
        for name, source, definer, made in rows
    }
    schema = conn.scalar(text("SELECT current_schema()"))
    settings = {f"{name}={value}".replace("{schema}", schema) for name, value in _SET.items()}
    wanted = {
        signature.split("(", 1)[0]: (" ".join(body.split("$$")[1].split()), True, settings)
        for signature, body in FUNCTIONS.items()
    }
    return [name for name, made in wanted.items() if standing.get(name) != made]


def constraints(conn: Connection) -> set[str]:
    """Names of the validated constraints and of the unique indexes that stand."""
    rows = conn.execute(
        text(
            "SELECT conname FROM pg_constraint WHERE convalidated"
            " AND connamespace = current_schema()::regnamespace"
            " UNION SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indisunique AND i.indisvalid"
            " AND c.relnamespace = current_schema()::regnamespace"
        )
    )
    return {row[0] for row in rows}


def excess(conn: Connection, *, append_only: list[str], read_only: tuple[str, ...]) -> list[str]:
    """Rights the connected role has and the application must not; empty for the tables' owner."""
    owned = conn.scalar(
        text(
            "SELECT pg_has_role(tableowner, 'MEMBER') FROM pg_tables"
            " WHERE schemaname = current_schema() AND tablename = 'ledger_entry'"
        )
    )
    if owned:
        return []
    forbidden = [(table, right) for table in append_only for right in ("UPDATE", "DELETE")]
    forbidden += [(table, right) for table in read_only for right in ("INSERT", "UPDATE", "DELETE")]
    forbidden += [(table, "TRUNCATE, TRIGGER") for table in (*append_only, *read_only)]
    return [
        f"{right} on {table}"
        for table, right in forbidden
        if conn.scalar(
            text(
                "SELECT has_table_privilege(:name, :right)"
                " OR (:right = 'UPDATE' AND has_any_column_privilege(:name, :right))"
            ),
            {"name": table, "right": right},
        )
    ]
