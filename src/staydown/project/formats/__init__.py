"""How days are written where we do not want it as Django has it, one folder a language."""
