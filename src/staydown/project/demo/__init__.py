"""The demo: the whole product, a pretend platform and free-licence photographs, telling one story."""
