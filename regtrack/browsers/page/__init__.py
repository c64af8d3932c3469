"""The page of `regtrack browse`, as its server gives it out."""
