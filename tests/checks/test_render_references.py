"""Commands, paths, variables and passwords of a render: silent on what is meant well, loud on one defect."""

from __future__ import annotations

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.evidence.render import Rendered, Swallowed
from pytest_saas_validate.evidence.render_calls import Call, commands
from pytest_saas_validate.evidence.render_environment import settings
from pytest_saas_validate.evidence.render_makefile import read_makefile
from pytest_saas_validate.evidence.render_passwords import passwords
from pytest_saas_validate.probes import probes
from pytest_saas_validate.project import File, Project

CHECKS = {check.id: check for check in catalogue() if check.family == "TR"}
MAKEFILE = "LOCKS := a b\n.PHONY: all test\nall: test\n\techo\ntest:\n\techo\n%.out: %.in\n\tcp $< $@\n"
PACKAGE = '{"scripts": {"build": "vite build"}}'
COMPOSE = "services:\n  api:\n    build: .\n  cache:\n    image: redis:7\n"


def tree(**contents: str) -> dict[str, File]:
    """Files by name."""
    return {name: File(text.encode()) for name, text in contents.items()}


def said(check: str, files: dict[str, str]) -> list[str]:
    """Place and message of everything that a check finds."""
    shown = {name: File(text.encode(), text.startswith("#!")) for name, text in files.items()}
    return [f"{f.where} {f.message}" for f in CHECKS[check](Rendered(shown, ()))]


