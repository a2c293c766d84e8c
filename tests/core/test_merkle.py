"""The Merkle tree: the RFC's own vectors, an oracle from its recursion, and proofs that cannot be bent."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core import merkle
from staydown.core.merkle import Frontier
from staydown.errors import ProofError

# The eight leaves and the roots over the first n of them, as certificate-transparency's reference tests have them.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [merkle.leaf_hash(bytes.fromhex(each)) for each in LEAVES]

leaf_lists = st.integers(0, 70).map(lambda size: [merkle.leaf_hash(bytes([each])) for each in range(size)])
sized = settings(max_examples=25, deadline=None)


def recursion(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word: the oracle."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + recursion(leaves[:split]) + recursion(leaves[split:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_the_roots_of_the_reference_tests(size: int) -> None:
    assert merkle.root_of(HASHES[:size]).hex() == ROOTS[size]


def test_the_proofs_of_the_reference_tests() -> None:
    path = [each.hex() for each in merkle.inclusion_proof(HASHES, 0, 8)]
    assert path == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    grown = [each.hex() for each in merkle.consistency_proof(HASHES, 6, 8)]
    assert grown == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@sized
@given(leaf_lists)
def test_the_frontier_has_the_root_of_the_recursion_at_every_size(leaves: list[bytes]) -> None:
    tree = Frontier()
    for size, leaf in enumerate(leaves, 1):
        tree = tree.append(leaf)
        assert tree.size == size
        assert len(tree.hashes) == size.bit_count()
    assert tree.root() == recursion(leaves)
    assert Frontier.from_bytes(tree.to_bytes()) == tree


@sized
@given(leaf_lists.filter(bool), st.data())
def test_every_leaf_is_proved_and_nothing_else_passes_for_it(leaves: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(leaves)))
    index = data.draw(st.integers(0, size - 1))
    root = merkle.root_of(leaves[:size])
    proof = merkle.inclusion_proof(leaves, index, size)
    assert len(proof) <= (size - 1).bit_length()
    merkle.verify_inclusion(leaves[index], index, size, proof, root)

    other = b"\xff" * 32
    bent = [
        (other, index, size, proof, root),
        (leaves[index], index, size, proof, other),
        (leaves[index], index, size, [*proof, other], root),
        (leaves[index], size, size, proof, root),
        (leaves[index], -1, size, proof, root),
    ]
    bent += [(leaves[index], index, size, proof[:-1], root)] if proof else []
    bent += [(leaves[index], each, size, proof, root) for each in range(size) if each != index]
    bent += [(leaves[index], index, size, [*proof[:at], other, *proof[at + 1 :]], root) for at in range(len(proof))]
    for case in bent:
        with pytest.raises(ProofError):
            merkle.verify_inclusion(*case)


@sized
@given(leaf_lists, st.data())
def test_growth_is_proved_and_rewriting_is_not(leaves: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(0, len(leaves)))
    old = data.draw(st.integers(0, size))
    root, old_root = merkle.root_of(leaves[:size]), merkle.root_of(leaves[:old])
    proof = merkle.consistency_proof(leaves, old, size)
    merkle.verify_consistency(old, old_root, size, root, proof)

    other = b"\xff" * 32
    bent = [
        (old, other, size, root, proof),
        (old, old_root, size, root, [*proof, other]),
        (size + 1, old_root, size, root, proof),
    ]
    bent += [(old, old_root, size, other, proof)] if old else []
    bent += [(old, old_root, size, root, proof[:-1])] if proof else []
    bent += [(old, old_root, size, root, [*proof[:at], other, *proof[at + 1 :]]) for at in range(len(proof))]
    for case in bent:
        with pytest.raises(ProofError):
            merkle.verify_consistency(*case)


def test_a_rewritten_leaf_breaks_consistency() -> None:
    rewritten = [HASHES[1], *HASHES[1:]]
    proof = merkle.consistency_proof(rewritten, 3, 8)
    with pytest.raises(ProofError):
        merkle.verify_consistency(3, merkle.root_of(HASHES[:3]), 8, merkle.root_of(rewritten), proof)


@pytest.mark.parametrize("old", [3, 4])
def test_an_empty_proof_shows_no_growth(old: int) -> None:
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, merkle.root_of(HASHES[:old]), 8, merkle.root_of(HASHES), [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (8, 8), (-1, 8), (0, 9)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        merkle.inclusion_proof(HASHES, index, size)


@pytest.mark.parametrize(("old", "size"), [(-1, 8), (5, 4), (0, 9)])
def test_there_is_no_proof_of_trees_that_are_not_there(old: int, size: int) -> None:
    with pytest.raises(ProofError):
        merkle.consistency_proof(HASHES, old, size)


def test_two_trees_of_one_size_are_only_consistent_when_they_are_one() -> None:
    merkle.verify_consistency(3, HASHES[0], 3, HASHES[0], [])
    with pytest.raises(ProofError):
        merkle.verify_consistency(3, HASHES[0], 3, HASHES[1], [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        b"\0" * 8 + b"x" * 31,
        b"\0" * 8 + b"x" * 32,  # a hash too many for an empty tree
        (1).to_bytes(8, "big"),  # a hash too few
        (2**63).to_bytes(8, "big") + b"x" * 32,  # larger than any log
    ],
)
def test_other_bytes_are_no_frontier(data: bytes) -> None:
    with pytest.raises(ProofError):
        Frontier.from_bytes(data)


def test_only_a_hash_is_appended() -> None:
    with pytest.raises(ProofError):
        Frontier().append(b"not a hash")
