"""Every combination of the template, judged without running it."""

from pytest_saas_validate.battery.test_render import *  # noqa: F403
