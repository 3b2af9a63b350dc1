//! The list of all cases, and what is made of it.

/// Makes a test of each case, in a module of each subject. `$open` names a function
/// without parameters, async or not, whose future yields
/// [`Ports`](crate::testing::conformance::Ports) over a fresh, empty store and a
/// guard that is held until the case has ended.
///
/// The crate that calls it needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! conformance_suite {
    ($open:path) => {
        $crate::conformance_suite! { @cases @tests $open }
    };
    // For the test that finds cases which are not listed.
    (@listed) => {
        $crate::conformance_suite! { @cases @sources }
    };
    (@cases @$made:ident $($open:path)?) => {
        $crate::conformance_suite! { @$made $($open)?;
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
            counts {
                an_empty_store_counts_none,
                users_with_and_without_the_trash,
                posts_with_and_without_the_trash,
                counts_follow_what_is_purged,
            }
            exports {
                an_empty_store_has_nothing_to_export,
                without_an_order_each_user_comes_once,
                without_an_order_each_post_comes_once,
                only_what_the_filter_means_is_exported,
                posts_come_a_bounded_weight_at_a_time,
                users_are_exported_as_they_were_whatever_changes_meanwhile,
                posts_are_exported_as_they_were_whatever_changes_meanwhile,
                exports_that_are_left_half_way_are_in_nobodys_way,
            }
            groups {
                an_empty_store_has_no_groups,
                the_most_frequent_role_comes_first_and_then_the_lesser_one,
                users_by_activity,
                only_users_that_the_filter_means_are_counted,
                the_busiest_author_comes_first_and_then_the_lesser_id,
                posts_by_publication,
                only_posts_that_the_filter_means_are_counted,
                a_thousand_groups_are_named_and_all_counted,
            }
            heavy_posts {
                the_longest_content_is_kept,
                a_page_ends_before_it_grows_too_heavy,
                a_page_may_weigh_exactly_the_limit,
                a_page_that_ended_early_leaves_out_no_lighter_post_that_follows,
                the_row_behind_a_full_page_weighs_nothing,
                what_is_skipped_weighs_nothing,
                what_is_in_the_trash_weighs_only_where_it_is_meant,
                find_many_of_too_heavy_posts_is_refused,
                find_many_may_weigh_exactly_the_limit,
                find_many_weighs_a_post_named_twice_once,
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
            }
            masks {
                of_one_user,
                of_many_users,
                of_listed_users,
                of_exported_users,
                of_users_that_a_search_finds,
                of_one_post,
                of_many_posts,
                of_listed_posts,
                of_exported_posts,
                of_posts_that_a_search_finds,
                of_the_newest_posts,
                users_are_listed_by_what_is_not_read,
                posts_are_listed_by_what_is_not_read,
            }
            page_places {
                skip_from_the_start,
                skip_from_the_end_in_descending_order,
                skip_counts_from_the_cursor,
                skip_past_the_end_is_an_empty_last_page,
                skip_counts_only_what_the_filter_means,
                skip_of_posts,
                what_is_inserted_between_pages_moves_nothing,
                what_is_purged_between_pages_moves_nothing,
                what_is_deleted_between_pages_moves_nothing,
                a_list_that_ends_after_its_page_was_read,
                what_is_changed_between_pages_moves_no_other,
                what_comes_and_goes_among_equals_moves_nothing,
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
            post_filters {
                fields_are_compared_with_values,
                an_absent_value_meets_neither_a_test_nor_its_opposite,
                an_author_in_the_trash_is_seen_only_where_that_is_meant,
                a_mention_is_looked_for_in_titles_and_contents,
                any_order_goes_with_a_filter,
                a_search_finds_only_what_the_filter_means,
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
            post_lookups {
                an_empty_store_finds_nothing,
                find_by_id,
                find_by_id_in_the_trash,
                find_many_finds_each_post_once,
                find_many_of_no_ids_finds_nothing,
                find_many_in_the_trash,
            }
            post_orders {
                by_every_field_both_ways,
                by_every_two_fields_in_all_directions,
                by_two_fields_in_mixed_directions,
                by_three_fields_in_mixed_directions,
                an_empty_content_is_ordered_as_an_absent_one,
                a_content_is_ordered_by_its_first_characters,
                the_cursor_holds_a_value_for_each_field,
                a_cursor_of_more_or_fewer_fields_is_refused,
                what_comes_and_goes_between_pages_moves_no_other,
            }
            post_pages {
                by_time_of_birth,
                by_time_of_change_and_the_never_changed_first,
                by_title_by_code_point,
                an_empty_list_is_one_empty_page,
                another_page_is_announced_exactly_when_there_is_one,
                the_cursor_is_the_place_of_the_last_row,
                a_cursor_of_another_order_is_refused,
            }
            post_searches {
                an_empty_store_finds_nothing,
                whole_words_of_titles_and_contents_are_found,
                all_words_are_to_be_found_in_title_and_content_together,
                words_in_quotes_stand_side_by_side,
                or_separates_alternatives,
                a_minus_leaves_out_what_says_the_word,
                words_in_paths_hosts_and_tags_are_words,
                the_letter_case_does_not_matter,
                a_query_without_words_finds_nothing,
                a_word_in_the_title_comes_before_one_in_the_content,
                the_newest_comes_first_among_equals,
                another_page_is_announced_exactly_when_there_is_one,
                the_cursor_holds_one_rank,
                rows_are_skipped_from_the_start_or_the_cursor,
                what_comes_and_goes_between_pages_moves_no_other,
                what_a_post_says_now_is_found,
                the_trash_is_searched_only_where_it_is_meant,
                a_cursor_of_a_list_is_refused,
            }
            post_snippets {
                the_snippet_marks_what_was_found,
                a_snippet_is_told_even_if_no_text_is_read,
                no_text_can_forge_a_mark,
                the_text_is_shown_as_it_was_written,
            }
            random_filters {
                of_users_mean_what_their_tests_say,
                of_posts_mean_what_their_tests_say,
            }
            random_imports {
                of_users_become_what_memory_makes_of_them,
                of_posts_become_what_memory_makes_of_them,
            }
            random_walks {
                of_users_meet_each_that_stays_once,
                of_posts_meet_each_that_stays_once,
            }
            relations {
                the_newest_come_first_and_the_greater_id_among_equals,
                each_author_is_answered_in_the_order_asked_for,
                the_trash_is_looked_at_where_it_is_meant,
                of_no_authors_there_is_nothing,
                of_the_posts_of_an_author_a_hundred_come_and_all_count,
                the_answer_may_weigh_exactly_the_limit,
                the_answer_ends_before_the_author_with_whom_it_weighs_too_much,
                an_author_without_posts_weighs_too,
                what_is_not_read_weighs_nothing,
                the_first_author_comes_with_as_many_posts_as_fit,
            }
            requests {
                an_answer_is_found_with_all_its_bytes,
                another_request_of_the_same_id_finds_the_record_of_the_first,
                a_claim_that_is_rolled_back_leaves_the_id_free,
                an_answer_needs_a_claim,
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
            searches {
                an_empty_store_finds_nobody,
                a_part_of_the_address_or_of_the_name_is_found,
                the_letter_case_does_not_matter,
                wildcards_are_taken_literally,
                a_short_query_finds_beginnings_only,
                the_best_match_comes_first_and_the_newest_among_equals,
                a_user_without_a_name_is_found_by_address,
                the_trash_is_searched_only_where_it_is_meant,
                another_page_is_announced_exactly_when_there_is_one,
                the_cursor_holds_the_rank,
                rows_are_skipped_from_the_start_or_the_cursor,
                what_comes_and_goes_between_pages_moves_nothing,
                a_cursor_of_a_list_is_refused,
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
            user_filters {
                text_is_compared_to_the_letter_case_but_in_addresses,
                times_ids_and_flags_are_compared_by_value,
                an_absent_value_meets_neither_a_test_nor_its_opposite,
                one_post_that_meets_the_test_is_enough,
                a_mention_is_looked_for_in_addresses_and_names,
                tests_are_joined_as_the_language_says,
                empty_lists_of_tests_mean_all_and_none,
                the_trash_is_looked_at_where_it_is_meant,
                any_order_and_place_goes_with_a_filter,
                a_search_finds_only_what_the_filter_means,
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
            user_lookups {
                an_empty_store_finds_nobody,
                find_by_id,
                find_by_id_in_the_trash,
                find_by_email_in_any_letter_case,
                find_by_email_prefers_the_living,
                find_by_email_in_the_trash_prefers_the_one_deleted_last,
                find_many_finds_each_user_once,
                find_many_of_no_ids_finds_nobody,
                find_many_in_the_trash,
                find_many_takes_a_thousand_ids,
                find_many_by_email_finds_each_user_once,
                find_many_of_no_emails_finds_nobody,
                find_many_by_email_prefers_as_find_by_email_does,
            }
            user_orders {
                by_every_field_both_ways,
                by_every_two_fields_in_all_directions,
                by_id,
                an_absent_value_comes_first_and_last_where_the_order_descends,
                by_two_fields_in_mixed_directions,
                by_three_fields_in_mixed_directions,
                equals_are_in_the_direction_of_the_last_field,
                the_cursor_holds_a_value_for_each_field,
                a_cursor_of_more_or_fewer_fields_is_refused,
                what_comes_and_goes_between_pages_moves_no_other,
            }
            user_pages {
                by_time_of_birth,
                by_time_of_change_and_the_never_changed_first,
                by_email_in_lower_case_by_code_point,
                by_time_to_the_microsecond,
                an_empty_list_is_one_empty_page,
                another_page_is_announced_exactly_when_there_is_one,
                the_cursor_is_the_place_of_the_last_row,
                a_cursor_of_another_order_is_refused,
            }
            weights {
                a_content_that_is_not_read_weighs_nothing,
                what_is_sent_with_each_post_weighs_in_a_list,
                what_is_sent_with_each_post_weighs_in_find_many,
                a_page_of_a_search_ends_before_it_grows_too_heavy,
                what_is_sent_with_each_post_weighs_in_a_search,
                a_snippet_weighs_what_its_text_can_make_it,
            }
        }
    };
    (@tests $open:path; $($subject:ident { $($case:ident,)* })*) => {
        $(
            mod $subject {
                use super::*;

                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        let (ports, _guard) = $open().await;
                        $crate::testing::conformance::$subject::$case(ports).await;
                    }
                )*
            }
        )*
    };
    (@sources; $($subject:ident { $($case:ident,)* })*) => {
        [$((
            stringify!($subject),
            [$(stringify!($case)),*].as_slice(),
            include_str!(concat!(stringify!($subject), ".rs")),
        )),*]
    };
}
