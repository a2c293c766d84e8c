"""The public portal: the pages of a person who reports, and the hashing that happens on their own device."""
