"""What is missing or unsafe in an install, in plain words. Looks; changes nothing."""
