alter index users_search_idx reset (gin_pending_list_limit);
alter index users_search_idx set (fastupdate = off);
alter index posts_search_idx reset (gin_pending_list_limit);
alter index posts_search_idx set (fastupdate = off);

-- What still waits.
select gin_clean_pending_list('users_search_idx'), gin_clean_pending_list('posts_search_idx');
