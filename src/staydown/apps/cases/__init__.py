"""Reports and the cases they make: clocks, decisions, actions, outcomes and hits."""
