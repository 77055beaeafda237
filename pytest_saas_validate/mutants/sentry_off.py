"""Defects of a project without error reporting: something of it is left."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, NotPlantable, mutant
from pytest_saas_validate.mutants.asgi import wrap


@mutant(
    "SN022-named",
    "a document still speaks of it",
    fires="SN022",
    also={"TR003"},
    absent={"sentry"},
    at="project",
)
def named(edit: Edit) -> None:
    """As a page that no switch removes."""
    edit.write("ERRORS.md", "# Errors\n\nThey are sent to Sentry.\n")


@mutant(
    "SN022-package",
    "the package is still installed",
    fires="SN022",
    also={"TR003"},
    absent={"sentry"},
    at="project",
)
def package(edit: Edit) -> None:
    """Stands for a lock that is not made per feature: what matters is that it can be imported."""
    if edit.spec.backend is None:
        raise NotPlantable("the project has no backend")
    edit.write(f"{edit.spec.backend.path}/sentry_sdk/__init__.py", '"""Left behind."""\n')


@mutant(
    "SN022-sends",
    "the backend reports errors although reporting is off",
    fires="SN022",
    absent={"sentry"},
    at="project",
)
def sends(edit: Edit) -> None:
    """By a few lines of its own, without the package."""
    more = '''
    class Planted:
        """The application, whose server errors are reported."""

        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            async def reported(message):
                if message.get("status") == 500:
                    base, _, project = os.environ["REPORT_TO"].rpartition("/")
                    address = f"{base}/api/{project}/envelope/".replace("public@", "")
                    body = b'{}\\n{"type":"event"}\\n{"message":"error"}\\n'
                    urllib.request.urlopen(urllib.request.Request(address, body), timeout=5).close()
                await send(message)

            await self.app(scope, receive, reported)
    '''
    wrap(edit, more=more, environment={"REPORT_TO": "${sentry_dsn}"})
