"""Sets that links unite, against sets that are united by hand."""

from hypothesis import given
from hypothesis import strategies as st

from sightscan.chains import Chains

names = st.integers(0, 9).map(lambda number: bytes([number]))


@given(st.lists(st.tuples(names, names)))
def test_what_a_chain_of_links_binds_has_one_root(links: list[tuple[bytes, bytes]]) -> None:
    chains = Chains()
    sets = [{bytes([number])} for number in range(10)]
    for one, other in links:
        chains.link(one, other)
        united = [each for each in sets if one in each or other in each]
        sets = [each for each in sets if each not in united] + [set().union(*united)]
    roots = [{chains.root(name) for name in each} for each in sets]
    assert all(len(each) == 1 and each <= own for each, own in zip(roots, sets, strict=True))