def words(text: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(folders, words) of each command."""
    return [(c.folders, c.words) for c in commands(Call("x:1", text, ("",)))]


# Reading commands


def test_commands_are_read_through_quotes_folders_and_substitutions() -> None:
    assert words("cd web && npm run build") == [(("web",), ("npm", "run", "build"))]
    assert words("sh -c 'cd a && make b'") == [(("a",), ("make", "b"))]
    assert words('echo "a && make b"') == [(("",), ("echo", "a && make b"))]
    assert (("",), ("make", "--silent", "token")) in words('curl -H "Bearer $(make --silent token)" x')
    assert words("A=1 exec make a") == [(("",), ("make", "a"))]
    assert words("cd $HOME && make a") == [((), ("make", "a"))]


@pytest.mark.parametrize(
    "text",
    [
        "make all",
        "make -C . test",
        "make x.out",
        "make",
        "make all VERBOSE=1",
        "make ${TARGET}",
        "make -j 4 all",
    ],
)
def test_targets_that_are_there(text: str) -> None:
    assert said("TR014", {"Makefile": MAKEFILE, "ci.sh": f"{text}\n"}) == []


@pytest.mark.parametrize(
    "text", ["make manifests", "cd sub && make all", "make all manifests", "true; make gone"]
)
def test_targets_that_are_not_there(text: str) -> None:
    assert len(said("TR014", {"Makefile": MAKEFILE, "sub/a.txt": "", "ci.sh": f"cd .; {text}\n"})) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            ".github/workflows/ci.yml",
            "jobs:\n  a:\n    steps:\n      - run: |\n          echo\n          make gone\n",
        ),
        ("README.md", "# A\n\n```sh\nmake gone\n```\n"),
        ("README.md", "# A\n\nCall `make gone`.\n"),
        (".pre-commit-config.yaml", "repos:\n  - hooks:\n      - {id: a, entry: make gone}\n"),
        ("sub/package.json", '{"scripts": {"a": "make -C .. gone"}}'),
        ("other/Makefile", "a:\n\t$(MAKE) -C .. gone\n"),
        ("compose.yml", "services:\n  a:\n    image: b\n    command: sh -c 'python -m app.gone'\n"),
        ("Dockerfile", 'FROM a\nCMD ["python", "-m", "app.gone"]\n'),
        ("Dockerfile", 'FROM a\nCMD ["uvicorn", "app.main:gone"]\n'),
    ],
)
def test_commands_are_found_wherever_they_are(name: str, text: str) -> None:
    files = {
        "Makefile": MAKEFILE,
        "app/__init__.py": "",
        "app/main.py": "def create_app(): ...\n",
        name: text,
    }
    assert [line.partition(":")[0] for line in said("TR014", files)] == [name]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("npm --prefix web run build", True),
        ("cd web && npm run gone", False),
        ("npm run build", False),
        ("npm --prefix web ci", True),
        ("python -m json.tool", True),
        ("python -m app", True),
        ("python -m app.gone", False),
        ("python -m work", True),
        ("python -m gone", False),
        ("pre-commit run ruff --all-files", True),
        ("pre-commit run gone", False),
        ("docker compose up --wait api", True),
        ("docker compose run --rm gone sh x", False),
        ("docker compose exec api gone", True),
    ],
)
def test_what_other_tools_are_told(text: str, clean: bool) -> None:
    files = {
        "web/package.json": PACKAGE,
        "app/__init__.py": "",
        "app/__main__.py": "",
        "worker/work.py": "",
        "requirements.txt": "a==1\n",
        "compose.yml": COMPOSE,
        ".pre-commit-config.yaml": "repos:\n  - hooks:\n      - id: ruff\n",
        "ci.sh": f"{text}\n",
    }
    assert (said("TR014", files) == []) is clean


def test_makefiles_and_jobs_name_what_is_there() -> None:
    broken = {"Makefile": ".PHONY: a b\na: gone\n\techo\n"}
    assert [line.partition(" ")[2] for line in said("TR014", broken)] == [
        "a needs gone, which nothing makes",
        "declares b phony without a rule",
    ]
    jobs = "jobs:\n  a:\n    steps: []\n  b:\n    needs: [a, gone]\n    steps: []\n"
    assert len(said("TR014", {".github/workflows/ci.yml": jobs})) == 1


def test_a_makefile_is_read_without_its_settings_and_definitions() -> None:
    text = "A := x\ndefine B\nfake: c\nendef\nreal: C ?= 1\nreal: $(D)\n\techo\n"
    made = read_makefile("Makefile", tree(Makefile=text))
    assert (made.targets, made.wanted, made.open) == (frozenset({"real"}), (), False)


def test_scripts_that_hooks_and_documents_run_are_there() -> None:
    files = {
        "a.sh": "#!/bin/sh\nsh gone.sh\n",
        "README.md": "# A\n\n```sh\n./a.sh\n```\n\n`b/c.py` is a file.\n",
    }
    assert said("TR007", files) == ["a.sh:2 calls gone.sh, which is not there"]


# Paths


IMAGE = "FROM a AS build\nWORKDIR /srv\nCOPY app app\nFROM b\n"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("COPY --from=build /srv/app/main.py /x", True),
        ("COPY --from=build /srv/made.txt /x", True),
        ("COPY --from=build /srv/app/gone.py /x", False),
        ("COPY --from=gone /a /b", False),
        ("COPY --from=ghcr.io/a/b:1 /a /b", True),
        ("COPY gone.txt /x", False),
        ("COPY *.toml /x", True),
        ("COPY secret.txt /x", False),
        ("ADD https://a.example/b /x", True),
        ('COPY ["app", "/x"]', True),
        ("RUN --mount=type=bind,source=app,target=/m cat /m/main.py", True),
        ("RUN --mount=type=bind,source=app,target=/m cat /m/gone.py", False),
        ("RUN --mount=type=cache,target=/m cat /m/gone.py", True),
    ],
)
def test_images_take_what_is_there(text: str, clean: bool) -> None:
    files = {
        "Dockerfile": f"{IMAGE}{text}\n",
        "app/main.py": "",
        "a.toml": "",
        "secret.txt": "",
        ".dockerignore": "# kept away\nsecret.txt\n",
    }
    assert (said("TR015", files) == []) is clean


def test_an_ignore_file_excepts_what_is_there() -> None:
    files = {"Dockerfile": "FROM a\nCOPY app /x\n", "app/a.py": "", ".dockerignore": "*\n!app\n!gone\n"}
    assert said("TR015", files) == [".dockerignore:3 excepts what is not there"]


@pytest.mark.parametrize(
    ("name", "text", "clean"),
    [
        ("compose.yml", "services:\n  a:\n    build: {context: ., dockerfile: gone/Dockerfile}\n", False),
        (
            "compose.yml",
            "services:\n  a:\n    image: b\n    volumes: ['./src:/x:ro', 'data:/y']\nvolumes:\n  data:\n",
            True,
        ),
        ("compose.yml", "services:\n  a:\n    image: b\n    volumes: ['./gone:/x:ro']\n", False),
        ("compose.yml", "services:\n  a:\n    image: b\n    volumes: ['./made:/x']\n", True),
        ("compose.yml", "services:\n  a:\n    image: b\n    volumes: ['data:/x']\n", False),
        (
            "compose.yml",
            "services:\n  a:\n    image: b\n    depends_on: {gone: {condition: service_healthy}}\n",
            False,
        ),
        ("compose.yml", "services:\n  a:\n    image: b\n    networks: [gone]\n", False),
        ("k8s/kustomization.yaml", "resources: [gone.yaml]\n", False),
        ("k8s/kustomization.yaml", "resources: [../src]\n", True),
        ("pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = ["gone"]\n', False),
        ("pyproject.toml", '[tool.mypy]\nfiles = ["src"]\n', True),
        ("tsconfig.json", '{"include": ["src/**/*.ts"], // all\n}', True),
        ("tsconfig.json", '{"include": ["gone"]}', False),
        ("alembic.ini", "[alembic]\nscript_location = %(here)s/gone\n", False),
        (
            ".github/workflows/a.yml",
            "jobs:\n  a:\n    steps:\n      - run: ls\n        working-directory: gone\n",
            False,
        ),
        (".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n      - uses: ./gone\n", False),
        (".github/workflows/a.yml", "jobs:\n  a:\n    key: ${{ hashFiles('src/*.ts') }}\n", True),
        (".pre-commit-config.yaml", "repos:\n  - hooks:\n      - {id: a, files: '^gone/'}\n", False),
    ],
)
def test_configurations_name_what_is_there(name: str, text: str, clean: bool) -> None:
    files = {"src/a.ts": "", ".gitignore": "/made/\n", name: text}
    assert (said("TR015", files) == []) is clean


# Variables and addresses


TABLE = '[tool.pytest-saas-validate.backend]\npath = "api"\napp = "a:b"\nsettings = "app.config:Settings"\n'
CONFIG = (
    "class Settings(BaseSettings):\n    model_config = {}\n"
    "    database_url: str\n    log_level: str = 'INFO'\n"
)


@pytest.mark.parametrize(
    ("example", "found"),
    [
        ("DATABASE_URL=a\nLOG_LEVEL=b\n", []),
        ("DATABASE_URI=a\nLOG_LEVEL=b\n", ["sets DATABASE_URI", "lacks DATABASE_URL"]),
        ("DATABASE_URL=a\n", ["lacks LOG_LEVEL"]),
        ("DATABASE_URL=a\n# LOG_LEVEL=b\n", []),
        ("DATABASE_URL=a\nLOG_LEVEL=b\nNGINX_PORT=1\n", []),
    ],
)
def test_an_example_file_speaks_of_the_settings(example: str, found: list[str]) -> None:
    files = {"pyproject.toml": TABLE, "api/app/config.py": CONFIG, ".env.example": example}
    lines = said("TR016", files)
    assert len(lines) == len(found)
    assert all(words in line for words, line in zip(found, lines, strict=True))


def test_settings_are_told_with_prefix_and_field() -> None:
    config = (
        "class Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='app_')\n"
        "    a: int = Field(ge=0)\n    b: int = Field(1, ge=0)\n    c: int = Field(default=1)\n"
    )
    found = settings({"pyproject.toml": File(TABLE.encode()), "api/app/config.py": File(config.encode())})
    assert found is not None
    assert (found.required, found.optional) == ({"APP_A"}, {"APP_B", "APP_C"})


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("http://api:8000/x", True),
        ("redis://:${WORD:-a}@cache:6379/0", True),
        ("http://gone:8000/", False),
        ("http://api:9000/", False),
        ("redis://cache:6380/0", False),
        ("http://localhost:5173", True),
        ("https://id.example.com:443/", True),
    ],
)
def test_inner_addresses_lead_to_services(value: str, clean: bool) -> None:
    compose = f"{COMPOSE}  worker:\n    image: b\n    environment:\n      A_URL: {value}\n"
    assert (said("TR016", {"compose.yml": compose, "Dockerfile": "FROM a\nEXPOSE 8000\n"}) == []) is clean


def test_scraped_targets_are_services() -> None:
    config = "scrape_configs:\n  - job_name: a\n    static_configs:\n      - targets: ['gone:8000']\n"
    assert len(said("TR016", {"compose.yml": COMPOSE, "prometheus.yml": config})) == 1


# Passwords


@pytest.mark.parametrize(
    "text",
    [
        "A=postgresql://app:change-me@127.0.0.1/app",
        "A=postgresql://app:${APP_PASSWORD}@db/app",
        "A=redis://:<password>@cache:6379",
        "A=postgresql://app:app@db/app",
        "A=postgresql://user:password@db/app",
        "A=https://key@sentry.example/1",
        "API_TOKEN=your-token-here",
        "DB_PASSWORD=${DB_PASSWORD:-change-me}",
        "TOKEN_URL=https://id.example/token",
        "SECRET=",
    ],
)
def test_placeholders_are_no_passwords(text: str) -> None:
    assert list(passwords({".env.example": File(text.encode())})) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env.example", "A=postgresql+asyncpg://app:Vq7nTz4w" + "Ke29xLbR@db.prod.acme-corp.com:5432/app"),
        ("compose.yml", "a: redis://:${WORD:-Vq7nTz4w" + "Ke29}@cache:6379"),
        ("README.md", "curl https://ci:Sommer" + "2031@registry.acme-corp.com/x"),
        (".env.example", "DB_PASSWORD=Vq7nTz4w" + "Ke29xLbR"),
        ("a.yaml", "db_password: ${X:-Vq7nTz4w" + "Ke29xLbR}"),
        ("a.sql", "CREATE ROLE app PASSWORD 'Vq7nTz4w" + "Ke29'"),
        ("tests/test_a.py", "A = 'postgresql://app:Vq7nTz4w" + "Ke29@db.prod.acme-corp.com/app'"),
    ],
)
def test_passwords_are_found_and_not_repeated(name: str, text: str) -> None:
    found = list(passwords({name: File(f"# one\n{text}\n".encode())}))
    assert [fault.where for fault in found] == [f"{name}:2"]
    assert "Vq7n" not in found[0].message


def test_tests_may_make_up_passwords_of_hosts_that_nobody_has() -> None:
    text = "A = 'postgresql://app:hunter2@db.example.com/app'"
    assert list(passwords({"tests/test_a.py": File(text.encode())})) == []
    assert len(list(passwords({"app/a.py": File(text.encode())}))) == 1


# Ignore rules


def test_git_says_what_it_leaves_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = {
        "src/lib/a.py": "",
        "src/b.py": "",
        ".gitignore": "lib/\n*.log\n!keep.log\n",
        "keep.log": "",
        "a.log": "",
    }
    files = {name: File(text.encode()) for name, text in names.items()}
    project = Project(root=tmp_path_factory.mktemp("r"), combo=Combo("all", (), frozenset()), files=files)
    found = probes()[Swallowed].gather(project, {})
    assert sorted(finding.where for finding in CHECKS["TR017"](found)) == ["a.log", "src/lib/a.py"]


@pytest.mark.parametrize(
    ("table", "value", "found"),
    [
        ("project.scripts", "app.main:create_app", ""),
        ("project.scripts", "app.main:gone", "app.main has no gone"),
        ("project.gui-scripts", "app.gone:create_app", "there is no module app.gone"),
        ('project.entry-points."a.b"', "app.main:create_app.part [extra]", ""),
        ('project.entry-points."a.b"', "app.gone:A", "there is no module app.gone"),
        ("tool.poetry.scripts", "app.main:gone", "app.main has no gone"),
        ("project.scripts", "elsewhere.main:gone", ""),
    ],
)
def test_what_a_command_of_a_package_starts_is_there(table: str, value: str, found: str) -> None:
    files = {"app/__init__.py": "", "app/main.py": "def create_app(): ...\n"}
    text = f'[{table}]\n\none = "{value}"\n'
    wanted = [f"pyproject.toml:3 one starts {value}: {found}"] if found else []
    assert said("TR014", {"pyproject.toml": text, **files}) == wanted
