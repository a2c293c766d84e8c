"""Beside what platforms already run: one file, or one folder, a platform."""
