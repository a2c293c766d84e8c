"""Takes intimate images shared without consent down, keeps their copies down, and proves it."""
