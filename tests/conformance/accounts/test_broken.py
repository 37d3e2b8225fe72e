"""The contract tells broken stores of accounts from the reference, each by the test that is about its fault."""

import inspect

import pytest
from taskcore.testing.contracts.accounts import AccountStoreContract

from tests.conformance.claims import broken_claims, holds

from . import broken

CAUGHT = {
    broken.AdminsInNameAlone: "the_last_admin_stays_one",
    broken.AnyPasswordWillDo: "nobody_else_logs_in_with_it",
    broken.BusySessionsNeverEnd: "it_is_over_at_its_end_however_busy_it_is",
    broken.CountsAdminsFirst: "of_two_admins_who_demote_each_other_one_is_refused",
    broken.DisablingIsNoLoss: "the_last_admin_stays_one",
    broken.FirstIsWhoAsks: "of_many_first_users_one_is_the_first",
    broken.GraceProlongs: "grace_does_not_prolong_a_key",
    broken.LateHashesWin: "a_rehash_keeps_the_date_and_loses_to_a_new_password",
    broken.LatePasswordsWin: "a_password_that_was_changed_meanwhile_is_not_changed_again",
    broken.LeavesKeysBehind: "a_removed_user_has_no_sessions_and_no_good_keys",
    broken.LeavesSessionsBehind: "no_session_outlives_its_user",
    broken.LettersMatter: "a_name_that_differs_in_letters_alone_is_taken",
    broken.LooksBeforeItLeaps: "of_many_who_take_a_name_at_the_same_time_one_gets_it",
    broken.OneFilterIsEnough: "filters_are_all_met",
    broken.PagesByPosition: "a_page_goes_on_behind_the_last_entry_whatever_is_added",
    broken.PasswordsHaveNoDate: "a_new_password_is_dated",
    broken.PrunesByAge: "pruning_removes_what_ended_long_ago",
    broken.PrunesTheNewest: "pruning_removes_the_oldest",
    broken.RevokedKeysOpen: "a_revoked_key_is_listed_and_not_found",
    broken.SilenceIsForever: "silence_ends_it_and_a_touch_prolongs_it",
    broken.TouchesBringBack: "a_touch_does_not_bring_back_what_was_ended",
    broken.WritesWholeUsers: "a_change_changes_what_it_names_alone",
}


@pytest.mark.parametrize(("part", "claim"), CAUGHT.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_a_broken_store_is_caught(part: type, claim: str) -> None:
    assert not holds(AccountStoreContract, f"test_{claim}", lambda clock: broken.open_with(part, clock))


def test_the_reference_store_is_not() -> None:
    assert [] == broken_claims(AccountStoreContract, lambda clock: broken.open_with(object, clock))


def test_every_broken_store_is_tried() -> None:
    classes = [part for _, part in inspect.getmembers(broken, inspect.isclass)]

    assert set(CAUGHT) == {part for part in classes if part.__module__ == broken.__name__}
