//! The cases of what only reads.

/// The cases, by subject, for [`conformance_suite`](crate::conformance_suite).
#[macro_export]
macro_rules! conformance_reads {
    (@$made:ident $($open:path)?) => {
        $crate::conformance_suite! { @$made $($open)?;
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
            post_filters {
                fields_are_compared_with_values,
                an_absent_value_meets_neither_a_test_nor_its_opposite,
                an_author_in_the_trash_is_seen_only_where_that_is_meant,
                a_mention_is_looked_for_in_titles_and_contents,
                any_order_goes_with_a_filter,
                a_search_finds_only_what_the_filter_means,
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
                the_first_pages_of_authors_are_those_of_their_lists,
                a_first_page_that_is_heavy_is_left_out_alone,
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
}
