"""How long the readers are fuzzed: `make test` takes the default profile, `make fuzz` the one below."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fuzz", max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
