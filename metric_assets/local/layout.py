"""Where the embedded stack keeps its files. Starting and stopping servers does not belong here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metric_assets.local.chdb_http.files import Files


@dataclass(frozen=True)
class Layout:
    """The files under one state folder."""

    home: Path

    @classmethod
    def of(cls, home: Path) -> Layout:
        """The layout of a home given in any spelling."""
        return cls(home.expanduser().resolve())

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "postgres"

    @property
    def clickhouse(self) -> Files:
        """The files of the ClickHouse server."""
        return Files(self.home)

    @property
    def logs(self) -> Path:
        """Where both servers write their logs."""
        return self.home / "logs"

    @property
    def postgres_log(self) -> Path:
        """PostgreSQL's log."""
        return self.logs / "postgres.log"

    @property
    def up_lock(self) -> Path:
        """Held by whoever starts or stops servers."""
        return self.home / "up.lock"
