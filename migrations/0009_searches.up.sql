-- What is written goes into the indexes of searches many rows at once. Neither is read or made
-- anew: only what comes from now on differs.
alter index users_search_idx reset (fastupdate);
alter index users_search_idx set (gin_pending_list_limit = 128);
alter index posts_search_idx reset (fastupdate);
alter index posts_search_idx set (gin_pending_list_limit = 128);
