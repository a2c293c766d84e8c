"""Values in, values out: hashing, matching, law, logs. No Django, sockets, clock, environment or logging."""
