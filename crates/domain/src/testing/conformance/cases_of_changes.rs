//! The cases of what changes something.

/// The cases, by subject, for [`conformance_suite`](crate::conformance_suite).
#[macro_export]
macro_rules! conformance_changes {
    (@$made:ident $($open:path)?) => {
        $crate::conformance_suite! { @$made $($open)?;
            audit {
                what_was_kept_is_listed_as_it_was_noted,
                of_one_unit_what_was_noted_last_comes_first,
                each_is_kept_as_done_by_its_own_origin,
                what_was_noted_of_no_origin_is_not_kept,
                a_unit_that_is_rolled_back_leaves_no_event,
                a_savepoint_that_is_undone_leaves_no_event,
                what_was_noted_and_not_kept_is_not_committed,
                pages_meet_each_event_once,
                a_filter_tells_events_apart,
                what_is_swept_is_noted_and_noted_as_done_by_byline,
                events_go_when_their_time_has_come_and_not_before,
            }
            audit_batches {
                each_of_many_has_an_event_in_the_order_in_which_they_were_made,
                what_was_made_by_others_or_otherwise_is_told_apart,
                a_filter_finds_one_of_many,
                pages_meet_each_of_many_once,
                a_page_can_skip_some_of_many,
                many_go_when_their_time_has_come_and_not_before,
                ids_of_events_are_never_those_of_others,
            }
            batches_at_once {
                users_held_in_any_order_are_never_in_each_others_way,
                users_held_for_share_and_for_update_are_never_in_each_others_way,
                of_8_updates_of_the_same_users_in_any_order_one_wins,
                of_8_inserts_of_the_same_addresses_each_is_had_once,
                posts_held_in_any_order_are_never_in_each_others_way,
                of_8_updates_of_the_same_posts_in_any_order_one_wins,
                of_8_inserts_of_the_same_posts_in_any_order_one_wins,
            }
            concurrency {
                of_64_inserts_of_one_email_one_wins,
                of_8_inserts_of_one_id_one_wins,
                of_8_updates_to_one_email_one_wins,
                of_8_updates_of_one_version_one_wins,
                of_8_increments_of_a_user_none_is_lost,
                of_8_increments_of_a_post_none_is_lost,
                an_author_held_for_share_is_not_deleted_meanwhile,
                of_an_author_purged_meanwhile_no_post_is_kept,
            }
            credentials {
                what_is_kept_is_found_with_its_user,
                a_user_without_a_password_is_found_without_one,
                in_the_trash_it_is_kept_and_found_by_id_alone,
                what_is_put_takes_the_place_of_what_was_kept,
                nothing_is_kept_of_a_unit_that_is_not_committed,
                of_nobody_nothing_is_kept,
                it_is_replaced_only_if_it_is_still_what_it_was,
                it_goes_with_the_user_for_good,
                it_goes_with_a_user_who_is_swept,
                a_new_password_begins_without_failures,
            }
            imports {
                rows_come_in_any_number_of_parts,
                without_rows_nothing_becomes_of_them,
                nothing_is_kept_of_a_unit_that_is_not_committed,
                what_is_not_applied_is_not_kept,
                rows_are_settled_again_after_a_savepoint_was_undone,
                of_8_imports_of_the_same_users_in_any_order_each_is_made_once,
                of_8_imports_that_change_one_user_none_is_lost,
                an_author_of_imported_posts_is_not_deleted_meanwhile,
                each_row_that_is_made_or_changed_leaves_its_event,
                events_of_many_rows_are_in_the_order_of_the_rows,
            }
            post_batches {
                insert_many_keeps_every_field,
                insert_many_tells_of_each_what_is_wrong_and_leaves_the_unit_usable,
                insert_many_means_what_inserting_one_by_one_means,
                a_thousand_are_inserted_found_and_updated,
                find_heads_finds_each_once_and_sees_the_trash_and_the_changes_of_the_unit,
                nothing_is_done_for_none,
                already_say_compares_to_the_last_character,
                update_many_replaces_what_is_given_but_no_author_and_no_birth,
                update_many_of_one_stale_version_changes_none_and_leaves_the_unit_usable,
                what_a_rewritten_post_says_is_found,
            }
            post_changes {
                insert_keeps_every_field,
                insert_of_a_taken_id_leaves_the_unit_usable,
                insert_of_an_id_in_the_trash,
                insert_without_an_author_leaves_the_unit_usable,
                insert_for_an_author_of_the_same_unit,
                insert_for_an_author_purged_in_the_same_unit,
                insert_for_an_author_in_the_trash,
                update_replaces_every_field_but_the_author,
                update_keeps_the_time_of_birth,
                update_of_a_stale_version_leaves_the_unit_usable,
                update_of_nothing_is_stale,
                locked_reads_see_the_trash_and_the_changes_of_the_unit,
                has_living_minds_neither_the_trash_nor_others,
                purge_removes_the_post_alone,
                purge_of_nothing,
            }
            post_imports {
                what_meets_nothing_is_made_as_it_was,
                what_is_missing_is_as_if_it_were_made_now,
                what_went_into_the_trash_with_its_author_comes_back_with_the_author,
                a_post_that_is_met_is_a_problem_or_passed_over,
                what_the_row_has_is_changed_now_and_nothing_else,
                what_is_as_the_row_says_already_is_left_unchanged,
                neither_an_author_nor_the_trash_is_changed,
                a_post_needs_a_title_and_an_author_who_lives_if_it_does,
            }
            post_contents {
                are_found_in_the_order_asked,
                of_posts_that_are_only_held_none_is_read,
                as_many_are_read_as_an_answer_holds,
            }
            random_imports {
                of_users_become_what_memory_makes_of_them,
                of_posts_become_what_memory_makes_of_them,
            }
            requests {
                an_answer_is_found_with_all_its_bytes,
                another_request_of_the_same_id_finds_the_record_of_the_first,
                a_claim_that_is_rolled_back_leaves_the_id_free,
                an_answer_is_kept_for_a_day_from_when_it_was_given,
                an_answer_needs_a_claim,
                many_are_claimed_as_each_is,
                of_no_requests_nothing_is_asked,
                what_is_given_up_is_free_for_others,
                of_many_answers_each_needs_a_claim,
                a_savepoint_undoes_nothing_of_the_claim,
                of_8_at_once_one_makes_the_change_and_all_find_its_answer,
            }
            savepoints {
                commit_gives_the_changes_to_the_outer_unit,
                the_inner_unit_sees_the_changes_of_the_outer,
                rollback_undoes_the_inner_changes_alone,
                drop_undoes_the_inner_changes_alone,
                a_drop_right_before_the_outer_commit,
                a_drop_right_before_another_savepoint,
                rollback_of_the_outer_unit_undoes_what_the_inner_committed,
                drop_of_the_outer_unit_undoes_what_the_inner_committed,
                three_deep_and_all_committed,
                three_deep_and_the_middle_rolled_back,
                three_deep_and_all_dropped,
                an_inner_error_leaves_both_units_usable,
                an_inner_error_and_rollback_leave_the_outer_unit_usable,
                a_drop_after_an_error_right_before_the_outer_commit,
                rollback_restores_what_was_updated_and_purged,
            }
            sweeping {
                an_empty_store_has_nothing_to_sweep,
                posts_go_when_their_time_has_come_and_not_before,
                users_go_when_their_time_has_come_and_not_before,
                what_has_been_due_for_longest_goes_first,
                no_more_go_at_once_than_the_limit,
                posts_go_with_an_author_who_is_due_whatever_their_own_time,
                a_user_stays_until_the_last_post_is_gone,
                what_came_back_is_not_swept,
            }
            throttles {
                after_five_failures_each_doubles_the_wait,
                a_wait_ends_to_the_microsecond_however_often_it_is_tried,
                failures_are_forgotten_an_hour_after_the_wait,
                accounts_are_told_apart_and_addresses_in_no_letter_case,
                what_is_given_back_was_no_failure,
                a_caller_waits_for_the_end_of_the_minute_and_keeps_nobody_else_waiting,
                a_caller_who_waits_makes_nothing_to_be_kept,
                what_is_forgotten_is_swept_and_nothing_else,
                of_50_at_once_no_more_are_counted_than_one_after_the_other,
                those_that_are_taken_and_given_back_at_once_are_in_nobodys_way,
            }
            transactions {
                nothing_is_seen_before_commit_and_all_after,
                rollback_undoes_all,
                drop_rolls_back,
                a_unit_without_changes_commits,
                units_follow_each_other,
            }
            transfers {
                all_living_posts_are_given_and_no_others,
                only_posts_that_the_filter_means_are_given,
                the_oldest_are_given_first_and_no_more_than_the_limit,
                a_transfer_goes_on_after_the_last_that_was_given,
                what_comes_before_the_place_is_not_given,
                nothing_is_given_to_oneself,
                what_was_given_is_found_as_before,
            }
            trash {
                all_living_posts_of_the_author_go_along,
                a_post_that_is_ahead_of_the_clock_goes_at_its_own_time,
                what_went_along_comes_back_and_nothing_else,
                what_was_purged_meanwhile_does_not_come_back,
                a_post_made_again_under_an_id_that_went_along_did_not,
                a_post_that_came_back_by_itself_goes_by_itself,
                a_post_that_is_changed_in_the_trash_still_comes_back,
                a_post_that_came_back_goes_along_again,
                what_is_rolled_back_did_not_go_along,
                authors_of_living_posts_are_told_once,
            }
            fresh_posts {
                insert_fresh_keeps_every_field,
                fresh_posts_go_with_what_is_undone,
                what_is_in_the_way_of_fresh_posts_keeps_all_of_them_out,
            }
            user_batches {
                insert_many_keeps_every_field,
                insert_many_tells_of_each_what_is_taken_and_leaves_the_unit_usable,
                insert_many_gives_an_address_to_the_first_who_lives,
                insert_many_gives_an_id_to_the_first_who_can_be_inserted,
                insert_many_means_what_inserting_one_by_one_means,
                a_thousand_are_inserted_found_and_updated,
                find_many_finds_each_once_and_sees_the_trash_and_the_changes_of_the_unit,
                nothing_is_done_for_none,
                addresses_are_found_in_any_letter_case,
                update_many_replaces_every_field_but_the_time_of_birth,
                update_many_of_one_stale_version_changes_none_and_leaves_the_unit_usable,
                update_many_to_a_taken_address_is_contention,
                update_many_minds_no_address_in_the_trash_and_no_letter_case,
            }
            user_changes {
                insert_keeps_every_field,
                insert_of_a_taken_id_leaves_the_unit_usable,
                insert_of_a_taken_email_leaves_the_unit_usable,
                insert_of_an_email_taken_in_the_same_unit,
                insert_of_an_email_in_the_trash,
                insert_of_an_id_in_the_trash,
                insert_of_a_purged_id_and_email,
                update_replaces_every_field,
                update_keeps_the_time_of_birth,
                update_of_a_stale_version_leaves_the_unit_usable,
                update_of_nobody_is_stale,
                update_to_a_taken_email_leaves_the_unit_usable,
                update_of_the_letter_case_of_the_own_email,
                update_to_an_email_in_the_trash,
                undelete_with_a_taken_email_leaves_the_unit_usable,
                an_update_in_the_trash_minds_no_email,
                locked_reads_see_the_trash_and_the_changes_of_the_unit,
                purge_removes_the_user_with_all_posts,
                purge_of_a_user_in_the_trash,
                purge_of_nobody,
            }
            user_imports {
                what_meets_nothing_is_made_as_it_was,
                what_is_missing_is_as_if_it_were_made_now,
                a_user_who_is_met_is_a_problem_where_none_may_be,
                an_address_is_taken_from_a_new_id_but_not_into_the_trash,
                whoever_is_met_stays_as_they_are_where_rows_are_passed_over,
                what_the_row_has_is_changed_now_and_nothing_else,
                whoever_is_as_the_row_says_already_is_left_unchanged,
                the_trash_is_neither_changed_nor_filled_by_a_change,
                an_address_is_taken_even_if_another_row_gives_it_up,
                a_row_that_repeats_an_earlier_one_is_passed_over_or_a_problem,
                nobody_is_made_without_an_address,
                of_many_problems_the_first_are_named_and_all_counted,
            }
        }
    };
}
