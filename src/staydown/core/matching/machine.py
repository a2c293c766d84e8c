"""What the compiled loops ask of the processor beyond what numba offers: counting ones, asking memory ahead, and
comparing sixteen slots in one go.

Each is a few lines of LLVM's portable code, from which numba makes the best that the processor has: one instruction for
sixteen slots where there is AVX-512, four where there is NEON, and the same answer everywhere.
"""

from __future__ import annotations

from typing import Any, Final

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

LANES: Final = 16  # slots that are compared in one go; 64 bytes of them are a line of the cache
types: Final[Any] = numba.types

_BYTES: Final = ir.IntType(8).as_pointer()
_INT: Final = ir.IntType(32)
_SLOTS: Final = ir.VectorType(_INT, LANES)
_WORDS: Final = 4  # in a row
_ROWS: Final = ir.VectorType(ir.IntType(64), LANES)


def _popcount(typing_context: Any, word: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.ctpop(arguments[0])

    return word(word), generate


def _first_one(typing_context: Any, word: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return word(word), generate


def _prefetch(typing_context: Any, array: Any, place: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        kind = ir.FunctionType(ir.VoidType(), [_BYTES, _INT, _INT, _INT])
        insert: Any = cgutils.get_or_insert_function
        function = insert(builder.module, kind, "llvm.prefetch.p0")
        address = builder.bitcast(builder.gep(data, [arguments[1]]), _BYTES)
        # For reading, and into the second cache: it keeps twice as many loads under way as the first.
        builder.call(function, [address, _INT(0), _INT(2), _INT(1)])
        return context.get_dummy_value()

    return types.void(array, place), generate


def _near_slots(typing_context: Any, slots: Any, place: Any, asked: Any, limits: Any) -> Any:  # noqa: ARG001
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), _SLOTS.as_pointer())
        loaded = builder.load(address)
        loaded.align = 4
        differ = builder.xor(loaded, _in_each(builder, arguments[2]))
        rest, most_rest, whole, most_whole = (
            _in_each(builder, builder.extract_value(arguments[3], place)) for place in range(4)
        )
        insert: Any = cgutils.get_or_insert_function
        ones = insert(builder.module, ir.FunctionType(_SLOTS, [_SLOTS]), f"llvm.ctpop.v{LANES}i32")
        near = ir.Constant(ir.VectorType(ir.IntType(1), LANES), [1] * LANES)
        for mask, most in ((rest, most_rest), (whole, most_whole)):
            few = builder.icmp_unsigned("<=", builder.call(ones, [builder.and_(differ, mask)]), most)
            near = builder.and_(near, few)
        return builder.zext(builder.bitcast(near, ir.IntType(LANES)), ir.IntType(64))

    number = types.uint64
    return number(slots, number, number, limits), generate


def _near_rows(typing_context: Any, values: Any, place: Any, query: Any, radius: Any) -> Any:  # noqa: ARG001
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        loaded = builder.load(builder.bitcast(builder.gep(data, [arguments[1]]), _ROWS.as_pointer()))
        loaded.align = 8
        asked, most = ir.Constant(_ROWS, ir.Undefined), ir.Constant(_ROWS, ir.Undefined)
        for word in range(_WORDS):
            asked = builder.insert_element(asked, builder.extract_value(arguments[2], word), _INT(word))
        most = builder.insert_element(most, arguments[3], _INT(0))
        insert: Any = cgutils.get_or_insert_function
        ones = insert(builder.module, ir.FunctionType(_ROWS, [_ROWS]), f"llvm.ctpop.v{_ROWS.count}i64")
        bits = builder.call(ones, [builder.xor(loaded, _picked(builder, asked, [n % _WORDS for n in range(LANES)]))])
        for step in (1, 2):  # each word of a row comes to hold the sum of its words
            bits = builder.add(bits, _picked(builder, bits, [n ^ step for n in range(LANES)]))
        near = builder.icmp_unsigned("<=", bits, _picked(builder, most, [0] * LANES))
        return builder.zext(builder.bitcast(near, ir.IntType(LANES)), ir.IntType(64))

    number = types.uint64
    return number(values, number, query, number), generate


def _picked(builder: Any, vector: Any, lanes: list[int]) -> Any:
    """The numbers of a vector in another order."""
    return builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(_INT, len(lanes)), lanes))


def _in_each(builder: Any, number: Any) -> Any:
    """The lower half of a number in every lane."""
    nothing = ir.Constant(_SLOTS, ir.Undefined)
    one = builder.insert_element(nothing, builder.trunc(number, _INT), _INT(0))
    return builder.shuffle_vector(one, nothing, ir.Constant(_SLOTS, [0] * LANES))


popcount: Final[Any] = intrinsic(_popcount)
"""The number of ones in a word."""

first_one: Final[Any] = intrinsic(_first_one)
"""The place of the lowest one in a word."""

prefetch: Final[Any] = intrinsic(_prefetch)
"""Asks for ``array[place]``; harmless wherever it points."""

near_slots: Final[Any] = intrinsic(_near_slots)
"""Which of ``LANES`` slots from ``place`` are near, as bits of a word. ``limits`` are two masks, each followed by the
number of its bits in which a slot may differ from ``asked``. All ``LANES`` must lie in the array."""

near_rows: Final[Any] = intrinsic(_near_rows)
"""Not 0 if one of the four rows of ``values`` whose words begin at ``place`` differs from the four words of ``query``
in at most ``radius`` bits. All sixteen words must lie in the array."""
