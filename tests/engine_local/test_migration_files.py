"""Which files decide what is in the database."""

from pathlib import Path

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines.local.database import migration_files
from pytest_saas_validate.project import File, Project

TABLE = b"[tool.pytest-saas-validate.backend]\npath = 'backend'\napp = 'app:app'\n"


def names(files):
    content = {name: File(text.encode()) for name, text in files.items()} | {"pyproject.toml": File(TABLE)}
    project = Project(root=Path("/nowhere"), combo=Combo("x", (), frozenset()), files=content)
    return {name for name, _ in migration_files(project)}


FILES = {
    "backend/alembic.ini": "[alembic]\nscript_location = %(here)s/migrations\n",
    "backend/migrations/env.py": "from app.models import Base\n",
    "backend/migrations/versions/0001.py": "from migrations.rls import protect\nimport sqlalchemy\n",
    "backend/migrations/rls.py": "",
    "backend/app/__init__.py": "",
    "backend/app/models.py": "from .names import NAMES\n",
    "backend/app/names.py": "",
    "backend/app/main.py": "from app.models import Base\n",
    "frontend/index.html": "",
}


def test_alembic_s_files_and_what_they_import():
    assert names(FILES) == set(FILES) - {"backend/app/main.py", "frontend/index.html"}


def test_the_whole_backend_where_there_is_no_alembic():
    files = {name: text for name, text in FILES.items() if name != "backend/alembic.ini"}
    assert names(files) == set(files) - {"frontend/index.html"}
