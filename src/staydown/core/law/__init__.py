"""Law as data: one TOML file a regime, and the arithmetic of its clocks."""
