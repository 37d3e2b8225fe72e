"""The contracts tell broken stores from the reference: each is caught, and by the test that is about its fault."""

import inspect
from collections.abc import Mapping
from typing import Any

import pytest
from taskcore.ids import IdScheme
from taskcore.testing.contracts.abilities import WakeupContract
from taskcore.testing.contracts.changes import ChangesContract
from taskcore.testing.contracts.leadership import LeaderStoreContract
from taskcore.testing.contracts.notes import NotesContract
from taskcore.testing.contracts.presence import WorkerRegistryContract
from taskcore.testing.contracts.rearranging import RearrangingContract
from taskcore.testing.contracts.schedules import ScheduleStoreContract
from taskcore.testing.contracts.statistics import StatisticsStoreContract
from taskcore.testing.contracts.tasks import NumberedIdsContract, TaskStoreContract, TimeSortedIdsContract

from . import broken, broken_notes, broken_pages, broken_places
from .claims import broken_claims, holds


class HastyWakeupContract(WakeupContract):
    """Waits in vain for a shorter time: the stores here answer at once, as far as the machine lets them, or never."""

    soon = 2.0


TASKS = {
    broken.AttemptIsEnough: "a_fence_must_match_in_every_part",
    broken.CancelKills: "a_running_task_goes_on_until_its_worker_hears_of_it",
    broken.ClaimForgetsToCount: "a_worker_that_wakes_up_late_changes_nothing",
    broken.ClaimIgnoresLeases: "a_claimed_task_is_not_handed_out_again",
    broken.ClaimTakesWhatIsOverdue: "a_lease_that_runs_out_does_not_end_the_attempt",
    broken.DelayCountsFromTheWorkersClock: "a_delay_counts_from_now_by_the_clock_of_the_store",
    broken.FenceOutlivesTheAttempt: "a_worker_that_wakes_up_late_changes_nothing",
    broken.HandsOutTooEarly: "a_task_is_ready_when_its_instant_is_reached",
    broken.HandsOutWhatExpired: "a_task_that_is_past_its_expiry_is_not_handed_out",
    broken_pages.DueTasksAreStillScheduled: "a_scheduled_task_is_queued_from_the_instant_it_is_due",
    broken.KeysAreIgnored: "a_key_that_is_taken_is_answered_with_the_first_task",
    broken.KeysAreLookedUpBeforehand: "a_key_counts_within_a_batch_too",
    broken.LeaseOutlivesTheAttempt: "an_event_leads_where_the_table_says_and_ends_the_lease",
    broken_pages.PhasesAreIgnored: "each_phase_is_found_alone",
    broken.PagesByPosition: "pages_have_no_gaps_and_no_doubles_while_tasks_are_put_and_removed",
    broken.PruneLooksAtTheEndAlone: "an_active_task_is_never_removed",
    broken.PutStopsHalfway: "an_id_that_is_taken_refuses_the_whole_batch",
    broken.RanksByTime: "the_best_come_first_whatever_their_queue",
    broken.RecoverIgnoresRenewal: "a_lease_that_was_renewed_meanwhile_is_left_alone",
    broken.RefusalsAreLeftOut: "settle_answers_in_the_order_of_a_large_batch",
    broken.RenewIsTooStrict: "a_lease_that_ran_out_but_was_not_taken_back_is_held_again",
    broken.RepeatKeepsFailures: "failures_and_losses_are_counted",
    broken.ReplayForgetsThePast: "attempts_are_kept_through_every_return_and_replay",
    broken.ReplayResetsTheAttempt: "a_worker_that_wakes_up_late_changes_nothing",
    broken_pages.SpansHaveNoEnd: "a_span_begins_with_its_first_instant_and_ends_before_its_last",
    broken.StateIsEnough: "the_result_of_the_second_worker_stands",
    broken_pages.TextIsAPattern: "no_character_stands_for_others",
    broken_pages.TracesAreLost: "the_trace_stays_with_its_task_whatever_becomes_of_it",
    broken.UnfencedRenew: "the_result_of_the_second_worker_stands",
    broken.UnfencedReport: "the_result_of_the_second_worker_stands",
    broken.WorkerIsEnough: "a_worker_that_wakes_up_late_changes_nothing",
}
NUMBERS = {
    broken.NumbersSortAsText: "numbers_sort_as_numbers",
    broken.ReusesNumbers: "a_number_is_not_used_again",
}
SCHEDULES = {
    broken.SavingSeesNobody: "a_schedule_that_somebody_has_changed_is_not_replaced",
    broken.SavingStartsAgain: "saving_what_is_stored_already_changes_nothing",
    broken.StepsAreNotCounted: "a_step_is_made_once",
    broken.StepsMoveTheCursorFirst: "a_step_that_fails_leaves_nothing_behind",
    broken.VersionsStartAgain: "a_step_is_refused_also_when_its_schedule_was_added_again",
}
LEADERS = {
    broken.AnybodyResigns: "giving_back_what_others_hold_by_now_changes_nothing",
    broken.EpochsStartAgain: "a_lease_that_was_given_back_goes_to_the_next_at_once",
}
NOTES = {
    broken_notes.LastWriterWins: "only_who_knows_the_text_replaces_it",
    broken_notes.NotesStay: "a_text_that_nobody_replaces_is_gone_after_its_time",
    broken_notes.FirstTextStays: "only_who_knows_the_text_replaces_it",
}
WAKEUP = {
    broken.TellsOneWaiter: "every_waiter_is_told",
    broken.WaitsForNewsAlone: "work_that_is_there_already_is_noticed",
}

