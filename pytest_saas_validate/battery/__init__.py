"""The tests: run them by `--pyargs pytest_saas_validate.battery`, or import them into a module."""

from pytest_saas_validate.battery.test_alerts import *  # noqa: F403
from pytest_saas_validate.battery.test_backup import *  # noqa: F403
from pytest_saas_validate.battery.test_containers import *  # noqa: F403
from pytest_saas_validate.battery.test_headers import *  # noqa: F403
from pytest_saas_validate.battery.test_identity import *  # noqa: F403
from pytest_saas_validate.battery.test_manifests import *  # noqa: F403
from pytest_saas_validate.battery.test_render import *  # noqa: F403
from pytest_saas_validate.battery.test_sentry import *  # noqa: F403
