"""One core for task systems: states, leases, retries, schedules, stores and the engine."""
