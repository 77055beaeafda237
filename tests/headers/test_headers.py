"""Every distinct backend of the template, booted and asked."""

from pytest_saas_validate.battery.test_headers import *  # noqa: F403
