"""The screening node: may this be published?"""
