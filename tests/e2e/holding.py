"""Makes pipelines stand still at chosen steps, by nothing but PostgreSQL.

with Held(database_url) as held:
    held.at("my-slug", "boot", "done")     # at the end of that step, before that is recorded
    ...
    held.release()

A trigger lets whoever writes such a line of the log wait for a lock that we have, each deployment for one of its own;
a deployment may be named before there is one. Whoever is killed meanwhile wrote nothing: their transaction ends with
them.
"""

import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import psycopg

LOCK = 8_675_309  # the first of a lock's two numbers, as in the triggers; the second one is the line's in `held`
PATIENCE = 180.0  # seconds for pipelines to get where they are to stand
LAUNCH = "launch"  # not a step: the moment between a launch and its task

TRIGGERS = """
CREATE TABLE IF NOT EXISTS held (id serial, slug text, step text, outcome text);
CREATE OR REPLACE FUNCTION hold_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(8675309, held.id)
    FROM held JOIN deployments_deployment deployment USING (slug)
    WHERE deployment.id = NEW.deployment_id AND step = NEW.step AND outcome = NEW.outcome;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION hold_task() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(8675309, held.id)
    FROM held JOIN deployments_deployment deployment USING (slug)
    WHERE step = 'launch' AND NEW.args_kwargs::text LIKE '%' || deployment.id || '%';
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER hold BEFORE INSERT OR UPDATE ON deploy_logs FOR EACH ROW EXECUTE FUNCTION hold_step();
CREATE OR REPLACE TRIGGER hold BEFORE INSERT ON django_tasks_database_dbtaskresult
    FOR EACH ROW EXECUTE FUNCTION hold_task();
"""
GONE = """
DROP TRIGGER IF EXISTS hold ON deploy_logs; DROP TRIGGER IF EXISTS hold ON django_tasks_database_dbtaskresult;
"""
WHERE = "SELECT slug, status, current_step, failure FROM deployments_deployment JOIN held USING (slug)"
STANDING = "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND NOT granted"


class Held:
    """What stands still, until it is released or the `with` ends."""

    def __init__(self, database_url: str) -> None:
        self.address = database_url
        self.expected: set[int] = set()

    def __enter__(self) -> Self:
        self.database = psycopg.connect(self.address, autocommit=True)
        self.database.execute(TRIGGERS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with suppress(psycopg.Error):
            self.release()
            self.database.execute(GONE)
        self.database.close()

    def at(self, slug: str, step: str, outcome: str) -> None:
        """Hold this deployment where that line is written: "running" is how a step begins, "done" how it ends."""
        line = "INSERT INTO held (slug, step, outcome) VALUES (%s, %s, %s) RETURNING id"
        with self.database.transaction():  # nobody sees the line before its lock is ours
            number = self._number(line, slug, step, outcome)
            self.database.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK, number))
        self.expected.add(number)

    def wait(self) -> None:
        """Until all stand where they should."""
        deadline = time.monotonic() + PATIENCE
        while not self.expected <= self._standing():
            assert time.monotonic() < deadline, f"Not all got to where they are held: {self._where()}"
            time.sleep(0.05)

    def id_of(self, slug: str) -> str:
        """The deployment's id, for who never got an answer to the launch."""
        row = self.database.execute("SELECT id::text FROM deployments_deployment WHERE slug = %s", (slug,)).fetchone()
        assert row, f"{slug} was not launched."
        return str(row[0])

    def release(self) -> None:
        """Let them go on, and hold nobody any more."""
        self.database.execute("DELETE FROM held")
        self.database.execute("SELECT pg_advisory_unlock_all()")
        self.expected = set()

    def _standing(self) -> set[int]:
        return {row[0] for row in self.database.execute(STANDING, (LOCK,))}

    def _number(self, query: str, *values: str) -> int:
        row = self.database.execute(query, values).fetchone()
        assert row
        return int(row[0])

    def _where(self) -> list[tuple[object, ...]]:
        return self.database.execute(WHERE).fetchall()
