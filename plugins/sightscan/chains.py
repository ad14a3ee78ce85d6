"""What is linked with what, by whatever chain of links: disjoint sets, which links unite."""


class Chains:
    """Sets of names; a name that nothing is linked with is a set of its own."""

    def __init__(self) -> None:
        """Know no links yet."""
        self._parents: dict[bytes, bytes] = {}

    def link(self, one: bytes, other: bytes) -> None:
        """Unite the sets of two names."""
        self._parents[self.root(other)] = self.root(one)

    def root(self, name: bytes) -> bytes:
        """Return the name that stands for the set of a name, until another link is made."""
        while (parent := self._parents.setdefault(name, name)) != name:
            self._parents[name] = name = self._parents[parent]
        return name
