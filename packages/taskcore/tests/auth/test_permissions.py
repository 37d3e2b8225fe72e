"""Grants: what they allow, and what nobody can get out of them."""

from hypothesis import given
from hypothesis import strategies as st
from taskcore.auth.permissions import ADMIN, OPERATOR, ROLES, VIEWER, Grant, Kind, Verb, allowed, within
from taskcore.auth.principal import Principal

names = st.text(alphabet="ab*?[]-!.\n/", max_size=8)
patterns = st.one_of(st.just("*"), names)
grants = st.builds(Grant, st.frozensets(st.sampled_from(Verb)), st.one_of(st.none(), st.sampled_from(Kind)), patterns)
verbs, kinds = st.sampled_from(Verb), st.sampled_from(Kind)


def matches(pattern: str, name: str) -> bool:
    """What ``*`` and ``?`` mean, as plainly as can be."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return matches(pattern[1:], name) or (bool(name) and matches(pattern, name[1:]))
    return bool(name) and pattern[0] in ("?", name[0]) and matches(pattern[1:], name[1:])


@given(patterns, names)
def test_a_pattern_means_stars_and_question_marks_and_nothing_else(pattern: str, name: str) -> None:
    grant = Grant(frozenset({Verb.VIEW}), Kind.QUEUE, pattern)

    assert matches(pattern, name) == grant.allows(Verb.VIEW, Kind.QUEUE, name)
    assert not grant.allows(Verb.VIEW, Kind.PIPELINE, name)
    assert not grant.allows(Verb.DELETE, Kind.QUEUE, name)


few = st.sampled_from(["a", "ab", "a*", "?", "*"])
similar = st.builds(Grant, st.frozensets(st.sampled_from([Verb.VIEW, Verb.ADMIN])), st.none(), few)


several = st.lists(st.one_of(similar, grants), max_size=3)


@given(several, several, verbs, kinds, st.one_of(few, names))
def test_what_is_cut_to_a_limit_allows_nothing_that_either_does_not(
    some: list[Grant], limit: list[Grant], verb: Verb, kind: Kind, name: str
) -> None:
    if allowed(within(some, limit), verb, kind, name):
        assert allowed(some, verb, kind, name)
        assert allowed(limit, verb, kind, name)


@given(st.lists(grants, max_size=4))
def test_an_admin_may_hand_on_anything_and_everybody_what_they_have(some: list[Grant]) -> None:
    kept = tuple(grant for grant in some if grant.verbs)

    assert kept == within(some, ROLES[ADMIN])
    assert kept == within(some, some)


@given(st.lists(grants, max_size=4), verbs, kinds, names)
def test_who_may_it_here_may_it_somewhere(some: list[Grant], verb: Verb, kind: Kind, name: str) -> None:
    principal = Principal(id="7", name="ada", role="", grants=tuple(some))

    assert principal.may_anywhere(verb) or not principal.may(verb, kind, name)


def test_an_admin_of_one_queue_manages_no_users() -> None:
    chief = Principal(id="7", name="ada", role="", grants=(Grant(frozenset({Verb.ADMIN}), Kind.QUEUE, "video"),))

    assert chief.may(Verb.DELETE, Kind.QUEUE, "video")
    assert not chief.may(Verb.ADMIN)
    assert not chief.may(Verb.ADMIN, Kind.QUEUE, "video")
    assert not chief.may_anywhere(Verb.ADMIN)


def test_roles_are_as_their_names_say() -> None:
    may = {role: {verb for verb in Verb if Principal(id="7", name="a", role=role).may(verb)} for role in ROLES}

    assert {Verb.VIEW} == may[VIEWER]
    assert set(Verb) - {Verb.ADMIN, Verb.DELETE} == may[OPERATOR]
    assert set(Verb) == may[ADMIN]


def test_a_role_that_nobody_knows_allows_nothing() -> None:
    assert not any(Principal(id="7", name="a", role="root").may_anywhere(verb) for verb in Verb)
