"""Every security check that is taken away in turn, gathered by what it protects.

``tests.support.removed_checks`` takes them away; this says what is edited and which tests should fail.
"""

from tests.support import (
    removals_admin,
    removals_dashboard,
    removals_engine,
    removals_events,
    removals_finding,
    removals_login,
    removals_logout,
    removals_oauth,
    removals_openid,
    removals_outside,
    removals_pages,
    removals_people,
    removals_records,
    removals_rules,
    removals_saml,
    removals_sign_in,
    removals_steps,
    removals_xml,
)

REMOVALS = (
    *removals_xml.REMOVALS,
    *removals_saml.REMOVALS,
    *removals_logout.REMOVALS,
    *removals_login.REMOVALS,
    *removals_openid.REMOVALS,
    *removals_people.REMOVALS,
    *removals_oauth.REMOVALS,
    *removals_steps.REMOVALS,
    *removals_rules.REMOVALS,
    *removals_records.REMOVALS,
    *removals_engine.REMOVALS,
    *removals_events.REMOVALS,
    *removals_finding.REMOVALS,
    *removals_admin.REMOVALS,
    *removals_dashboard.REMOVALS,
    *removals_pages.REMOVALS,
    *removals_sign_in.REMOVALS,
    *removals_outside.REMOVALS,
)

ALL_TESTS = tuple(dict.fromkeys(test for removal in REMOVALS for test in removal.tests))
"""All that are asked, to see first that they pass with every check in place."""
