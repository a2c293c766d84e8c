"""The portal's views."""
