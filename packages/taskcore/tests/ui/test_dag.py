"""The drawing of graphs: what it must never get wrong, whatever the graph."""

import itertools
from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from taskcore.errors import InvalidInput
from taskcore.ui.dag import GAP_Y, Layout, layout, topological

Edges = list[tuple[str, str]]


def a_graph(size: int, seed: int = 7) -> tuple[list[str], Edges]:
    """A random graph without cycles whose edges are mostly short."""
    random = Random(seed)
    nodes = [f"n{number}" for number in range(size)]
    edges = [
        (nodes[random.randrange(max(0, target - 12), target)], nodes[target])
        for target in range(1, size)
        for _ in range(random.choice([1, 1, 2]))
    ]
    return nodes, edges


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], Edges]:
    size = draw(st.integers(0, 25))
    nodes = [str(number) for number in range(size)]
    pairs = [(a, b) for b in range(size) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=60)) if pairs else []
    return nodes, [(nodes[a], nodes[b]) for a, b in chosen]


def assert_sound(drawn: Layout, edges: Edges) -> None:
    boxes = {box.id: box for box in drawn.boxes}
    by_layer: dict[int, list[tuple[float, float]]] = {}
    for box in drawn.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= drawn.width
        assert box.y + box.height <= drawn.height
        by_layer.setdefault(box.layer, []).append((box.y, box.y + box.height))
    for spans in by_layer.values():
        spans.sort()
        assert all(upper[1] + GAP_Y - 1 <= lower[0] for upper, lower in itertools.pairwise(spans))
    assert {(line.source, line.target) for line in drawn.lines} == set(edges)
    for line in drawn.lines:
        source, target = boxes[line.source], boxes[line.target]
        xs = [x for x, _ in line.points]
        assert xs == sorted(xs)
        assert line.points[0] == (source.x + source.width, source.y + source.height / 2)
        assert line.points[-1] == (target.x, target.y + target.height / 2)


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_boxes_never_overlap_and_edges_go_right_from_box_to_box(graph: tuple[list[str], Edges]) -> None:
    nodes, edges = graph

    assert_sound(layout(nodes, edges), edges)


def test_the_same_graph_gives_the_same_drawing() -> None:
    assert layout(*a_graph(60)) == layout(*a_graph(60))


def test_three_hundred_nodes_are_placed_in_half_a_second() -> None:
    nodes, edges = a_graph(300)
    begun = process_time()

    drawn = layout(nodes, edges)

    assert process_time() - begun < 0.5
    assert_sound(drawn, edges)


def test_a_chain_is_a_straight_line() -> None:
    drawn = layout(["a", "b", "c"], [("a", "b"), ("b", "c")])

    assert 1 == len({box.y for box in drawn.boxes})
    assert [0, 1, 2] == [box.layer for box in drawn.boxes]


def test_edges_to_unknown_nodes_are_left_out() -> None:
    assert () == layout(["a"], [("a", "gone"), ("gone", "a")]).lines


def test_no_nodes_give_an_empty_drawing() -> None:
    assert () == layout([], []).boxes


def test_nodes_are_sorted_so_that_each_follows_what_it_needs() -> None:
    assert ["c", "b", "a"] == topological(["a", "b", "c"], [("c", "b"), ("b", "a")])


def test_a_cycle_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"a -> b -> a|b -> a -> b"):
        layout(["a", "b"], [("a", "b"), ("b", "a")])


def test_a_node_named_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="once"):
        layout(["a", "a"], [])
