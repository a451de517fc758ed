"""What is said while the session store gives no answer: 4xxx."""

from proxy.problems.problem import Problem

STORE_UNAVAILABLE = Problem(
    4000,
    503,
    "Sessions cannot be checked",
    "The session store has not answered, so nobody is let through for the moment.",
    "Wait a moment and reload this page. You stay signed in.",
)