STATISTICS = {
    broken_pages.CountsTakeEachOthersPlace: "counts_of_any_number_of_handles_add_up",
    broken_pages.PruneIsTooEager: "counts_that_began_long_ago_are_removed_by_the_clock_of_the_store",
    broken_pages.SpansAreMixed: "what_differs_in_anything_is_counted_apart",
}
WORKERS = {
    broken_pages.NobodyIsForgotten: "who_is_silent_for_so_long_is_forgotten_when_another_is_seen",
    broken_pages.TheFirstWordStands: "the_last_word_of_a_worker_takes_the_place_of_the_one_before",
}
CHANGES = {
    broken_pages.LooksAreChanges: "reading_does_not_change_it",
    broken_pages.OnlyTasksCount: "schedules_controls_and_workers_change_it",
}
REARRANGING = {
    broken_places.KeysInUseAreReleased: "a_task_at_rest_gives_its_key_away_and_others_keep_theirs",
    broken_places.MovedTasksStayBehind: "a_moved_task_is_handed_out_from_its_new_queue_alone",
    broken_places.MovesWhatRuns: "only_what_is_pending_is_moved",
}

CONTRACTS: list[tuple[type, IdScheme, Mapping[Any, str]]] = [
    (TaskStoreContract, IdScheme.TIME_SORTED, TASKS),
    (NumberedIdsContract, IdScheme.NUMBERED, NUMBERS),
    (TimeSortedIdsContract, IdScheme.TIME_SORTED, {}),
    (ScheduleStoreContract, IdScheme.TIME_SORTED, SCHEDULES),
    (LeaderStoreContract, IdScheme.TIME_SORTED, LEADERS),
    (NotesContract, IdScheme.TIME_SORTED, NOTES),
    (HastyWakeupContract, IdScheme.TIME_SORTED, WAKEUP),
    (StatisticsStoreContract, IdScheme.TIME_SORTED, STATISTICS),
    (WorkerRegistryContract, IdScheme.TIME_SORTED, WORKERS),
    (ChangesContract, IdScheme.TIME_SORTED, CHANGES),
    (RearrangingContract, IdScheme.TIME_SORTED, REARRANGING),
]


@pytest.mark.parametrize(
    ("contract", "ids", "part", "claim"),
    [
        pytest.param(contract, ids, part, f"test_{claim}", id=part.__name__)
        for contract, ids, caught in CONTRACTS
        for part, claim in caught.items()
    ],
)
def test_a_broken_store_is_caught(contract: type, ids: IdScheme, part: type, claim: str) -> None:
    assert not holds(contract, claim, lambda clock: broken.open_with(part, clock, ids))


@pytest.mark.parametrize(("contract", "ids"), [(contract, ids) for contract, ids, _ in CONTRACTS])
def test_the_reference_store_is_not(contract: type, ids: IdScheme) -> None:
    assert [] == broken_claims(contract, lambda clock: broken.open_with(object, clock, ids))


def test_every_broken_store_is_tried() -> None:
    tried = {part for _, _, caught in CONTRACTS for part in caught}
    classes = [
        part
        for module in (broken, broken_notes, broken_pages, broken_places)
        for _, part in inspect.getmembers(module, inspect.isclass)
        if part.__module__ == module.__name__
    ]

    assert tried == set(classes)
