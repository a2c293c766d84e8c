"""Commands for whoever runs the install."""
