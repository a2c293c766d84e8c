"""The moderator's console: screens for staff at /staff/. They parse, call an action and render."""
